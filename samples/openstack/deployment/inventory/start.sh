#!/bin/sh -e
# Starts the reporter. What was reported before proves nothing any more.

# The node may have been switched on again since it was stopped, with the old
# code.
supervisorctl stop inventory || true
rm -f "$NODE_ROOT/var/lib/inventory/reported"

# An update starts what is new or changed, a start what is only stopped.
supervisorctl update inventory
supervisorctl start inventory
