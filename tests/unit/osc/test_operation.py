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

    def test_the_status_is_a_table(self):
        self.record.put('documents/d.json', {'services': {'web': {
            'release': '2', 'nodes': {'node-0': {'wanted': 'new'}}}}})
        names, rows = self.run_command(operation.ShowStatus, PLAN)
        self.assertEqual(('Service', 'Phase', 'Node', 'Release', 'Revision',
                          'Step', 'Status', 'Since', 'Why'), names)
        self.assertEqual([('web', '', 'node-0', '', '', '', 'waiting', '',
                           '')], rows)

    def follow(self, command, *arguments, state='SUCCESS', **output):
        """Run a command whose execution has ended at once.

        :returns: the workflow that it started, and its input.
        """
        executions = self.clients.mistral.executions
        get = executions.get

        def ended(execution_id):
            found = get(execution_id)
            found.output = json.dumps(output)
            found.state = state
            return found

        executions.get = ended
        self.clients.heat = types.SimpleNamespace(stacks=types.SimpleNamespace(
            get=lambda *arguments, **keywords: types.SimpleNamespace(
                stack_status='UPDATE_COMPLETE')))
        self.shown = self.run_command(command, PLAN, *arguments)

        return executions.started[0] if executions.started else None

    def test_resuming_starts_the_workflow_and_follows_it(self):
        workflow, given = self.follow(
            operation.ResumeOperation, '--retry-failed',
            message='Services rolled: 1.')
        self.assertEqual('tripleo.operation.v1.resume', workflow)
        self.assertEqual((PLAN, True, False, None, ''), (
            given['plan'], given['retry_failed'], given['take_over'],
            given['max_failures'], given['not_after']))
        self.assertIn('Services rolled: 1.', self.stdout.getvalue())

    def test_what_is_changed_is_handed_on(self):
        _, given = self.follow(
            operation.ResumeOperation, '--service', 'web',
            '--max-failures', '25%', '--soak', '5', '--deadline', '600',
            '--not-before', '2026-11-25T02:00:00Z')
        self.assertEqual(('web', '25%', 5.0, 600.0, '2026-11-25T02:00:00Z'),
                         tuple(given[name] for name in (
                             'service', 'max_failures', 'soak',
                             'deadline_seconds', 'not_before')))

    def test_decisions_start_their_workflows(self):
        for command, arguments, workflow, expected in (
                (operation.SkipNode,
                 ('web', 'node-0', '--reason', 'dead'), 'skip',
                 {'service': 'web', 'node': 'node-0', 'reason': 'dead'}),
                (operation.ApproveStep, ('web', 'contract'), 'approve',
                 {'service': 'web', 'step': 'contract', 'reason': ''}),
                (operation.WaiveCheck, ('disk', '--reason', 'known'),
                 'waive', {'check': 'disk', 'reason': 'known'})):
            self.clients.mistral.executions.started.clear()
            started, given = self.follow(command, *arguments)
            self.assertEqual(f'tripleo.operation.v1.{workflow}', started)
            self.assertEqual({'plan': PLAN, **expected}, given)

    def test_a_pause_shows_what_still_runs(self):
        workflow, given = self.follow(
            operation.PauseOperation, '--reason', 'lunch', state='SUCCESS',
            running=[{'service': 'web', 'batch': 1, 'step': 'start',
                      'nodes': {'sent': 2}}])
        self.assertEqual(('tripleo.operation.v1.pause', 'lunch'), (
            workflow, given['reason']))
        shown = dict(zip(*self.shown, strict=True))
        self.assertEqual('web batch 1 start 2 sent',
                         shown['running'].human_readable())

    def test_watching_starts_nothing(self):
        self.assertIsNone(self.follow(operation.WatchOperation,
                                      message='Services rolled: 1.'))
        self.assertIn('execution first SUCCESS', self.stdout.getvalue())
        self.assertIn('Services rolled: 1.', self.stdout.getvalue())

    def test_a_failure_is_the_command_s(self):
        error = self.assertRaises(
            osc_exceptions.CommandError, self.follow,
            operation.AbortOperation, '--reason', 'enough', '--take-over',
            state='ERROR', message='No operation of this plan is open.')
        self.assertIn('No operation', str(error))
        [(workflow, given)] = self.clients.mistral.executions.started
        self.assertEqual(('tripleo.operation.v1.abort', 'enough', True), (
            workflow, given['reason'], given['take_over']))

    def test_the_plugin_gives_the_person_s_clients(self):
        made = plugin.make_client(types.SimpleNamespace(
            session='session', interface=None))
        self.assertEqual(('session', 'public'), (made.session,
                                                 made.interface))
