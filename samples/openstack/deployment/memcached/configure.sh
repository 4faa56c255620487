#!/bin/sh -e
# Makes memcached a service of the node.
# Inputs: MEGABYTES.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/var/log"

cat > "$etc/memcached.new" <<END
[program:memcached]
command=memcached -l $NODE_ADDRESS -p 11211 -m $MEGABYTES -u $(id -un)
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/memcached.log
END
mv "$etc/memcached.new" "$etc/memcached.conf"
