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
import time

import testtools

from tests.unit.checks import server
from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import runner


class RunAllTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = server.Server()
        self.addCleanup(self.server.close)

    def test_all_are_carried_out_in_order(self) -> None:
        results = runner.run_all(
            [{'name': 'no', 'http': {'url': '$URL', 'status': 404}},
             {'name': 'yes', 'http': {'url': '$URL'}}],
            {'URL': self.server.url})

        self.assertEqual(
            [('no', contract.Code.FAILURE), ('yes', contract.Code.SUCCESS)],
            [(result.name, result.result) for result in results])

    def test_an_unknown_kind_is_refused_before_anything_is_done(self) -> None:
        error = self.assertRaises(
            exceptions.InvalidInput, runner.run_all,
            [{'name': 'first', 'http': {'url': self.server.url}},
             {'name': 'second', 'gopher': {}}], {})

        self.assertIn('it may have http, name', error.message)
        self.assertIn('check=second', str(error))
        self.assertEqual([], self.server.seen)

    def test_two_kinds_or_none(self) -> None:
        for check in ({'name': 'x'}, {'name': 'x', 'http': {}, 'tcp': {}}):
            self.assertRaises(
                exceptions.InvalidInput, runner.run_all, [check], {})

    def test_a_check_that_runs_on_nodes_is_refused(self) -> None:
        error = self.assertRaises(
            exceptions.InvalidInput, runner.run_all,
            [{'name': 'disk', 'script': {'script': 'true'}}], {})

        self.assertIn('of kind script runs on nodes', error.message)
        self.assertIn('http, tcp', error.remedy)

    def test_one_that_hangs_keeps_no_other_waiting(self) -> None:
        self.server.slow = True
        started = time.monotonic()
        results = runner.run_all(
            [{'name': str(number), 'http': {
                'url': self.server.url, 'timeout': 1}}
             for number in range(16)], {})

        self.assertEqual({contract.Code.FAILURE},
                         {result.result for result in results})
        # One after the other they would take sixteen seconds.
        self.assertLess(time.monotonic() - started, 8)


class SummaryTest(testtools.TestCase):
    def test_the_worst_come_first_and_decide(self) -> None:
        found = runner.summary([
            contract.CheckResult('a', contract.Code.SUCCESS),
            contract.CheckResult('b', contract.Code.FAILURE),
            contract.CheckResult('c', contract.Code.WARNING)])

        self.assertEqual((False, 2, ['b', 'c', 'a'], 0), (
            found['passed'], found['result'],
            [row['name'] for row in found['results']], found['left_out']))

    def test_warnings_and_nothing_pass(self) -> None:
        for results, code in (
                ([], 0),
                ([contract.CheckResult('a', contract.Code.WARNING)], 1)):
            found = runner.summary(results)

            self.assertEqual((True, code),
                             (found['passed'], found['result']))

    def test_more_than_fits(self) -> None:
        found = runner.summary(contract.CheckResult(
            str(number), contract.Code.FAILURE, 'x' * 1000)
            for number in range(100))

        self.assertLess(len(json.dumps(found)), runner.RESULTS_BYTES + 1000)
        self.assertEqual(100, len(found['results']) + found['left_out'])
        self.assertGreater(found['left_out'], 0)
