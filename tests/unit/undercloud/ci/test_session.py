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

"""What a command that is run beside the cloud knows."""

import pathlib

import fixtures
import testtools

from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import session


class EnvironmentTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.state = undercloud_state.StateDirectory(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'state'))
        self.state.make()
        credentials.write_clouds(self.state)

    def _environment(self):
        return session.environment(self.state, 'cloud', [local_nodes.Node(
            'cloud-controller-0', '127.9.0.1', pathlib.Path('/'), '', None)])

    def test_the_undercloud_and_the_nodes_are_named(self):
        found = self._environment()

        self.assertEqual('127.9.0.1', found['NODE_CLOUD_CONTROLLER_0'])
        self.assertEqual(self.state.url('keystone') + '/v3',
                         found['OS_AUTH_URL'])
        self.assertEqual('cloud', found['TRIPLEO_PLAN'])
        self.assertEqual(str(self.state.root), found['TRIPLEO_STATE_DIR'])

    def test_another_cloud_of_the_caller_is_not_heeded(self):
        self.useFixture(fixtures.EnvironmentVariable('OS_CLOUD', 'theirs'))
        self.useFixture(fixtures.EnvironmentVariable('OS_TOKEN', 'theirs'))
        found = self._environment()

        self.assertNotIn('OS_CLOUD', found)
        self.assertNotIn('OS_TOKEN', found)


class LeavingTest(testtools.TestCase):
    """What is left of an undercloud that never came up."""

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(self.root / 'state')

    def _leave(self, keep=False):
        undercloud = session.find(self.state)

        with session.taken_down(undercloud, keep):
            self.state.make()
            (self.state.root / 'mark').write_text('')

    def test_what_was_made_is_removed(self):
        self._leave()
        self.assertFalse(self.state.root.exists())

    def test_what_was_there_stays(self):
        self.state.make()
        self._leave()
        self.assertTrue((self.state.root / 'mark').exists())

    def test_what_is_kept_stays(self):
        self._leave(keep=True)
        self.assertTrue((self.state.root / 'mark').exists())
