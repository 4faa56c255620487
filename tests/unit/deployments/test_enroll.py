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


import pathlib

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.deployments import enroll
from tripleo_workflows.stack import cloud as stack_cloud


class EnrollTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.patch(stack_cloud, 'agent_configurations', lambda heat, plan: {
            'node-0': {'request': {'metadata_url': 'http://secret/'}}})
        self.patch(stack_cloud, 'agent_resources', lambda heat, plan: {
            'node-0': ('overcloud-Controller-0/uuid', 'Server')})

    def test_a_configuration_is_for_its_node_only(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        result = enroll.enroll(None, 'overcloud', directory)
        written = directory / 'node-0.json'

        self.assertEqual({'enrolled': ['node-0'], 'commands': {}}, result)
        self.assertEqual(0o600, written.stat().st_mode & 0o777)
        self.assertIn('http://secret/', written.read_text())
        self.assertEqual([written], list(directory.iterdir()))

    def test_without_a_directory_a_command_is_named(self):
        result = enroll.enroll(None, 'overcloud', None)

        self.assertIn('--with-attr os_collect_config uuid Server',
                      result['commands']['node-0'])
        self.assertNotIn('secret', str(result))

    def test_a_directory_that_is_missing_is_an_error(self):
        error = self.assertRaises(exceptions.InvalidInput, enroll.enroll,
                                  None, 'overcloud', '/nowhere')
        self.assertIn('enroll_directory', str(error))
        self.assertNotIn('secret', str(error))
