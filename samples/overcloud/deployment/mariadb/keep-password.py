#!/usr/bin/env python3
"""Makes the database refuse a service's password before this one.

While a new one was rolled out, the database took both.

Inputs: DATABASE, an address; SERVICE; secret: PASSWORD.
"""

import os

import pymysql

PASSWORD = os.environ['PASSWORD']

with pymysql.connect(
        host=os.environ['DATABASE'], user=os.environ['SERVICE'],
        password=PASSWORD) as connection, connection.cursor() as cursor:
    # It changes the first of an account's passwords, which is the old one.
    cursor.execute('SET PASSWORD = PASSWORD(%s)', (PASSWORD,))
