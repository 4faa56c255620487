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

"""The database server of a sample's cloud, as its administrator sees it."""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterator


class Database:
    """A database of a node's server, reached through its socket.

    :param root: the node's root directory.
    :param name: of the database.
    """

    def __init__(self, root: pathlib.Path, name: str):
        # The path of a socket is short: it is named from where it is.
        self._place = root / 'var/lib/mariadb'
        self._command = [
            'mariadb', '--no-defaults', '--batch', '--skip-column-names',
            '--socket=mariadb.sock', name]

    def run(self, statements: str) -> list[str]:
        """Run statements; the rows that they give.

        :raises CalledProcessError: the server refused one.
        """
        return subprocess.run(
            self._command, cwd=self._place, input=statements, text=True,
            check=True, capture_output=True).stdout.splitlines()

    @contextlib.contextmanager
    def transaction(self, statement: str) -> Iterator[None]:
        """Hold a transaction open in which a statement was run."""
        with subprocess.Popen(
                [*self._command, '--unbuffered'], cwd=self._place, text=True,
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
