#!/bin/sh
# Stops a service of the node; one that was never added is stopped, too.
# Inputs: SERVICE.

supervisorctl stop "$SERVICE" && exit
supervisorctl status "$SERVICE" | grep -q 'no such process'
