#!/bin/sh
# Takes a service that was stopped from the node, for good.
# Inputs: SERVICE.

rm -f "$NODE_ROOT/etc/services.d/$SERVICE.conf"
supervisorctl update "$SERVICE" && exit
supervisorctl status "$SERVICE" | grep -q 'no such process'
