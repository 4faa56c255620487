#!/bin/sh -e
# Makes a release of the web service a service of the node.
# Inputs: RELEASE; DATABASE, an address; secret: PASSWORD.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/etc/web" "$NODE_ROOT/var/log"

(umask 077 && cat > "$NODE_ROOT/etc/web/database.new") <<END
[client]
host = $DATABASE
user = web
password = $PASSWORD
database = web
END
mv "$NODE_ROOT/etc/web/database.new" "$NODE_ROOT/etc/web/database.cnf"

cat > "$etc/web.new" <<END
[program:web]
command=python3 "$NODE_ROOT/opt/web/release-$RELEASE.py"
environment=NODE_NAME="$NODE_NAME",NODE_ADDRESS="$NODE_ADDRESS",DATABASE="$NODE_ROOT/etc/web/database.cnf"
autorestart=true
stopwaitsecs=40
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/web.log
END
mv "$etc/web.new" "$etc/web.conf"
