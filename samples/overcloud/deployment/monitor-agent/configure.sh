#!/bin/sh -e
# Makes the agent a service of the node.
# Inputs: RELEASE, INTERVAL; secret: TOKEN, which /load asks for.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/var/log"

(umask 077 && printf %s "$TOKEN" > "$NODE_ROOT/etc/monitor-agent.token")

cat > "$etc/monitor-agent.new" <<END
[program:monitor-agent]
command=python3 "$NODE_ROOT/opt/monitor-agent/agent.py"
environment=NODE_ADDRESS="$NODE_ADDRESS",RELEASE="$RELEASE",INTERVAL="$INTERVAL",TOKEN_FILE="$NODE_ROOT/etc/monitor-agent.token"
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/monitor-agent.log
END
mv "$etc/monitor-agent.new" "$etc/monitor-agent.conf"
