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


"""What clients are told."""

import json
import pathlib
import subprocess

import fixtures
import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import state as undercloud_state


class CredentialsTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root / 'state')
        self.state.make()
        credentials.write_clouds(self.state)

    def _evaluate(self, **current: str) -> dict[str, str]:
        """The variables of a shell that has evaluated the exports."""
        text = credentials.exports(self.state, current)
        done = subprocess.run(
            ['/bin/sh', '-c', 'eval "$1"; exec env -0', 'sh', text],
            env=current, capture_output=True, text=True, check=True)

        return dict(line.split('=', 1)
                    for line in done.stdout.split('\0') if line)

    def test_a_shell_gets_what_the_openstack_command_needs(self) -> None:
        found = self._evaluate()
        self.assertEqual('http://127.0.0.1:5000/v3', found['OS_AUTH_URL'])
        self.assertEqual('admin', found['OS_PROJECT_NAME'])
        self.assertEqual('3', found['OS_IDENTITY_API_VERSION'])
        self.assertEqual(self.state.secrets()['admin'],
                         found['OS_PASSWORD'])

    def test_no_password_breaks_out_of_its_quotes(self) -> None:
        password = """a'b"c $HOME `id` \\ ;d"""
        undercloud_state.write_private(
            self.state.root / 'secrets.json',
            json.dumps({**self.state.secrets(), 'admin': password}))
        self.assertEqual(password, self._evaluate()['OS_PASSWORD'])

    def test_another_cloud_does_not_get_in_the_way(self) -> None:
        found = self._evaluate(OS_CLOUD='other', OS_TOKEN='t', EDITOR='vi')
        self.assertNotIn('OS_CLOUD', found)
        self.assertNotIn('OS_TOKEN', found)
        self.assertEqual('vi', found['EDITOR'])

    def test_a_proxy_is_kept_out_of_the_way(self) -> None:
        found = self._evaluate(http_proxy='http://proxy:3128',
                               no_proxy='intranet')
        self.assertEqual('intranet,127.0.0.1', found['no_proxy'])
        self.assertEqual('http://proxy:3128', found['http_proxy'])

    def test_without_a_proxy_nothing_is_said_of_proxies(self) -> None:
        self.assertNotIn('no_proxy', self._evaluate())

    def test_the_file_of_clouds_is_private_and_complete(self) -> None:
        path = self.state.root / 'clouds.yaml'
        self.assertEqual(0o100600, path.stat().st_mode)
        cloud = yaml.safe_load(path.read_text())['clouds']['undercloud']
        self.assertEqual('http://127.0.0.1:5000/v3',
                         cloud['auth']['auth_url'])
        self.assertEqual(self.state.secrets()['admin'],
                         cloud['auth']['password'])

    def test_where_nothing_is_there_is_an_error(self) -> None:
        state = undercloud_state.StateDirectory(self.state.root / 'no')
        error = self.assertRaises(exceptions.NotFound, credentials.exports,
                                  state, {})
        self.assertIn('tripleo-undercloud up', str(error))
        self.assertFalse(state.root.exists())
