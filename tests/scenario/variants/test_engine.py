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

"""Mistral is killed while a node is out of service.

Other moments are with those steps.
"""

from tests.scenario.variants import case
from tests.scenario.variants import stage


class EngineTestCase(case.VariantTestCase):

    def test_it_is_killed_during_a_batch(self):
        with self.unnoticed():
            operation = self.stage.start(self.stage.change()['digest'])
            self.stage.wait_for(operation, stage.SECOND, 'stop')
            self.stage.kill_mistral()
            self.stage.wait(self.stage.resume(take_over=True))

        for node in stage.CONTROLLERS:
            steps = self.stage.ran(operation, node=node)
            self.assertEqual(sorted(set(steps)), sorted(steps))

        self.assert_nothing_left()
