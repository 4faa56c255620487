#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.


"""SQLite under threads that read, then write."""

import pathlib
import subprocess
import sys

import fixtures
import testtools

# In a process of its own: the listeners are for all engines of a process.
PROGRAM = """
import sys, threading
import sqlalchemy
from oslo_db.sqlalchemy import enginefacade
from tripleo_workflows.undercloud import sqlite

sqlite.serialise_writers()
context = enginefacade.transaction_context()
context.configure(connection='sqlite:///' + sys.argv[1])
engine = context.writer.get_engine()
text = sqlalchemy.text

with engine.begin() as connection:
    connection.execute(text('CREATE TABLE counter (number INTEGER)'))
    connection.execute(text('INSERT INTO counter VALUES (0)'))

def count():
    for _ in range(25):
        with engine.begin() as connection:
            [number] = connection.execute(
                text('SELECT number FROM counter')).one()
            connection.execute(text('UPDATE counter SET number = :number'),
                               {'number': number + 1})

threads = [threading.Thread(target=count) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

with engine.begin() as connection:
    print(connection.execute(text('SELECT number FROM counter')).scalar(),
          connection.execute(text('PRAGMA journal_mode')).scalar())
"""


class SQLiteTest(testtools.TestCase):

    def test_no_writer_is_refused_and_none_is_lost(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'db')
        done = subprocess.run(
            [sys.executable, '-c', PROGRAM, str(path)],
            capture_output=True, text=True, timeout=60)
        self.assertEqual('200 wal', done.stdout.strip(), done.stderr)
