#!/bin/sh -e
# Writes Keystone's configuration and its keys.
# Inputs: DATABASE, an address; CACHES, those of memcached; HASH_ROUNDS, how
# hard a password is to guess; MAX_ACTIVE_KEYS, how many keys of tokens a
# rotation leaves; secrets: PASSWORD, at the database; ADMIN_PASSWORD, for
# verify.sh; FERNET_KEYS, JSON: keys by the paths of their files;
# CREDENTIAL_KEYS, in the order of their numbers.

umask 077
etc=$NODE_ROOT/etc/keystone
mkdir -p "$etc"
# Where Keystone's programs look by themselves.
ln -sfn "$etc" "$NODE_ROOT/.keystone"

cat > "$etc/keystone.conf" <<END
[database]
connection = mysql+pymysql://keystone:$PASSWORD@$DATABASE/keystone?charset=utf8

[cache]
enabled = true
# Unlike dogpile.cache's own, this one lives on without a server.
backend = oslo_cache.memcache_pool
memcache_servers = $(printf '%s:11211,' $CACHES | sed 's/,$//')

[identity]
password_hash_rounds = $HASH_ROUNDS

[fernet_tokens]
key_repository = $etc/fernet-keys
max_active_keys = $MAX_ACTIVE_KEYS

[fernet_receipts]
key_repository = $etc/fernet-keys
max_active_keys = $MAX_ACTIVE_KEYS

[credential]
key_repository = $etc/credential-keys
END

printf %s "$ADMIN_PASSWORD" > "$etc/admin-password"

ETC=$etc python3 - <<'END'
import json
import os
import pathlib
import shutil

fernet = {pathlib.Path(path).name: file['content'] for path, file
          in json.loads(os.environ['FERNET_KEYS']).items()}
credential = dict(enumerate(os.environ['CREDENTIAL_KEYS'].split()))

for name, keys in (('fernet-keys', fernet), ('credential-keys', credential)):
    place = pathlib.Path(os.environ['ETC'], name)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()

    for number, key in keys.items():
        (place / str(number)).write_text(key)
END

case $RELEASE in
    2[0-6].*) APPLICATION='keystone.server.wsgi:initialize_public_application()' ;;
    *) APPLICATION=keystone.wsgi.api:application ;;
esac
