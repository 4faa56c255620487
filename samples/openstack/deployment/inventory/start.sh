#!/bin/sh -e
# Starts the reporter. What was reported before proves nothing any more.

rm -f "$NODE_ROOT/var/lib/inventory/reported"

# An update starts what is new or changed, a start what is only stopped.
supervisorctl update inventory
supervisorctl start inventory
