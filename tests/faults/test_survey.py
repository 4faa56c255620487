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

"""Surveys of nodes that are not what the record says."""

import contextlib
import subprocess
import time
import uuid

import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout
from tripleo_workflows.operation import drift
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.stack import cloud as stack_cloud

PLAN = functional_cloud.PLAN
NODE = f'{PLAN}-compute-1'
SERVICE = 'monitor_agent'


class SurveyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.clients = self.cloud.clients
        self.record = operation_record.Record(self.clients.swift, PLAN)
        self.dispatcher = delivery.Dispatcher(self.clients,
                                              self.record.container)

    def survey(self, timeout=60):
        """Rows with drift, by node, and the results of the check."""
        survey_id = uuid.uuid4().hex

        while not (found := drift.survey(self.clients, PLAN, survey_id,
                                         timeout))['done']:
            pass

        return ({row['node']: row for row in found['rows']},
                {check['node']: check['result']
                 for check in found['checks']})

    def server(self):
        return stack_cloud.nodes(self.clients.heat, PLAN)[NODE].server_id

    def send(self, plan, fence, revision):
        """What an operation does on a node, without a record of it."""
        step = delivery.Step(
            plan=plan, operation=uuid.uuid4().hex, service=SERVICE, batch='1',
            step='start', fence=fence, payload='true')
        nodes = {}
        target = delivery.Target(NODE, self.server(), completes={
            'revision': revision, 'release': '9', 'parts': {}})

        fanout.advance(self.dispatcher, step, [target], nodes,
                       deadline=time.time() + 60, until=time.time() + 60)
        self.assertEqual('done', nodes[NODE]['answer']['status'])
        self.dispatcher.clean(step.prefix, nodes[NODE]['ids'])

        return step.operation

    def deploy(self):
        """Bring the cloud to its plan, whatever a test has done to it."""
        self.cloud.run('tripleo.deployment.v1.deploy_plan', container=PLAN)
        self.assertEqual(({}, {0}), self.healthy())

    def healthy(self):
        rows, results = self.survey()

        return rows, set(results.values())

    def test_an_undercloud_that_has_forgotten_two_operations(self):
        fence, _ = lock.current(self.clients.mistral, PLAN)
        self.send(PLAN, fence + 1, 'first')
        newest = self.send(PLAN, fence + 2, 'second')
        rows, results = self.survey()

        self.assertEqual([NODE], list(rows))
        self.assertEqual((fence + 2, newest, 'second'), (
            rows[NODE]['fence'], rows[NODE]['operation'],
            rows[NODE]['services'][SERVICE]['revision']))
        self.assertIn(f'the newest lock has {fence}', rows[NODE]['drift'][0])
        self.assertIn(f'{newest} was here under fence {fence + 2}',
                      rows[NODE]['drift'][1])
        self.assertEqual(1, results[NODE])
        # The next operation learns it: a higher fence, a corrected record.
        self.deploy()
        self.assertGreater(lock.current(self.clients.mistral, PLAN)[0],
                           fence + 2)

    def test_a_node_that_was_replaced_under_its_name(self):
        former = self.server()
        stack, resource = stack_cloud.agent_resources(
            self.clients.heat, PLAN)[NODE]
        self.clients.heat.resources.mark_unhealthy(
            stack.rpartition('/')[2], resource, True, 'replaced by a test')
        self.cloud.run('tripleo.stack.v1.bring_to_plan', plan=PLAN)
        self.cloud.run('tripleo.deployment.v1.enroll', plan=PLAN)
        self.assertNotEqual(former, self.server())
        rows, results = self.survey()

        self.assertEqual([NODE], list(rows))
        self.assertIn(f'replaced: the record knows {former}',
                      rows[NODE]['drift'][0])
        self.assertIsNone(rows[NODE]['services'][SERVICE]['revision'])
        self.assertEqual(1, results[NODE])
        self.deploy()

    def test_a_node_of_another_plan(self):
        with self.empty_journal():
            self.send('staging', 1, 'theirs')
            rows, results = self.survey()

        self.assertTrue(rows[NODE]['foreign'])
        self.assertIn(f'its journal knows staging, and not {PLAN}',
                      ' '.join(rows[NODE]['drift']))
        self.assertEqual(2, results[NODE])

    @contextlib.contextmanager
    def empty_journal(self):
        journal = (self.cloud.node(NODE).root
                   / 'var/lib/tripleo-workflows/journal.jsonl')
        kept = journal.with_name('kept')
        journal.rename(kept)

        try:
            yield
        finally:
            kept.replace(journal)

    def test_an_agent_that_does_not_answer(self):
        with self.stopped_agent():
            rows, results = self.survey(timeout=10)

        self.assertEqual(([NODE], False, 'unreachable'), (
            list(rows), rows[NODE]['answered'], rows[NODE]['status']))
        self.assertIn('has not answered within 10 s', rows[NODE]['drift'][0])
        self.assertEqual(2, results[NODE])
        self.assertEqual(({}, {0}), self.healthy())

    @contextlib.contextmanager
    def stopped_agent(self):
        self.agent('stop')

        try:
            yield
        finally:
            self.agent('start')

    def agent(self, what):
        node = self.cloud.node(NODE).root
        subprocess.run([node / 'bin' / 'supervisorctl', what, 'agent'],
                       check=True, capture_output=True, timeout=60)
