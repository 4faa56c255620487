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

"""A plan that is taken off its nodes, and deployed on them again."""

from tests.variants import case
from tests.variants import stage
from tripleo_workflows.stack import stacks


class UndeployTestCase(case.VariantTestCase):

    most_seconds = case.MOST_SECONDS_OF_SEVERAL

    def test_undeployed_then_deployed_on_the_same_nodes(self):
        operation = self.stage.cloud.run(
            'tripleo.deployment.v1.undeploy_plan', container=stage.PLAN,
            )['summary']['operation']

        self.assert_serving(None, None)
        self.assertIsNone(stacks.find(self.stage.clients.heat, stage.PLAN))

        for steps in self.stage.ran(operation).values():
            self.assertEqual(('leave', 'remove', 'done'), steps[-1])

        # What came after the store has left before it.
        self.assertLess(
            max(time for _, _, time in self.stage.times(
                operation, 'done', stage.FRONT)),
            min(time for _, _, time in self.stage.times(
                operation, 'started', stage.STORE)))

        self.stage.cloud.run('tripleo.deployment.v1.deploy_plan',
                             container=stage.PLAN)

        self.assert_serving(self.before, self.before)
        self.assertEqual({}, self.planned(self.stage.preview()))
