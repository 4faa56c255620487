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
import time

import testtools

from tests.functional import cloud as functional_cloud
from tests.functional import test_operations
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record

PLAN = functional_cloud.PLAN
SERVICE = 'monitor_agent'
NODES = [f'{PLAN}-compute-0', f'{PLAN}-compute-1']


class HoldTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.mistral = self.cloud.clients.mistral
        self.record = record.Record(self.cloud.clients.swift, PLAN)

    def wait_for(self, condition):
        deadline = time.monotonic() + 60

        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def begun(self, operation):
        """The steps of all batches that were begun."""
        return {(name, step) for name in self.record.names(f'{operation}/')
                if record.batch_of(name) for step in self.record.get(name)}

    def let_the_engine_go_on(self, execution):
        """Let Mistral run what is held, until a step has met the hold."""
        self.mistral.executions.update(execution, 'RUNNING')
        self.wait_for(lambda: lock.state_of(
            self.mistral, execution) == 'PAUSED')

    def status(self):
        code, output, errors = test_operations.openstack(
            'status', PLAN, '-f', 'json')
        self.assertEqual(0, code, errors)

        return {row['Node']: row for row in json.loads(output)
                if row['Service'] == SERVICE}

    def watch(self):
        """Follow the operation as a person does.

        :returns: the process, and the file to which it writes.
        """
        told = tempfile.NamedTemporaryFile('r')  # noqa: SIM115
        self.addCleanup(told.close)
        watching = subprocess.Popen(
            [sys.executable, '-m', 'openstackclient.shell', 'tripleo',
             'operation', 'watch', PLAN], stdout=pathlib.Path(
                 told.name).open('w'))
        self.addCleanup(watching.kill)

        return watching, told

    def restart_mistral(self, until):
        """Kill Mistral; start it again once something was noticed."""

    def test_a_pause_holds_whatever_the_engine_does(self):
        interval = self.cloud.parameter('MonitorAgentInterval', 10)
        self.cloud.set_parameters(MonitorAgentInterval=interval + 1)
        digest = self.cloud.preview(verb='update')['digest']
        execution = self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                     digest=digest)
        self.wait_for(lambda: self.begun(execution))
        held = self.cloud.run('tripleo.operation.v1.pause', plan=PLAN,
                              reason='lunch')
        self.assertEqual((execution, execution, 'PAUSED'), (
            held['operation'], held['execution'], held['state']))
        # What was being begun at that moment is so now.
        self.let_the_engine_go_on(execution)
        begun = self.begun(execution)
        self.let_the_engine_go_on(execution)
        self.assertEqual(begun, self.begun(execution))

        waits = self.status()[NODES[1]]
        self.assertEqual('held', waits['Status'])
        self.assertIn('held by admin since', waits['Why'])
        self.assertIn('lunch', waits['Why'])

        code, output, errors = test_operations.openstack('resume', PLAN)
        self.assertEqual(0, code, errors)
        self.assertIn('Services rolled: 1', output)
        self.assertEqual({'done'}, {
            self.status()[node]['Status'] for node in NODES})
