#!/bin/sh -e
# Asks the server for the accounts that its start should have made.

cd "$NODE_ROOT/var/lib/mariadb"
found=$(mariadb --no-defaults --socket=mariadb.sock --skip-column-names \
    --execute "SELECT User FROM mysql.global_priv ORDER BY User" |
    grep -cx 'web\|migration' || true)
[ "$found" = 2 ] || {
    echo "The accounts of the web service are missing."
    exit 2
}
