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


"""What a state directory keeps, and where."""

import json
import os
import pathlib
import stat
import threading

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state


class StateTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(self.root / 'state')

    def test_the_default_is_below_the_data_directory(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable(
            'XDG_DATA_HOME', '/data'))
        self.assertEqual(pathlib.Path('/data/tripleo-workflows/undercloud'),
                         undercloud_state.default_path())

    def test_without_a_data_directory_it_is_in_the_home(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('XDG_DATA_HOME'))
        self.useFixture(fixtures.EnvironmentVariable('HOME', '/home/me'))
        self.assertEqual(
            pathlib.Path('/home/me/.local/share/tripleo-workflows/'
                         'undercloud'),
            undercloud_state.default_path())

    def test_directories_are_for_their_owner_only(self) -> None:
        self.root.joinpath('state').mkdir(mode=0o755)
        self.state.make()
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (
            self.state.root, self.state.etc, self.state.log,
            self.state.data, self.state.enroll)}
        self.assertEqual({0o700}, set(modes.values()), modes)

    def test_making_it_again_keeps_what_is_there(self) -> None:
        self.state.make()
        secrets = self.state.secrets()
        self.state.make()
        self.assertEqual(secrets, self.state.secrets())

    def test_a_directory_with_other_files_is_left_alone(self) -> None:
        self.root.joinpath('thesis.txt').touch()
        mode = self.root.stat().st_mode
        state = undercloud_state.StateDirectory(self.root)

        error = self.assertRaises(exceptions.Conflict, state.make)
        self.assertIn('--state-dir', str(error))
        self.assertEqual(mode, self.root.stat().st_mode)
        self.assertEqual(['thesis.txt'], os.listdir(self.root))

    def test_a_path_that_needs_quotes_is_refused(self) -> None:
        for name in ('a b', 'a%b', 'a$b', 'a;b', 'a\nb'):
            state = undercloud_state.StateDirectory(self.root / name)
            self.assertRaises(exceptions.InvalidInput, state.make)
            self.assertFalse(state.root.exists())

    def test_secrets_are_private_and_stay(self) -> None:
        self.state.make()
        secrets = self.state.secrets()
        path = self.state.root / 'secrets.json'
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertEqual(secrets, self.state.secrets())
        self.assertEqual(len(secrets), len(set(secrets.values())))

    def test_a_secret_of_a_newer_release_is_added(self) -> None:
        self.state.make()
        secrets = self.state.secrets()
        del secrets['swift']
        undercloud_state.write_private(
            self.state.root / 'secrets.json', json.dumps(secrets))
        found = self.state.secrets()
        self.assertEqual(secrets, {
            name: found[name] for name in secrets})
        self.assertTrue(found['swift'])

    def test_ports_are_remembered(self) -> None:
        self.state.make()
        self.assertEqual('http://127.0.0.1:5000',
                         self.state.url('keystone'))
        self.state.remember_ports({'keystone': 15000})
        self.assertEqual('http://127.0.0.1:15000',
                         self.state.url('keystone'))
        self.assertEqual(8004, self.state.ports()['heat'])

    def test_sockets_have_short_paths(self) -> None:
        deep = undercloud_state.StateDirectory(self.root / ('x' * 200))
        paths = {state.socket_named(name) for state in (self.state, deep)
                 for name in ('supervisor', 'swift-object')}
        self.assertEqual(4, len(paths))

        for path in paths:
            self.assertLessEqual(len(str(path)),
                                 undercloud_state.SOCKET_PATH_LENGTH)

    def test_the_place_of_a_socket_does_not_depend_on_the_session(
            self) -> None:
        deep = undercloud_state.StateDirectory(self.root / ('x' * 200))
        before = deep.socket
        self.useFixture(fixtures.EnvironmentVariable('TMPDIR', '/elsewhere'))
        self.useFixture(fixtures.EnvironmentVariable(
            'XDG_RUNTIME_DIR', '/elsewhere'))
        self.assertEqual(before, deep.socket)

    def test_commands_wait_for_each_other(self) -> None:
        order = []
        entered = threading.Event()

        def second() -> None:
            entered.set()

            with self.state.lock():
                order.append('second')

        thread = threading.Thread(target=second)

        with self.state.lock():
            thread.start()
            entered.wait()
            order.append('first')

        thread.join()
        self.assertEqual(['first', 'second'], order)

    def test_what_is_written_is_private_and_whole(self) -> None:
        path = self.root / 'file'
        path.write_text('old')
        path.chmod(0o644)
        undercloud_state.write_private(path, 'new')
        self.assertEqual('new', path.read_text())
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertEqual(['file'], os.listdir(self.root))
