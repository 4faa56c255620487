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

"""An operation that a person holds, on real services."""

import json
import re
import subprocess
import sys

import testtools

from tests import waiting
from tests.functional import cloud as functional_cloud
from tests.functional import test_operations
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record
from tripleo_workflows.operation import status

PLAN = functional_cloud.PLAN
SERVICE = 'monitor_agent'
NODES = [f'{PLAN}-compute-0', f'{PLAN}-compute-1']


class HoldTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.mistral = self.cloud.clients.mistral
        self.record = record.Record(self.cloud.clients.swift, PLAN)

    def begun(self, operation):
        """The steps of all batches that were begun."""
        return {(name, step) for name in self.record.names(f'{operation}/')
                if record.batch_of(name) for step in self.record.get(name)}

    def let_the_engine_go_on(self, execution):
        """Let Mistral run what is held, until a step has met the hold."""
        self.mistral.executions.update(execution, 'RUNNING')
        waiting.wait_for(lambda: lock.state_of(
            self.mistral, execution) == 'PAUSED')

    def status(self):
        """How the service stands on its nodes."""
        rows = status.read(self.cloud.clients, PLAN)['rows']

        return {row['node']: row for row in rows
                if row['service'] == SERVICE}

    def watch(self):
        """Follow the operation as a person does.

        :returns: the process, and the file to which it writes.
        """
        told = self.cloud.state.root / 'watch.log'

        with told.open('w') as file:
            watching = subprocess.Popen(
                [sys.executable, '-m', 'openstackclient.shell', 'tripleo',
                 'operation', 'watch', PLAN], stdout=file,
                stderr=subprocess.STDOUT)

        self.addCleanup(watching.kill)

        return watching, told

    def interrupt_mistral(self, noticed):
        """Kill Mistral, and wait until that was noticed and it is back."""
        self.cloud.kill('mistral')
        waiting.wait_for(noticed)

    def begin(self, interval):
        """Roll the service, outside the window at first.

        :returns: the operation, and the execution that goes on with it.
        """
        self.cloud.set_parameters(MonitorAgentInterval=interval)
        digest = self.cloud.preview(verb='update')['digest']
        operation = self.cloud.start(
            'tripleo.upgrade.v1.run', plan=PLAN, digest=digest,
            not_before='2999-01-01T00:00:00Z')
        waiting.wait_for(lambda: lock.state_of(
            self.mistral, operation) == 'PAUSED')
        self.assertEqual(set(), self.begun(operation))
        self.assertIn('waits for the maintenance window, which opens at 2999',
                      self.status()[NODES[0]]['why'])
        execution = self.cloud.start('tripleo.operation.v1.resume', plan=PLAN,
                                     not_before='2001-01-01T00:00:00Z')
        waiting.wait_for(lambda: self.begun(operation))

        return operation, execution

    def decide(self):
        """Decide about what is held: what is good is only recorded."""
        for verb, inputs, error in (
                ('skip', {'node': 'nowhere', 'reason': 'dead'},
                 f'Give one of: {NODES[0]}'),
                ('approve', {'step': 'start'}, 'needs an approval')):
            self.assertRaisesRegex(
                functional_cloud.ExecutionFailed, error, self.cloud.run,
                f'tripleo.operation.v1.{verb}', plan=PLAN, service=SERVICE,
                **inputs)

        waived = self.cloud.run('tripleo.operation.v1.waive', plan=PLAN,
                                check='the agent measures', reason='known')
        self.assertFalse(waived['goes_on'])
        self.assertIn('held by admin', waived['message'])

    def test_a_pause_holds_whatever_the_engine_does(self):
        interval = self.cloud.parameter('MonitorAgentInterval', 10)
        operation, execution = self.begin(interval + 1)
        watching, told = self.watch()
        held = self.cloud.run('tripleo.operation.v1.pause', plan=PLAN,
                              reason='lunch')
        self.assertEqual((operation, execution, 'PAUSED'), (
            held['operation'], held['execution'], held['state']))
        # What was being begun at that moment is so now.
        self.let_the_engine_go_on(execution)
        begun = self.begun(operation)
        self.let_the_engine_go_on(execution)
        self.assertEqual(begun, self.begun(operation))

        code, output, errors = test_operations.openstack(
            'status', PLAN, '-f', 'json')
        self.assertEqual(0, code, errors)
        [waits] = [row for row in json.loads(output) if (
            row['Service'], row['Node']) == (SERVICE, NODES[1])]
        self.assertEqual('held', waits['Status'])
        self.assertIn('held by admin since', waits['Why'])
        self.assertIn('lunch', waits['Why'])

        self.decide()
        waiting.wait_for(lambda: 'held by admin' in told.read_text())
        self.interrupt_mistral(
            lambda: 'connection lost' in told.read_text())
        code, output, errors = test_operations.openstack('resume', PLAN)
        self.assertEqual(0, code, errors)
        self.assertIn('Services rolled: 1', output)
        self.assertEqual(0, watching.wait(30), told.read_text())
        self.assertRegex(told.read_text(), re.compile(
            'connected again.*goes on under fence.*Services rolled: 1',
            re.DOTALL))
        self.assertEqual({'done'}, {
            self.status()[node]['status'] for node in NODES})
