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


"""The command's answers where nothing runs."""

import contextlib
import io
import pathlib
import socket

import fixtures
import testtools

from tripleo_workflows.undercloud import cli


class CommandTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.path = root / 'state'

    def _run(self, *arguments: str) -> tuple[int, str, str]:
        output, errors = io.StringIO(), io.StringIO()

        with (contextlib.redirect_stdout(output),
              contextlib.redirect_stderr(errors)):
            code = cli.main([*arguments, '--state-dir', str(self.path)])

        return code, output.getvalue(), errors.getvalue()

    def test_commands_that_need_an_undercloud_say_how_to_make_one(
            self) -> None:
        for command in ('status', 'env', 'logs'):
            code, output, errors = self._run(command)
            self.assertEqual((1, ''), (code, output))
            self.assertEqual(1, len(errors.splitlines()))
            self.assertIn('tripleo-undercloud up', errors)
            self.assertFalse(self.path.exists())

    def test_nothing_is_down_already(self) -> None:
        code, output, _ = self._run('down')
        self.assertEqual(0, code)
        self.assertIn('down', output)
        self.assertFalse(self.path.exists())

    def test_a_taken_port_is_one_line_and_is_not_remembered(self) -> None:
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port = listener.getsockname()[1]
            code, _, errors = self._run('up', '--swift-port', str(port),
                                        '--keystone-port', '0')
        self.assertEqual(1, code)
        self.assertEqual(1, len(errors.splitlines()))
        self.assertIn(f'Port {port}', errors)
        self.assertFalse((self.path / 'ports.json').exists())
        self.assertFalse((self.path / 'supervisord.pid').exists())

    def test_a_directory_with_other_files_is_refused(self) -> None:
        self.path.mkdir()
        self.path.joinpath('thesis.txt').touch()

        for command in ('up', 'down'):
            code, _, errors = self._run(command)
            self.assertEqual(1, code)
            self.assertIn('--state-dir', errors)

    def test_a_port_must_be_a_number(self) -> None:
        error = self.assertRaises(SystemExit, self._run, 'up',
                                  '--heat-port', 'http')
        self.assertEqual(2, error.code)

    def test_logs_are_shown_by_whole_lines(self) -> None:
        for number in ('0', '-1', 'many'):
            error = self.assertRaises(SystemExit, self._run, 'logs',
                                      '--lines', number)
            self.assertEqual(2, error.code)
