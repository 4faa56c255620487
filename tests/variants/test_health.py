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

"""A store that starts and is not well."""

from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES


class HealthTestCase(case.VariantTestCase):

    def upgrade_in_vain(self, **parameters):
        """Run an upgrade that fails; its operation and the error."""
        rollout = self.preview(**parameters)
        operation = self.stage.start(rollout['digest'])

        return operation, self.stage.error_of(operation)

    def test_an_unhealthy_canary_stops_its_service(self):
        self.stage.let_answer(FIRST, self.release, health=[503])
        operation, error = self.upgrade_in_vain(
            FrontToken=self.release, OtherToken=self.release)

        for part in ('Check store is well', '503', 'service=store',
                     'step=verify', f'node={FIRST}'):
            self.assertIn(part, error)

        # What it had was put back by its own steps, and serves again.
        self.assert_serving(self.before, self.before)
        self.assertEqual([('back-1-1', step, 'done') for step in (
            'stop', 'package', 'start')],
            self.stage.ran(operation, node=FIRST)[-3:])
        self.assertEqual([('prepare', 'stage', 'done')],
                         self.stage.ran(operation, node=SECOND))
        self.assertEqual({node: [('1', 'configure', 'done')]
                          for node in stage.NODES},
                         self.stage.ran(operation, stage.OTHER))

    def test_one_that_cannot_write_is_not_well(self):
        self.stage.let_answer(FIRST, self.release, items=[503])
        _, error = self.upgrade_in_vain()
        self.assertIn('Check store stores an item', error)
        self.assert_serving(self.before, self.before)

    def let_gate_flap(self, **policy):
        """Let what the gate asks be well, once unwell, and well again."""
        for node, release in ((FIRST, self.release), (SECOND, self.before)):
            self.stage.let_answer(node, release, front=[200, 503, 200])

        return {**stage.PARAMETERS['StorePolicy'], 'soak': 2,
                'check_timeout': 10, **policy}

    def test_a_gate_that_flaps_begins_its_soak_anew(self):
        policy = self.let_gate_flap(on_flap='restart')
        operation = self.stage.start(self.preview(StorePolicy=policy)
                                     ['digest'])
        self.assertEqual({}, self.stage.wait(operation)['exceptions'])
        gate = self.stage.unit(operation, '1')['gate']['gate']
        self.assertGreater(gate['flaps'], 0)
        self.assertGreater(gate['elapsed'], 2)
        self.assert_serving(self.release, self.release)

    def test_a_gate_that_flaps_fails_its_batch(self):
        policy = self.let_gate_flap(on_flap='fail')
        _, error = self.upgrade_in_vain(StorePolicy=policy)
        self.assertRegex(error, 'Check store serves failed after .* of 2 s')
        self.assertIn('step=gate', error)
        self.assert_serving(self.before, self.before)
