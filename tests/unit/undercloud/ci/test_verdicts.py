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

"""What the upgrades of a run have shown."""

import types

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.undercloud.ci import upgrading
from tripleo_workflows.undercloud.ci import verdicts


def upgrade(requests, writes, *reasons):
    """An upgrade that a prober saw, with failures."""
    report = availability.report(
        [availability.Outcome(0.1, 0.1, 'api', False, reason)
         for reason in (*[''] * (requests - len(reasons)), *reasons)],
        ['api'], 0.0, 1.0)

    return types.SimpleNamespace(probed=types.SimpleNamespace(
        requests=requests, writes=writes, report=report))


class AvailabilityTest(testtools.TestCase):

    def _refused(self, upgrades, requests=0, writes=0):
        return str(self.assertRaises(
            exceptions.StepFailed, verdicts.require_available, upgrades,
            upgrading.Wanted(requests, writes)))

    def test_figures_of_all_upgrades_count_together(self):
        verdicts.require_available(
            [upgrade(60, 5), upgrade(40, 5)], upgrading.Wanted(100, 10))

    def test_one_failed_request_is_too_many(self):
        text = self._refused([upgrade(60, 5), upgrade(40, 5, 'was reset')])

        self.assertIn('100 requests, 1 failed requests', text)
        self.assertIn('api was reset', text)

    def test_too_few_requests_or_writes_prove_nothing(self):
        self.assertIn('99 of 100 requests',
                      self._refused([upgrade(99, 10)], requests=100))
        self.assertIn('9 of 10 writes',
                      self._refused([upgrade(100, 9)], writes=10))

    def test_an_upgrade_that_was_stopped_before_its_prober_counts_nothing(
            self):
        stopped = types.SimpleNamespace(probed=types.SimpleNamespace(
            requests=0, writes=0, report=None))
        self.assertEqual(0, verdicts.totals([stopped]).requests)


class RowsTest(testtools.TestCase):

    def test_rows_that_are_there_once_are_well(self):
        verdicts.require_rows([availability.ReadBack(9, 0, ())])

    def test_lost_rows_of_any_upgrade_are_told(self):
        error = self.assertRaises(exceptions.StepFailed,
                                  verdicts.require_rows, [
                                      availability.ReadBack(9, 0, ()),
                                      availability.ReadBack(3, 1, ('gone',))])

        self.assertIn('1 of 12 rows', str(error))
        self.assertIn('gone', str(error))
