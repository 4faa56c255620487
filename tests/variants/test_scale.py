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

"""A cloud that grows; the variants after it have one more node."""

from tests.functional import cloud as functional_cloud
from tests.variants import case
from tests.variants import stage
from tripleo_workflows.undercloud import nodes as local_nodes

EXTRA = f'{stage.PLAN}-extra-0'


class ScaleTestCase(case.VariantTestCase):

    most_seconds = case.MOST_SECONDS_OF_SEVERAL

    def test_a_node_that_was_added(self):
        digest = self.preview()['digest']
        local_nodes.add(self.stage.state, [EXTRA], functional_cloud.SUBNET)
        ports = local_nodes.port_map([
            self.stage.cloud.node(name) for name in (*stage.NODES, EXTRA)])
        rollout = self.stage.preview(ExtraCount=1,
                                     **ports['parameter_defaults'])
        self.assertIn(f'{EXTRA} (not rolled yet)', rollout['tree'])
        self.assertIn('has changed since', self.stage.error_of(
            self.stage.start(digest)))
        self.stage.cloud.run('tripleo.deployment.v1.enroll', plan=stage.PLAN)
        self.stage.run(rollout)
        self.assert_nothing_left()
        self.assertEqual(self.release, self.stage.write(EXTRA))
