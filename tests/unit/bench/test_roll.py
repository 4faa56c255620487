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

import contextlib
import importlib
import io
import types

import testtools

from tests.bench import __main__ as bench
from tests.bench import report as bench_report
from tests.bench import roll
from tests.unit.rollout import plans


class NamesTestCase(testtools.TestCase):

    def test_each_is_a_benchmark(self):
        self.assertIn('roll', bench.names())

        for name in bench.names():
            self.assertTrue(callable(importlib.import_module(
                f'tests.bench.{name}').run), name)


class RollTestCase(testtools.TestCase):

    def test_how_long_each_run_of_a_workflow_took(self):
        asked = []
        rows = [types.SimpleNamespace(created_at=f'2026-11-30 10:00:{begin}',
                                      updated_at=f'2026-11-30 10:01:{end}')
                for begin, end in (('20', '00'), ('00', '30.123'))]

        def listing(**filters):
            asked.append(filters)
            return rows

        cloud = types.SimpleNamespace(clients=types.SimpleNamespace(
            mistral=types.SimpleNamespace(executions=types.SimpleNamespace(
                list=listing))))
        self.assertEqual([90.0, 40.0], roll.seconds_of(cloud, 'op', 'batch'))
        self.assertEqual([{
            'root_execution_id': 'op',
            'workflow_name': 'tripleo.rollout.v1.batch'}], asked)

    def test_the_steps_that_nodes_are_sent(self):
        services = {'Controller': {'simulated': plans.lifecycle(
            gate=[plans.http()])}}
        self.assertEqual(2, roll.steps_of(plans.Kept().compute(services)))

    def test_a_batch_is_compared_with_heat_and_with_polls(self):
        output = io.StringIO()

        with contextlib.redirect_stdout(output):
            roll.report_ratios(bench_report.Report(), 36.0, 2, 2.0)

        self.assertEqual(
            {'roll.bound': '4', 'roll.batch_by_bound': '9',
             'roll.batch_by_floor': '1.5'},
            dict(line.split('\t')[:2] for line
                 in output.getvalue().splitlines()))
