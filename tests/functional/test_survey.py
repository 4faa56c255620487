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

"""A survey of the deployed sample."""

import json
import pathlib
import subprocess
import time
import uuid

import fixtures
import testtools

from tests import waiting
from tests.functional import cloud as functional_cloud
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import drift
from tripleo_workflows.operation import record
from tripleo_workflows.stack import cloud as stack_cloud

PLAN = functional_cloud.PLAN


class SurveyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.clients = self.cloud.clients
        # Another test may have added one.
        self.names = self.cloud.names()

    def survey(self):
        """A survey by one worker, without an engine."""
        survey_id = uuid.uuid4().hex

        while not (found := drift.survey(self.clients, PLAN, survey_id))[
                'done']:
            pass

        return found

    def test_all_nodes_are_what_the_record_says(self):
        output = self.cloud.run('tripleo.deployment.v1.survey', plan=PLAN)

        self.assertEqual(({'done': len(self.names)}, []),
                         (output['counts'], output['rows']))
        self.assertEqual([0] * len(self.names), [check['result']
                                   for check in output['checks']])

    def test_the_command_prints_a_table(self):
        done = subprocess.run(
            ['openstack', 'tripleo', 'node', 'survey', PLAN, '-f', 'json'],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stderr)
        rows = {row['Node']: row for row in json.loads(done.stdout)}

        self.assertEqual(self.names, sorted(rows))
        self.assertIn('web ', rows[f'{PLAN}-controller-0']['Services'])
        self.assertEqual({''}, {row['Drift'] for row in rows.values()})

    def test_a_plan_that_does_not_exist(self):
        error = self.assertRaises(
            functional_cloud.ExecutionFailed, self.cloud.run,
            'tripleo.deployment.v1.survey', plan='nothing')
        self.assertIn('nothing', str(error))

    def test_a_node_answers_while_it_works(self):
        name = f'{PLAN}-compute-0'
        ended = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'end')
        dispatcher = delivery.Dispatcher(
            self.clients, record.Record(self.clients.swift, PLAN).container)
        # A plan of the test's own: fences are counted by plan.
        step = delivery.Step(
            plan=f'adhoc.{uuid.uuid4().hex}', operation=uuid.uuid4().hex,
            service='slow', batch='1', step='start', fence=1,
            payload=f'until test -e {ended}; do sleep 0.1; done')
        sent = dispatcher.send(step, [delivery.Target(
            name, stack_cloud.nodes(self.clients.heat, PLAN)[name].server_id)])
        self.addCleanup(dispatcher.clean, step.prefix, sent.values())
        waiting.wait_for(lambda: dispatcher.answered(step)[0])
        begun = time.monotonic()
        found = self.survey()
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual({'done': len(self.names)}, found['counts'])
        container, _, place = found['table'].partition('/')
        _, table = self.clients.swift.get_object(container, place)
        [row] = [row for row in json.loads(table) if row['running']]
        self.assertEqual((name, 'slow'),
                         (row['node'], row['running'][0]['service']))
        ended.touch()
        waiting.wait_for(lambda: dispatcher.answers(step, [name]))
