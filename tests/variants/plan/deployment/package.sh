# Makes a release of the store a service of the node.
# Inputs: RELEASE, PROGRAM, SHARED_ADDRESS.

etc=$NODE_ROOT/etc/services.d
mkdir -p "$etc" "$NODE_ROOT/opt" "$NODE_ROOT/var/log"
printf '%s\n' "$PROGRAM" > "$NODE_ROOT/opt/store-$RELEASE.py"

cat > "$etc/store.new" <<END
[program:store]
command=python3 "$NODE_ROOT/opt/store-$RELEASE.py" "$RELEASE" "$NODE_ADDRESS" "$SHARED_ADDRESS"
environment=NODE_ROOT="$NODE_ROOT"
autorestart=true
redirect_stderr=true
stdout_logfile=$NODE_ROOT/var/log/store.log
END
mv "$etc/store.new" "$etc/store.conf"
