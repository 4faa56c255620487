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

"""The root directory of a local node."""

import configparser
import pathlib
import stat
import subprocess

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_hooks
from tripleo_workflows.undercloud import node_tree
from tripleo_workflows.undercloud import state


class TestPlaces(testtools.TestCase):

    def test_a_path_that_the_agent_would_split_is_refused(self) -> None:
        for path in ('/a b', '/a;b', '/a%b', "/a'b", '/a$b'):
            error = self.assertRaises(
                exceptions.InvalidInput, node_tree.root_of,
                state.StateDirectory(pathlib.Path(path)), 'web-0')
            self.assertEqual('--state-dir', error.where['field'])

    def test_the_socket_is_short_however_deep_the_directory_is(self) -> None:
        # supervisord binds it with its process id appended, and Linux takes
        # 107 bytes.
        for length in range(1, 200):
            place = state.StateDirectory(pathlib.Path('/' + 'x' * length))
            names = ('web-0', 'web-1', 'w' * 63)
            sockets = {str(node_tree.socket_of(place, name))
                       for name in names}
            self.assertEqual(3, len(sockets))
            self.assertNotIn(str(place.socket), sockets)
            self.assertLessEqual(max(map(len, sockets)), 107 - 8)


class TestMake(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.EnvironmentVariable('XDG_CACHE_HOME',
                                                     str(place / 'cache')))

        # The cache is filled, so that nothing is fetched.
        for name in node_hooks.FILES:
            path = node_hooks.cache_directory() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'stand-in of {name}')
            path.chmod(0o755)

        self.place = state.StateDirectory(place / 'state')
        self.root = node_tree.root_of(self.place, 'web-0')
        node_tree.make(self.place, 'web-0', '127.1.0.7')

    def test_nobody_else_looks_into_it(self) -> None:
        self.assertEqual(0o700, stat.S_IMODE(self.root.stat().st_mode))

    def test_the_stock_files_are_where_the_agent_looks(self) -> None:
        for name in node_hooks.FILES:
            self.assertEqual(f'stand-in of {name}',
                             (self.root / 'libexec' / name).read_text())

    def test_the_service_manager_listens_on_its_socket_only(self) -> None:
        parser = configparser.RawConfigParser()
        parser.read(self.root / 'etc' / 'supervisord.conf')
        self.assertEqual(str(node_tree.socket_of(self.place, 'web-0')),
                         parser['unix_http_server']['file'])
        self.assertNotIn('inet_http_server', parser)
        self.assertEqual('services.d/*.conf', parser['include']['files'])

    def test_the_environment_finds_the_nodes_own_programs_first(self) -> None:
        found = node_tree.environment(self.place, 'web-0', '127.1.0.7')
        self.assertEqual(f'{self.root}/bin', found['PATH'].split(':')[0])
        self.assertEqual('127.1.0.7', found['NODE_ADDRESS'])
        self.assertEqual('web-0', found['NODE_NAME'])
        self.assertEqual(str(self.root), found['NODE_ROOT'])
        self.assertEqual(str(self.root), found['HOME'])

    def test_a_node_knows_where_packages_come_from(self) -> None:
        for name, value in (('PIP_FIND_LINKS', '/opt/wheels'),
                            ('SSL_CERT_FILE', '/etc/authorities'),
                            ('OS_PASSWORD', 'secret'),
                            ('UV_CACHE_DIR', None)):
            self.useFixture(fixtures.EnvironmentVariable(name, value))

        found = node_tree.environment(self.place, 'web-0', '127.1.0.7')

        self.assertEqual('/opt/wheels', found['PIP_FIND_LINKS'])
        self.assertEqual('/etc/authorities', found['SSL_CERT_FILE'])
        self.assertNotIn('OS_PASSWORD', found)
        self.assertEqual(str(self.place.root.parent / 'cache/uv'),
                         found['UV_CACHE_DIR'])

    def test_parts_run_in_their_order_until_one_fails(self) -> None:
        parts = self.root / 'tmp' / 'parts'
        parts.mkdir()

        for name, script, mode in (
                ('20-first', 'echo first', 0o700), ('30-no', 'echo no', 0o600),
                ('55-second', 'echo second; exit 7', 0o700),
                ('90-third', 'echo third', 0o700)):
            (parts / name).write_text(f'#!/bin/sh\n{script}\n')
            (parts / name).chmod(mode)

        done = subprocess.run([self.root / 'bin/dib-run-parts', parts],
                              capture_output=True, text=True)
        self.assertEqual((7, 'first\nsecond\n'),
                         (done.returncode, done.stdout))

    def test_a_file_that_did_not_change_is_left_alone(self) -> None:
        hook = self.root / 'libexec' / 'heat-config/hooks/script'
        before = hook.stat()
        node_tree.make(self.place, 'web-0', '127.1.0.7')
        self.assertEqual(before.st_ino, hook.stat().st_ino)
