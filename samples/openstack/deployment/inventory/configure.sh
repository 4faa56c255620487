#!/bin/sh -e
# Writes the reporter's configuration and makes it a service of the node.
# Inputs: CONTROLLERS, addresses; secret: PASSWORD, of Placement's account in
# Keystone.

umask 077
etc=$NODE_ROOT/etc
mkdir -p "$etc/inventory" "$etc/services.d" \
    "$NODE_ROOT/var/lib/inventory" "$NODE_ROOT/var/log"

cat > "$etc/inventory/inventory.new" <<END
[placement]
controllers = $CONTROLLERS
username = placement
password = $PASSWORD
END
mv "$etc/inventory/inventory.new" "$etc/inventory/inventory.conf"

cat > "$etc/services.d/inventory.new" <<END
[program:inventory]
command=python3 "$NODE_ROOT/opt/inventory/report.py"
environment=NODE_NAME="$NODE_NAME",NODE_ROOT="$NODE_ROOT"
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/inventory.log
END
mv "$etc/services.d/inventory.new" "$etc/services.d/inventory.conf"
