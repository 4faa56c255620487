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

"""Driving the workflows of a plan."""

import json
import types
from unittest import mock

from tests.unit.operation import test_decisions
from tripleo_workflows.operation import progress
from tripleo_workflows.undercloud.ci import clock as run_clock
from tripleo_workflows.undercloud.ci import driving


class DriverTest(test_decisions.DecisionsTestCase):
    """The execution of the operation ``first`` is the one that is driven."""

    def setUp(self):
        super().setUp()
        self.clients.heat = types.SimpleNamespace(stacks=types.SimpleNamespace(
            get=lambda *arguments, **keywords: types.SimpleNamespace(
                stack_status='UPDATE_COMPLETE')))
        self.output = {}
        self.told = []
        self.happens = []
        self.started = []
        self.states['first'] = 'RUNNING'
        executions = self.clients.mistral.executions
        get = executions.get
        self.patch(executions, 'create', self._create)
        self.patch(executions, 'get', lambda name: types.SimpleNamespace(
            **vars(get(name)), output=json.dumps(self.output),
            state_info=None))
        patch = mock.patch.object(
            progress.time, 'sleep', lambda seconds: self.happens.pop(0)())
        patch.start()
        self.addCleanup(patch.stop)
        self.driver = driving.Driver(self.clients, test_decisions.PLAN,
                                     run_clock.Clock(self.told.append))

    def _create(self, name, workflow_input):
        self.started.append((name, workflow_input))

        return self.clients.mistral.executions.get('first')

    def _end(self, state='SUCCESS', **output):
        self.states['first'] = state
        self.output = output

    def test_the_output_is_returned_and_its_message_told(self):
        self.happens = [lambda: self._end(message='It is done.', digest='d')]
        found = self.driver.workflow('w', plan='overcloud')

        self.assertEqual('d', found['digest'])
        self.assertIn('It is done.', self.told)
        self.assertIn("""$ openstack workflow execution create w """
                      """'{"plan": "overcloud"}'""", self.told)

    def test_a_failure_is_the_workflow_s_text_with_a_way_on(self):
        self.happens = [lambda: self._end('ERROR', message='It broke.')]
        error = self.assertRaises(driving.WorkflowFailed,
                                  self.driver.workflow, 'w')

        self.assertIn('It broke.', str(error))
        self.assertIn('openstack tripleo operation show overcloud',
                      str(error))

    def test_what_waits_for_approval_is_approved_of_once(self):
        self.record.put('first/1/waiting.json', {
            'what': 'approval of web.contract', 'since': 'now'})
        self.states['first'] = 'PAUSED'
        self.happens = [lambda: None, self._end]
        self.driver.workflow('tripleo.upgrade.v1.run')

        self.assertEqual(
            [('tripleo.operation.v1.approve', 'web', 'contract')],
            [(name, inputs['service'], inputs['step'])
             for name, inputs in self.started[1:]])

    def test_values_of_parameters_are_not_told(self):
        self.clients.mistral.action_executions.create = (
            lambda name, inputs: types.SimpleNamespace(
                output=json.dumps({'result': {'parameters': ['Secret']}}),
                state='SUCCESS'))
        self.driver.set_parameters({'Secret': 'hush'})

        self.assertIn('Secret', ''.join(self.told))
        self.assertNotIn('hush', ''.join(self.told))
