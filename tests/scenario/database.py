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

"""The database of the scenario's cloud, as its administrator sees it."""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterator

KEYSTONE = 'keystone'
#: Which migrations Keystone's schema has, by the branch they are of.
REVISIONS = 'SELECT version_num FROM alembic_version'


class Database:
    """The server of a node, reached through its socket.

    :param root: the node's root directory.
    """

    def __init__(self, root: pathlib.Path):
        self._root = root

    def run(self, statements: str, database: str = KEYSTONE) -> list[str]:
        """Run statements; the rows that they give.

        :raises CalledProcessError: the server refused one.
        """
        return subprocess.run(
            self._command(database), input=statements, text=True,
            check=True, capture_output=True).stdout.splitlines()

    def revisions(self) -> set[str]:
        """The migrations that Keystone's schema has come to."""
        return {*self.run(REVISIONS)}

    @contextlib.contextmanager
    def transaction(self, statement: str) -> Iterator[None]:
        """Hold a transaction of Keystone's tables open."""
        with subprocess.Popen(
                [*self._command(KEYSTONE), '--unbuffered'], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            assert client.stdin and client.stdout
            # The last row says that all before it is done.
            client.stdin.write(f'BEGIN; {statement}; SELECT "held";\n')
            client.stdin.flush()

            while client.stdout.readline() != 'held\n':
                """It reads what the statement gives."""

            try:
                yield
            finally:
                client.stdin.close()

    def _command(self, database: str) -> list[str]:
        return ['mariadb', '--no-defaults', '--batch', '--skip-column-names',
                f'--socket={self._root}/var/lib/mariadb/mariadb.sock',
                database]
