#!/bin/sh -e
# Notes on the node that a step was carried out.
# Inputs: SERVICE, STEP, TOKEN.

printf '%s %s\n' "$STEP" "$TOKEN" >> "$NODE_ROOT/var/log/$SERVICE-notes"
