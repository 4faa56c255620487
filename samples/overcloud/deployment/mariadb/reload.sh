#!/bin/sh -e
# Lets the server take the accounts as they were configured.

cd "$NODE_ROOT/var/lib/mariadb"
exec mariadb --no-defaults --socket=mariadb.sock \
    < "$NODE_ROOT/etc/mariadb/accounts.sql"
