# Makes a release of the store a service of the node.
# Inputs: RELEASE, PROGRAM.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/opt" "$NODE_ROOT/var/log"
printf '%s\n' "$PROGRAM" > "$NODE_ROOT/opt/store-$RELEASE.py"

cat > "$etc/store.new" <<END
[program:store]
command=python3 "$NODE_ROOT/opt/store-$RELEASE.py" "$RELEASE"
environment=NODE_ROOT="$NODE_ROOT",NODE_ADDRESS="$NODE_ADDRESS"
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/store.log
END
mv "$etc/store.new" "$etc/store.conf"
