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

from tests.unit.rollout import plans
from tripleo_workflows.rollout import estimate


class MeasuredTestCase(testtools.TestCase):

    def steps(self, *known, status='done'):
        return {'start': {'begun': 100.0, 'nodes': {
            f'node-{number}': {'status': status, 'known': moment}
            for number, moment in enumerate(known)}}}

    def test_a_step_takes_until_its_last_node_is_done(self):
        self.assertEqual({'start': 8.0}, estimate.measured(
            {}, self.steps(103.0, 108.0)))

    def test_the_newest_counts_half(self):
        self.assertEqual({'start': 6.0, 'stop': 1.0}, estimate.measured(
            {'start': 4.0, 'stop': 1.0}, self.steps(108.0)))

    def test_failures_tell_nothing(self):
        self.assertEqual({}, estimate.measured(
            {}, self.steps(108.0, status='failed')))


class EstimateTestCase(testtools.TestCase):

    def compute(self, **seconds):
        """Two services, the second behind the first, upgraded."""
        kept = plans.Kept()
        kept.deploy(self.services('1'))

        for state in kept.states.values():
            state['seconds'] = seconds

        return kept.compute(self.services('2'))

    def services(self, release):
        return {'Controller': {
            'db': plans.lifecycle(release, batch=3,
                                  finish={'migrate': plans.script()}),
            'web': plans.lifecycle(release, after=['db'], canary=1, soak=30),
            'side': plans.lifecycle(release, batch=3)}}

    def test_a_unit_takes_the_sum_of_its_steps(self):
        rollout = self.compute(drain=1.0, package=5.0, migrate=9.0,
                               reload=50.0)
        self.assertEqual(6.0, estimate.of_unit(rollout, 'web', '1'))
        self.assertEqual(9.0, estimate.of_unit(rollout, 'db', 'finish'))

    def test_what_nobody_measured_is_not_guessed(self):
        self.assertIsNone(estimate.of_unit(self.compute(), 'web', '1'))
        self.assertEqual(0.0, estimate.of_phase(self.compute(), 'db', 'roll'))

    def test_a_canary_soaks(self):
        rollout = self.compute(package=5.0)
        self.assertEqual(45.0, estimate.of_phase(rollout, 'web', 'roll'))
        self.assertEqual(5.0, estimate.of_phase(rollout, 'side', 'roll'))

    def test_the_critical_path_is_the_longest(self):
        self.assertEqual(
            (59.0, ['db.roll', 'db.finish', 'web.roll']),
            estimate.critical_path(self.compute(package=5.0, migrate=9.0)))

    def test_an_empty_rollout_takes_no_time(self):
        kept = plans.Kept()
        self.assertEqual((0.0, []), estimate.critical_path(
            kept.compute({'Controller': {}})))
