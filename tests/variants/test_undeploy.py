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

"""A plan that is taken off its nodes, and comes back to them."""

from tests.variants import case
from tests.variants import stage


class UndeployTestCase(case.VariantTestCase):

    most_seconds = case.MOST_SECONDS_OF_SEVERAL

    def test_nodes_are_left_and_deployed_again(self):
        self.stage.run(self.stage.preview(FrontToken=self.release))
        self.stage.cloud.run('tripleo.deployment.v1.undeploy_plan',
                             container=stage.PLAN)
        self.assert_front_left(self.release)
        self.assert_serving(None, None)
        self.assertEqual([], [stack for stack
                              in self.stage.clients.heat.stacks.list()
                              if stack.stack_name == stage.PLAN])
        self.stage.cloud.run('tripleo.deployment.v1.deploy_plan',
                             container=stage.PLAN)
        self.assert_serving(self.before, self.before)
        self.assertEqual({}, self.planned(self.stage.preview()))
