#!/bin/sh -e
# Writes a service's database into a file. To restore it, give the file to
# "mariadb -h ADDRESS -u migration -p SERVICE".
# Inputs: SERVICE; RELEASE, before which; DATABASE, an address; secret:
# MIGRATION_PASSWORD.

backup=$NODE_ROOT/var/lib/$SERVICE/before-$RELEASE.sql
mkdir -p "$NODE_ROOT/var/lib/$SERVICE"

umask 077
# The variable keeps the password out of the list of processes.
MYSQL_PWD=$MIGRATION_PASSWORD mariadb-dump --no-defaults \
    --host="$DATABASE" --user=migration --single-transaction "$SERVICE" \
    > "$backup.new"
mv "$backup.new" "$backup"
