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

"""Engines and nodes that die in the middle of an upgrade."""

from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES


class EngineTestCase(case.VariantTestCase):

    def kill_mistral_in(self, step):
        """Kill Mistral while the first node is at a step, and go on."""
        self.stage.steer(FIRST, f'store.{step}', 'sleep 2')
        operation = self.stage.start(self.preview()['digest'])
        self.stage.wait_for(operation, FIRST, step)
        self.stage.kill_mistral()
        summary = self.stage.wait(self.stage.resume(take_over=True))

        self.assertEqual((operation, {}), (summary['operation'],
                                           summary['exceptions']))
        # Nothing was done twice, and nothing was left out.
        roll = [(step, 'done') for step in ('stop', 'package', 'start')]
        self.assertEqual({
            FIRST: [('stage', 'done'), *roll, ('contract', 'done')],
            SECOND: [('stage', 'done'), *roll]},
            {node: [(step, status) for _, step, status in ran]
             for node, ran in self.stage.ran(operation).items()})
        self.assert_nothing_left()

    def test_mistral_is_killed_in_prepare(self):
        self.kill_mistral_in('stage')

    def test_mistral_is_killed_in_roll(self):
        self.kill_mistral_in('package')

    def test_mistral_is_killed_in_finish(self):
        self.kill_mistral_in('contract')


class NodeTestCase(case.VariantTestCase):

    most_seconds = case.MOST_SECONDS_OF_SEVERAL

    def test_a_dead_node_is_skipped(self):
        self.stage.steer(SECOND, 'store.package', 'sleep 12')
        operation = self.stage.start(self.preview_change()['digest'])
        self.stage.wait_for(operation, SECOND, 'package')
        self.stage.cut_off(SECOND)
        self.addCleanup(self.stage.bring_back, SECOND)
        decided = self.stage.do('skip', service=stage.STORE, node=SECOND,
                                reason='it lost its power')
        self.assertFalse(decided['goes_on'])
        summary = self.stage.wait(self.stage.resume(take_over=True))
        self.assertEqual({'store': [SECOND]}, summary['exceptions'])
        self.assert_serving(self.before, None)
        self.stage.bring_back(SECOND)
        self.stage.repair(SECOND)
        rollout = self.stage.preview()
        self.assertEqual({'store': [SECOND]}, self.planned(rollout))
        self.stage.run(rollout)
        self.assert_serving(self.before, self.before)
