#!/bin/sh -e
# Notes on the node what a site wants to be noted.
# Inputs: TEXT.

printf '%s\n' "$TEXT" >> "$NODE_ROOT/var/log/site-notes"
