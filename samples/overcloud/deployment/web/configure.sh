#!/bin/sh -e
# Makes a release of the web service a service of the node.
# Inputs: RELEASE.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/var/lib/web" "$NODE_ROOT/var/log"

cat > "$etc/web.new" <<END
[program:web]
command=python3 "$NODE_ROOT/opt/web/release-$RELEASE.py"
environment=NODE_NAME="$NODE_NAME",NODE_ADDRESS="$NODE_ADDRESS",NODE_ROOT="$NODE_ROOT"
autorestart=true
stopwaitsecs=40
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/web.log
END
mv "$etc/web.new" "$etc/web.conf"
