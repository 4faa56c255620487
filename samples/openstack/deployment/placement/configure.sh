#!/bin/sh -e
# Writes Placement's configuration.
# Inputs: DATABASE, an address; CACHES, those of memcached; secrets:
# DATABASE_PASSWORD; PASSWORD, of its account in Keystone.

umask 077
etc=$NODE_ROOT/etc/placement
mkdir -p "$etc"
# Where Placement's programs look by themselves.
ln -sfn "$etc" "$NODE_ROOT/.placement"

cat > "$etc/placement.conf" <<END
[placement_database]
connection = mysql+pymysql://placement:$DATABASE_PASSWORD@$DATABASE/placement?charset=utf8

[keystone_authtoken]
www_authenticate_uri = http://$NODE_ADDRESS:5000/v3
auth_url = http://$NODE_ADDRESS:5000/v3
auth_type = password
username = placement
password = $PASSWORD
project_name = service
user_domain_id = default
project_domain_id = default
memcached_servers = $(printf '%s:11211,' $CACHES | sed 's/,$//')
END

APPLICATION=placement.wsgi.api:application
