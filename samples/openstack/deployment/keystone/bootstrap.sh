
# Makes the first accounts, after manage.sh, in whose script this is: the
# administrator's, and that of Placement, which asks Keystone about tokens.
# It runs once, and again where a password is another one. In the catalogue,
# Keystone is at the first node; a larger cloud has an address of its own.
# Further inputs: secrets: ADMIN_PASSWORD, PLACEMENT_PASSWORD.

umask 077
marker=$NODE_ROOT/var/lib/keystone/bootstrapped
mkdir -p "$NODE_ROOT/var/lib/keystone"
url=http://$NODE_ADDRESS:5000/v3
wanted=$(printf '%s ' "$url" "$ADMIN_PASSWORD" "$PLACEMENT_PASSWORD" |
    sha256sum)

# It wants a key, and uses none; the node's own come with its configuration.
keys=$NODE_ROOT/var/lib/keystone/no-keys
mkdir -p "$keys"
head -c 32 /dev/urandom | base64 | tr +/ -_ > "$keys/0"
more="
[fernet_tokens]
key_repository = $keys
[fernet_receipts]
key_repository = $keys"

[ "$(cat "$marker" 2>/dev/null)" = "$wanted" ] || {
    export OS_BOOTSTRAP_PASSWORD="$ADMIN_PASSWORD"
    manage bootstrap --bootstrap-region-id RegionOne \
        --bootstrap-public-url "$url" --bootstrap-internal-url "$url"
    export OS_BOOTSTRAP_PASSWORD="$PLACEMENT_PASSWORD"
    manage bootstrap \
        --bootstrap-username placement --bootstrap-project-name service
    printf '%s\n' "$wanted" > "$marker"
}
