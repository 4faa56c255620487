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

import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.deployments import adhoc
from tripleo_workflows.stack import cloud as stack_cloud

PLAN = functional_cloud.PLAN


class SlowTestCase(testtools.TestCase):

    def test_what_takes_longer_than_an_action_may(self):
        cloud = functional_cloud.deployed()
        name = f'{PLAN}-compute-1'
        server = stack_cloud.nodes(cloud.clients.heat, PLAN)[name].server_id
        output = cloud.run(
            'tripleo.deployment.v1.deploy_on_server', server_uuid=server,
            server_name=name, config_name='slow',
            config=f'sleep {adhoc.SLICE_SECONDS + 2}; echo slept')

        self.assertEqual((0, 'slept\n'),
                         (output['status_code'], output['stdout']))
