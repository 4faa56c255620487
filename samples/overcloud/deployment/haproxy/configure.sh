#!/bin/sh -e
# Writes HAProxy's configuration and makes it a service of the node.
# Inputs: SERVICES, each as NAME:PORT:SERVERS_PORT:HEALTH_PATH; SERVERS and
# ADDRESSES, the names and addresses of those that run them; TIMEOUT, seconds
# that one of them may take to answer.

etc=$NODE_ROOT/etc
mkdir -p "$etc/haproxy" "$etc/services.d" "$NODE_ROOT/var/log"

# No retries: a request that fails shall be seen, not sent twice. A check
# costs a server as much as a request does, and each load balancer makes its
# own: they are frequent only where the state changes.
{
    cat <<END
global
    stats socket ipv4@$NODE_ADDRESS:9000 level admin

defaults
    mode http
    retries 0
    no option redispatch
    option http-server-close
    timeout connect 2s
    timeout client 30s
    timeout server ${TIMEOUT}s
    timeout check 5s
END
    for service in $SERVICES; do
        IFS=: read -r name port servers_port health <<END
$service
END
        cat <<END

frontend $name
    bind $NODE_ADDRESS:$port
    monitor-uri /haproxy-alive
    default_backend $name

backend $name
    option httpchk GET $health
    default-server check inter 1s fastinter 200ms downinter 200ms rise 1 fall 2
END
        set -- $ADDRESSES
        for server in $SERVERS; do
            echo "    server $server $1:$servers_port"
            shift
        done
    done
} > "$etc/haproxy/haproxy.cfg.new"

/usr/sbin/haproxy -c -q -f "$etc/haproxy/haproxy.cfg.new"
mv "$etc/haproxy/haproxy.cfg.new" "$etc/haproxy/haproxy.cfg"

# USR1 lets requests in flight end. The master process (-W) stays when its
# configuration is reloaded, and hands its listening sockets on.
cat > "$etc/services.d/haproxy.new" <<END
[program:haproxy]
command=/usr/sbin/haproxy -W -db -f "$etc/haproxy/haproxy.cfg"
stopsignal=USR1
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/haproxy.log
END
mv "$etc/services.d/haproxy.new" "$etc/services.d/haproxy.conf"
