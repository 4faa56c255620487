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

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import testtools

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import runner


@contextlib.contextmanager
def listening(greeting: bytes = b'', echo: bool = False) -> Iterator[int]:
    """Serve one client: greet it, repeat what it says, wait until it goes."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        def serve() -> None:
            connection, _ = server.accept()

            with connection, contextlib.suppress(OSError):
                connection.sendall(greeting)

                while chunk := connection.recv(100):
                    connection.sendall(chunk if echo else b'')

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


class TcpCheckTest(testtools.TestCase):
    def check(self, port: int, **options: Any) -> contract.CheckResult:
        [result] = runner.run_all(
            [{'name': 'listens', 'tcp': {
                'host': '$NODE_ADDRESS', 'port': port, **options}}],
            {'NODE_ADDRESS': '127.0.0.1', 'NODE_NAME': 'controller-0'})

        return result

    def test_it_listens(self) -> None:
        with listening() as port:
            result = self.check(port)

        self.assertEqual(contract.Code.SUCCESS, result.result)
        self.assertEqual('controller-0', result.node)
        self.assertIn(f'Port {port} of 127.0.0.1', result.details)

    def test_refused(self) -> None:
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]

        result = self.check(port)

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('refused', result.details)

    def test_a_greeting(self) -> None:
        with listening(b'5.5.5-10.11 MariaDB') as port:
            result = self.check(port, expect='MariaDB')

        self.assertEqual(contract.Code.SUCCESS, result.result)

    def test_an_answer_to_what_is_sent(self) -> None:
        with listening(b'hello ', echo=True) as port:
            result = self.check(port, send='I am $NODE_NAME',
                                expect='I am controller-0')

        self.assertEqual(contract.Code.SUCCESS, result.result)

    def test_another_greeting(self) -> None:
        with socket.create_server(('127.0.0.1', 0)) as server:
            thread = threading.Thread(
                target=lambda: server.accept()[0].close())
            thread.start()
            result = self.check(server.getsockname()[1], expect='MariaDB')
            thread.join()

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn("without 'MariaDB'", result.details)

    def test_one_that_says_nothing(self) -> None:
        with listening() as port:
            result = self.check(port, expect='MariaDB', timeout=0.1)

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('timed out', result.details)

    def test_an_unknown_variable(self) -> None:
        self.assertEqual(contract.Code.BROKEN,
                         self.check(1, send='$NOBODY').result)
