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

"""SQLite under several threads.

oslo.db begins transactions deferred, and a reader that turns into a writer
then fails at once with "database is locked", whatever the timeout. So every
transaction begins as a writer's and waits for its turn, and the log of the
database is written ahead.
"""

from typing import Any

import sqlalchemy.engine
from sqlalchemy import event

BUSY_SECONDS = 60


def serialise_writers() -> None:
    """Install the listeners, for all engines of this process."""
    event.listen(sqlalchemy.engine.Engine, 'connect', _on_connect)
    event.listen(sqlalchemy.engine.Engine, 'before_cursor_execute',
                 _begin_as_writer, retval=True)


def _on_connect(connection: Any, record: Any) -> None:
    connection.execute('PRAGMA journal_mode = WAL')
    connection.execute('PRAGMA synchronous = NORMAL')
    connection.execute(f'PRAGMA busy_timeout = {BUSY_SECONDS * 1000}')


def _begin_as_writer(connection: Any, cursor: Any, statement: str,
                     parameters: Any, context: Any, executemany: bool
                     ) -> tuple[str, Any]:
    # oslo.db sends the plain statement at the start of each transaction.
    return ('BEGIN IMMEDIATE' if statement == 'BEGIN' else statement,
            parameters)
