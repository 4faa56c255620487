#!/bin/sh -e
# Asks the server for the accounts that its start should have made.
# Inputs: SERVICES, which have one each.

cd "$NODE_ROOT/var/lib/mariadb"
found=$(mariadb --no-defaults --socket=mariadb.sock --skip-column-names \
    --execute "SELECT User FROM mysql.global_priv")

for account in $SERVICES migration; do
    echo "$found" | grep -qx "$account" || {
        echo "The account $account is missing."
        exit 2
    }
done
