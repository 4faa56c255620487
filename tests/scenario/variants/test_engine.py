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

"""Mistral is killed at its worst moments."""

from tests.faults import targets
from tests.scenario.variants import case
from tests.scenario.variants import stage


class EngineTestCase(case.VariantTestCase):

    def kill(self):
        """Kill Mistral, and wait until it is back."""
        targets.kill_service(self.stage.state, 'mistral')
        targets.wait_until_ready(self.stage.state)

    def resume(self):
        """Go on with what was left, to the end."""
        return self.stage.wait(self.stage.resume(take_over=True))

    def test_it_is_killed_during_expand(self):
        self.stage.bring_back()

        with self.unnoticed():
            with self.stage.database.transaction(stage.READ):
                operation = self.stage.start(self.stage.preview(
                    KeystoneRelease=stage.NEW)['digest'])
                self.stage.wait_for(operation, stage.FIRST, 'expand')
                self.kill()

            summary = self.resume()

        self.assertEqual((operation, {}), (summary['operation'],
                                           summary['exceptions']))
        # Nothing was done twice.
        steps = self.stage.ran(operation, node=stage.FIRST)
        self.assertEqual(sorted(set(steps)), sorted(steps))
        self.assert_serving(*3 * [stage.NEW])
        self.assert_nothing_left()

    def test_it_is_killed_during_a_batch(self):
        with self.unnoticed():
            operation = self.stage.start(self.stage.change()['digest'])
            self.stage.wait_for(operation, stage.SECOND, 'stop')
            self.kill()
            self.resume()

        for node in stage.CONTROLLERS:
            steps = self.stage.ran(operation, node=node)
            self.assertEqual(sorted(set(steps)), sorted(steps))

        self.assert_nothing_left()
