
# Makes the service one of the node's, after its configure.sh, in whose script
# this is. Further inputs: SERVICE; PORT; APPLICATION, of WSGI.

# gunicorn gets no arguments, as the service would read them as its own.
cat > "$etc/gunicorn.conf.py" <<END
bind = '$NODE_ADDRESS:$PORT'
wsgi_app = '$APPLICATION'
worker_class = 'gthread'
threads = 8
graceful_timeout = 30
control_socket_disable = True
END

mkdir -p "$NODE_ROOT/etc/services.d" "$NODE_ROOT/var/log"
cat > "$NODE_ROOT/etc/services.d/$SERVICE.new" <<END
[program:$SERVICE]
command=$NODE_ROOT/opt/$SERVICE/current/bin/gunicorn
directory=$etc
environment=OS_KEYSTONE_CONFIG_DIR="$etc",OS_PLACEMENT_CONFIG_DIR="$etc"
autorestart=true
stopwaitsecs=40
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/$SERVICE.log
END
mv "$NODE_ROOT/etc/services.d/$SERVICE.new" \
    "$NODE_ROOT/etc/services.d/$SERVICE.conf"
