#!/bin/sh -e
# Lets a service's own program work on its database. It may run again.
#
# A change of a table that waits for a long transaction makes everybody else
# wait behind it. So it waits for a second only, steps aside, and is repeated.
#
# Inputs: SERVICE; RELEASE, whose program; PROGRAM and its ARGUMENTS; SECTION,
# where its configuration names the database; DATABASE, an address; secret:
# MIGRATION_PASSWORD.

SECONDS_TO_TRY=60

connection="mysql+pymysql://migration:$MIGRATION_PASSWORD@$DATABASE/$SERVICE"
connection="$connection?charset=utf8&init_command=SET+SESSION+lock_wait_timeout=1"

# Without --config-file, keystone-manage works on a database of its own making.
# The password is in no file and in no list of processes.
manage() {
    PYTHONWARNINGS=ignore "$NODE_ROOT/opt/$SERVICE/$RELEASE/bin/$PROGRAM" \
        --config-file /dev/stdin "$@" 2>&1 <<END
[$SECTION]
connection = $connection
$more
END
}

newer="Can't locate revision"
served='The schema is that of a newer release, which serves this one, too.'
more=
deadline=$(($(date +%s) + SECONDS_TO_TRY))

until output=$(manage $ARGUMENTS); do
    case $output in
        *'Lock wait timeout'*) [ "$(date +%s)" -lt "$deadline" ] || {
            echo "A transaction has held a table for $SECONDS_TO_TRY s."
            exit 1
        } ;;
        # On the way back to a release, its program does not know what the
        # newer one has made of the schema, on which it serves all the same.
        *"$newer"*) output=$served && break ;;
        # Keystone's contraction takes that for an expansion that is missing.
        *'ahead of expand'*) case $(manage db_sync --check) in
            *"$newer"*) output=$served && break ;;
            *) printf '%s\n' "$output" && exit 1 ;;
        esac ;;
        *) printf '%s\n' "$output" && exit 1 ;;
    esac
    echo 'A transaction holds a table: it waits and tries again.'
    sleep 1
done
printf '%s\n' "$output" | tail -n 5
