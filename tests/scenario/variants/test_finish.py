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

"""The end of an upgrade, from which there is no way back."""

from tests.scenario.variants import case
from tests.scenario.variants import stage


class FinishTestCase(case.VariantTestCase):

    def test_contract_waits_for_approval_and_the_last_node(self):
        self.stage.restore_schema()
        self.stage.release = stage.NEW

        with self.unnoticed():
            execution = self.stage.start(self.stage.preview(
                KeystoneRelease=stage.NEW,
                KeystoneApproveContract=True)['digest'])
            self.assertEqual('PAUSED', self.stage.rest(execution))
            self.assert_serving(*3 * [stage.NEW])
            self.assertNotIn('contract', {
                step for _, step, _ in self.stage.ran(
                    execution, node=stage.FIRST)})
            # Who waits does not need the engine.
            self.stage.kill_mistral()
            self.stage.do('approve', service=stage.KEYSTONE, step='contract')
            self.assertEqual('finished', self.stage.closed(execution)['how'])

        times = {step: when for step, _, when
                 in self.stage.times(execution, 'started')}
        ended = max(when for step, _, when
                    in self.stage.times(execution, 'done')
                    if step == 'undrain')
        self.assertGreater(times['contract'], ended)
        self.assert_nothing_left()
