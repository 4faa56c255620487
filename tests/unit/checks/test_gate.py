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

import json
from typing import Any

import testtools

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import gate


def results(passed: bool) -> list[contract.CheckResult]:
    return [contract.CheckResult('api', contract.Code.SUCCESS),
            contract.CheckResult(
                'store', contract.Code.WARNING if passed
                else contract.Code.FAILURE, 'It cannot write.')]


class GateTest(testtools.TestCase):
    def looks(self, answers: str, every: float = 1,
              **policy: Any) -> list[gate.State]:
        """Look once per answer, ``+`` or ``-``, until there is a decision.

        Between two looks the state goes through JSON, as it does between
        two workers.
        """
        states: list[gate.State] = []
        state = None

        for number, answer in enumerate(answers):
            state = gate.look(state, results(answer == '+'),
                              1000 + number * every, gate.Policy(**policy))
            state = json.loads(json.dumps(state))
            states.append(state)

            if state['decision'] != gate.WAITING:
                break

        return states

    def decision(self, answers: str, **options: Any) -> tuple[str, int]:
        """The decision, and at which look it fell."""
        states = self.looks(answers, **options)

        return states[-1]['decision'], len(states)

    def test_without_a_soak_one_pass_is_enough(self) -> None:
        self.assertEqual((gate.PASSED, 3), self.decision('--+'))

    def test_checks_that_never_pass(self) -> None:
        states = self.looks('-' * 20, check_timeout=10)

        self.assertEqual((gate.FAILED, 11),
                         (states[-1]['decision'], len(states)))
        self.assertEqual('Check store did not pass within 10 s: '
                         'It cannot write.', states[-1]['reason'])

    def test_a_soak_is_so_many_seconds_of_green(self) -> None:
        self.assertEqual((gate.PASSED, 8),
                         self.decision('--' + '+' * 20, soak=5))

    def test_a_flap_begins_the_soak_anew(self) -> None:
        states = self.looks('+++-' + '+' * 20, soak=5)

        self.assertEqual((gate.PASSED, 10, 1), (
            states[-1]['decision'], len(states), states[-1]['flaps']))

    def test_a_flap_fails_the_gate_where_the_policy_says_so(self) -> None:
        states = self.looks('-+++-+++++', soak=5, on_flap='fail')

        self.assertEqual((gate.FAILED, 5),
                         (states[-1]['decision'], len(states)))
        self.assertIn('failed after 2 s of 5 s', states[-1]['reason'])

    def test_a_gate_that_does_not_come_back_after_a_flap(self) -> None:
        self.assertEqual((gate.FAILED, 12), self.decision(
            '+-' + '-' * 30, soak=20, check_timeout=10))

    def test_a_gate_that_keeps_flapping_ends(self) -> None:
        states = self.looks('++-' * 50, soak=5, check_timeout=10)

        # After more than 15 seconds, at the next failure.
        self.assertEqual((gate.FAILED, 18),
                         (states[-1]['decision'], len(states)))
        self.assertIn('did not keep passing for 5 s; it failed 6 times',
                      states[-1]['reason'])

    def test_a_soak_that_begins_in_time_may_end_later(self) -> None:
        self.assertEqual((gate.PASSED, 18), self.decision(
            '++-' * 4 + '+' * 20, soak=5, check_timeout=8))

    def test_time_in_which_nobody_looked_does_not_count(self) -> None:
        # A worker died, and another goes on an hour later.
        self.assertEqual((gate.WAITING, 2), self.decision(
            '++', every=3600, soak=30))
        self.assertEqual((gate.PASSED, 4), self.decision(
            '++++', every=3600, soak=30))
        self.assertEqual((gate.WAITING, 2), self.decision(
            '--', every=3600, check_timeout=30))

    def test_a_clock_that_was_set_back(self) -> None:
        self.assertEqual((gate.WAITING, 2),
                         self.decision('++', every=-5, soak=1))
