#!/bin/sh -e
# Writes the web service's database into a file. To restore it, give the file
# to "mariadb -h ADDRESS -u migration -p web".
# Inputs: RELEASE, before which; DATABASE, an address; secret:
# MIGRATION_PASSWORD.

backup=$NODE_ROOT/var/lib/web/before-release-$RELEASE.sql
mkdir -p "$NODE_ROOT/var/lib/web"

umask 077
# The variable keeps the password out of the list of processes.
MYSQL_PWD=$MIGRATION_PASSWORD mariadb-dump --no-defaults --host="$DATABASE" \
    --user=migration --single-transaction web > "$backup.new"
mv "$backup.new" "$backup"
