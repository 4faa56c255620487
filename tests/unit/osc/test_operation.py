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

import io
import json
import types

from osc_lib import exceptions as osc_exceptions

from tests.unit.operation import test_going_on
from tripleo_workflows.osc import operation
from tripleo_workflows.osc import plugin

PLAN = test_going_on.PLAN


class CommandsTestCase(test_going_on.OperationTestCase):

    def run_command(self, command, *arguments):
        self.stdout = io.StringIO()
        app = types.SimpleNamespace(
            stdout=self.stdout,
            client_manager=types.SimpleNamespace(tripleo=self.clients))
        made = command(app, None)

        return made.take_action(
            made.get_parser('openstack').parse_args(arguments))

    def test_operations_are_listed(self):
        names, rows = self.run_command(operation.ListOperations)
        self.assertEqual('Operation', names[0])
        self.assertEqual([('first', PLAN, 'upgrade', 'alice',
                           '2026-11-22T10:00:00Z', 'open (ERROR)')], rows)
        self.assertEqual([], self.run_command(
            operation.ListOperations, '--plan', 'other')[1])

    def test_one_is_shown_to_people_and_machines(self):
        self.record.put('first/1/web.1.json', {'stop': {
            'nodes': {'node-0': {'status': 'interrupted'}}}})
        shown = dict(zip(*self.run_command(operation.ShowOperation, PLAN),
                         strict=True))
        self.assertEqual('first', shown['operation'])
        self.assertEqual('web batch 1 stop 1 interrupted',
                         shown['steps'].human_readable())
        self.assertIn('--retry-failed', shown['next'].human_readable())
        self.assertEqual({'interrupted': 1}, json.loads(json.dumps(
            shown['steps'].machine_readable()))[0]['nodes'])

    def test_the_log_is_a_table(self):
        _, [row] = self.run_command(operation.ShowOperationLog, PLAN,
                                    '--operation', 'first')
        self.assertEqual('1970-01-01T00:00:01Z', row[0])
        self.assertIn('upgrade begun by alice under fence 1', row)

    def follow(self, state, message, *arguments):
        executions = self.clients.mistral.executions
        get = executions.get

        def ended(execution_id):
            found = get(execution_id)
            found.output = json.dumps({'message': message})
            found.state = state
            return found

        executions.get = ended
        command = (operation.AbortOperation if '--reason' in arguments
                   else operation.ResumeOperation)
        self.clients.heat = types.SimpleNamespace(stacks=types.SimpleNamespace(
            get=lambda *arguments, **keywords: types.SimpleNamespace(
                stack_status='UPDATE_COMPLETE')))
        self.run_command(command, PLAN, *arguments)

    def test_resuming_starts_the_workflow_and_follows_it(self):
        self.follow('SUCCESS', 'Services rolled: 1.', '--retry-failed')
        [(workflow, given)] = self.clients.mistral.executions.started
        self.assertEqual('tripleo.operation.v1.resume', workflow)
        self.assertEqual((PLAN, True, False), (
            given['plan'], given['retry_failed'], given['take_over']))
        self.assertIn('Services rolled: 1.', self.stdout.getvalue())

    def test_a_failure_is_the_command_s(self):
        error = self.assertRaises(
            osc_exceptions.CommandError, self.follow, 'ERROR',
            'No operation of this plan is open.', '--reason', 'enough',
            '--take-over')
        self.assertIn('No operation', str(error))
        [(workflow, given)] = self.clients.mistral.executions.started
        self.assertEqual(('tripleo.operation.v1.abort', 'enough', True), (
            workflow, given['reason'], given['take_over']))

    def test_the_plugin_gives_the_person_s_clients(self):
        made = plugin.make_client(types.SimpleNamespace(
            session='session', interface=None))
        self.assertEqual(('session', 'public'), (made.session,
                                                 made.interface))
