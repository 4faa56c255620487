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

"""A lost action, and the watchdog that goes on."""


import testtools

from tests import waiting
from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import record as operation_record

PLAN = functional_cloud.PLAN


class WatchdogTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.mistral = self.cloud.clients.mistral
        interval = self.cloud.parameter('MonitorAgentInterval', 10)
        self.cloud.set_parameters(MonitorAgentInterval=interval + 1)
        rollout = self.cloud.preview()
        self.execution = self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                          digest=rollout['digest'])
        self.addCleanup(self.leave_nothing_open)

    def leave_nothing_open(self):
        try:
            self.cloud.run('tripleo.operation.v1.abort', plan=PLAN,
                           take_over=True)
        except functional_cloud.ExecutionFailed as error:
            self.assertIn('No operation of this plan is open', str(error))

    def running_step(self):
        # The list has no filter for the root.
        return [action for action in self.mistral.action_executions.list(
                    name='tripleo.rollout.step', state='RUNNING')
                if action.state == 'RUNNING']

    def lose_an_action(self):
        """Do what the heartbeats' checker does to a lost action."""
        [action, *_] = waiting.wait_for(self.running_step, 120)
        self.mistral.action_executions.update(
            action.id, state='ERROR',
            output='{"result": "Lost, says a test."}')

    def watch(self):
        return self.cloud.run('tripleo.operation.v1.watchdog', plan=PLAN,
                              stuck_seconds=60)

    def test_an_operation_that_lost_an_action_is_finished(self):
        self.lose_an_action()
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed, 'without a recorded failure',
            self.cloud.wait, self.execution)
        [resumed] = self.watch()['resumed']
        self.assertEqual((self.execution, 'ERROR'), (resumed['operation'],
                                                     resumed['state']))
        # It runs now, and a second look leaves it alone.
        self.assertEqual({'resumed': [], 'reported': []}, self.watch())
        summary = self.cloud.wait(resumed['resumed_by'])['summary']
        self.assertEqual(self.execution, summary['operation'])
        record = operation_record.Record(self.cloud.clients.swift, PLAN)
        self.assertEqual('finished', record.get(
            f'{self.execution}/closed.json')['how'])
        self.assertEqual(0, self.cloud.preview()['services'])

    def test_what_a_person_stopped_is_reported(self):
        waiting.wait_for(self.running_step, 120)
        self.mistral.executions.update(self.execution, 'CANCELLED')
        found = self.watch()
        self.assertEqual([], found['resumed'])
        [reported] = found['reported']
        self.assertIn('cancelled', reported['reason'])
