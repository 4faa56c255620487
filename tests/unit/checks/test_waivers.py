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
from typing import NamedTuple

import testtools

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import waivers


class Decision(NamedTuple):
    person: str = 'admin'
    when: str = '2026-01-02T03:04:05Z'
    reason: str = 'It is known.'


RESULTS = [
    contract.CheckResult('disk', contract.Code.FAILURE, 'It is full.'),
    contract.CheckResult('api', contract.Code.BROKEN, 'No answer.'),
    contract.CheckResult('memory', contract.Code.WARNING),
    contract.CheckResult('load', contract.Code.SUCCESS)]


class ApplyTest(testtools.TestCase):
    def test_a_waived_failure_is_none_and_says_who_and_why(self) -> None:
        results = waivers.apply(RESULTS, {'disk': Decision()}.get)

        self.assertEqual([False, True, False, False],
                         [result.is_failure for result in results])
        self.assertEqual(
            {'person': 'admin', 'when': '2026-01-02T03:04:05Z',
             'reason': 'It is known.'},
            json.loads(json.dumps(results[0].to_dict()))['waived'])
        self.assertEqual((2, 'It is full.'),
                         (results[0].result, results[0].details))

    def test_what_is_no_failure_is_not_marked(self) -> None:
        results = waivers.apply(RESULTS, lambda name: Decision())

        self.assertEqual(['disk', 'api'], [
            result.name for result in results if result.waived])
        self.assertNotIn('waived', results[3].to_dict())

    def test_without_a_decision_nothing_changes(self) -> None:
        self.assertEqual(RESULTS, waivers.apply(RESULTS, {}.get))
