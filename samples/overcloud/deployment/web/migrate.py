#!/usr/bin/env python3
"""Changes the web service's table for a release, in two halves.

Each release has its own name for the column of an item's text. The first
half adds that column beside the one of the release before, and keeps both in
step, so that both releases can write; the second drops all others. Either
can run again, and the way back is the same with the names exchanged.

Inputs: HALF, expand or contract; RELEASE; DATABASE, an address; secret:
MIGRATION_PASSWORD.
"""

import os
import time

import pymysql

COLUMNS = {'1': 'text', '2': 'content'}
ROWS = 1000
LOCK_WAIT_TIMEOUT = 1205
SECONDS = 40


def change(cursor: pymysql.cursors.Cursor, statement: str) -> int:
    """Execute a statement, again where it waits for a lock for too long.

    A change of a table that waits for a long transaction makes everybody
    else wait behind it, so it waits for a second only and steps aside.
    """
    deadline = time.monotonic() + SECONDS

    while True:
        try:
            return cursor.execute(statement)
        except pymysql.err.OperationalError as error:
            if (error.args[0] != LOCK_WAIT_TIMEOUT
                    or time.monotonic() > deadline):
                raise
            time.sleep(1)


def columns(cursor: pymysql.cursors.Cursor) -> set[str]:
    """The columns that items have, or have had, their text in."""
    cursor.execute('SHOW COLUMNS FROM items')

    return {row[0] for row in cursor} & set(COLUMNS.values())


def expand(cursor: pymysql.cursors.Cursor, wanted: str) -> None:
    change(cursor, 'CREATE TABLE IF NOT EXISTS items '
                   '(number BIGINT AUTO_INCREMENT PRIMARY KEY)')
    change(cursor, f'ALTER TABLE items ADD COLUMN IF NOT EXISTS {wanted} '
                   'TEXT')

    for other in columns(cursor) - {wanted}:
        # Items are written once: inserts are all that can part the two.
        change(cursor, f"""
            CREATE OR REPLACE TRIGGER items_in_step
            BEFORE INSERT ON items FOR EACH ROW
            SET NEW.{wanted} = COALESCE(NEW.{wanted}, NEW.{other}),
                NEW.{other} = COALESCE(NEW.{other}, NEW.{wanted})""")

        copy = (f'UPDATE items SET {wanted} = {other} '  # noqa: S608
                f'WHERE {wanted} IS NULL AND {other} IS NOT NULL '
                f'LIMIT {ROWS}')

        while change(cursor, copy):
            """A small piece locks little; the next one follows."""


def contract(cursor: pymysql.cursors.Cursor, wanted: str) -> None:
    change(cursor, 'DROP TRIGGER IF EXISTS items_in_step')

    for other in columns(cursor) - {wanted}:
        change(cursor, f'ALTER TABLE items DROP COLUMN IF EXISTS {other}')


def main() -> None:
    half = {'expand': expand, 'contract': contract}[os.environ['HALF']]
    wanted = COLUMNS[os.environ['RELEASE']]

    with pymysql.connect(
            host=os.environ['DATABASE'], user='migration', database='web',
            password=os.environ['MIGRATION_PASSWORD'], autocommit=True,
            init_command='SET SESSION lock_wait_timeout = 1',
            ) as connection, connection.cursor() as cursor:
        half(cursor, wanted)
        print('The columns are:', ', '.join(sorted(columns(cursor))))


main()
