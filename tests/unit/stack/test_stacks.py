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

import testtools
from heatclient import exc
from keystoneauth1 import exceptions as keystone_exceptions

from tests.unit.stack import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import stacks

ARGUMENTS = arguments.HeatArguments('overcloud', {'t': 1}, {'e': 1}, {})


class StacksTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.heat = fakes.Heat()

    def wait(self, since=None):
        return stacks.wait(self.heat, 'stack-id', since, seconds=0)

    def refuse(self, text, kind=exc.HTTPBadRequest):
        self.heat.refusal = kind(text)

        return self.assertRaises(
            exceptions.TripleoError, stacks.validate, self.heat, ARGUMENTS)

    def test_finds_what_a_stack_is_doing(self):
        self.assertIsNone(stacks.find(self.heat, 'overcloud'))

        self.heat.become('UPDATE', 'COMPLETE', 'fine')

        self.assertEqual(
            {'id': 'stack-id', 'name': 'overcloud', 'action': 'UPDATE',
             'status': 'COMPLETE', 'reason': 'fine', 'marker': 'event-0'},
            stacks.find(self.heat, 'overcloud'))

    def test_a_deleted_stack_is_none(self):
        self.heat.become('DELETE', 'COMPLETE')

        self.assertIsNone(stacks.find(self.heat, 'stack-id'))

    def test_a_stack_that_must_exist(self):
        error = self.assertRaises(
            exceptions.NotFound, stacks.get, self.heat, 'overcloud')

        self.assertIn('Deploy the plan first', error.remedy)

    def test_creates_then_updates(self):
        self.assertEqual('stack-id', stacks.bring(self.heat, ARGUMENTS, 5))
        self.heat.become('CREATE', 'COMPLETE')
        self.assertEqual('stack-id', stacks.bring(self.heat, ARGUMENTS, 5))

        self.assertEqual(['create', 'update'],
                         [verb for verb, _ in self.heat.requests])
        for _, request in self.heat.requests:
            self.assertEqual(({'t': 1}, 5), (request['template'],
                                             request['timeout_mins']))

    def test_updates_after_a_failure(self):
        self.heat.become('CREATE', 'FAILED')

        stacks.bring(self.heat, ARGUMENTS, 5)

        self.assertEqual('update', self.heat.requests[0][0])

    def test_gives_way_to_an_operation_in_progress(self):
        for action, status in (('UPDATE', 'IN_PROGRESS'),
                               ('DELETE', 'FAILED')):
            self.heat.become(action, status)

            error = self.assertRaises(
                exceptions.Conflict, stacks.bring, self.heat, ARGUMENTS, 5)

            self.assertIn(f'{action}_{status}', error.message)

        self.assertEqual([], self.heat.requests)

    def test_waits_for_the_end(self):
        self.heat.begin('CREATE')
        self.assertFalse(self.wait()['done'])

        self.heat.become('CREATE', 'COMPLETE', 'made')

        self.assertEqual(
            {'done': True, 'status': 'COMPLETE', 'reason': 'made'},
            self.wait())

    def test_the_state_from_before_is_not_the_end(self):
        self.heat.become('UPDATE', 'COMPLETE')
        before = stacks.find(self.heat, 'overcloud')['marker']

        self.assertFalse(self.wait(before)['done'])

        self.heat.become('UPDATE', 'COMPLETE')

        self.assertTrue(self.wait(before)['done'])

    def test_the_failure_from_before_is_not_ours(self):
        self.heat.become('UPDATE', 'FAILED')
        before = stacks.find(self.heat, 'overcloud')['marker']

        self.assertFalse(self.wait(before)['done'])

    def test_goes_on_waiting_where_heat_does_not_answer(self):
        self.heat.begin('CREATE')

        for error in (exc.HTTPServiceUnavailable(), ConnectionError(),
                      keystone_exceptions.ConnectFailure()):
            self.heat.refusal = error

            outcome = self.wait()

            self.assertEqual((False, 'UNKNOWN'),
                             (outcome['done'], outcome['status']))

        self.heat.refusal = None
        self.heat.become('CREATE', 'FAILED', 'Engine went down')

        self.assertRaises(exceptions.StackFailed, self.wait)

    def test_a_stack_is_deleted_and_its_end_is_that_it_is_gone(self):
        self.heat.become('UPDATE', 'COMPLETE')
        stack = stacks.delete(self.heat, 'overcloud')
        self.assertEqual('stack-id', stack)
        self.assertEqual([('delete', 'stack-id')], self.heat.requests)
        self.assertFalse(stacks.wait(self.heat, stack, None, 0,
                                     gone=True)['done'])
        self.heat.stack = None

        self.assertEqual(
            {'done': True, 'status': 'GONE', 'reason': ''},
            stacks.wait(self.heat, stack, None, 0, gone=True))
        self.assertRaises(exceptions.NotFound, stacks.wait, self.heat, stack,
                          None, 0)

    def test_where_there_is_no_stack_nothing_is_deleted(self):
        self.assertIsNone(stacks.delete(self.heat, 'overcloud'))
        self.assertEqual([], self.heat.requests)

    def test_a_deletion_that_runs_is_not_started_again(self):
        self.heat.begin('DELETE')

        self.assertEqual('stack-id', stacks.delete(self.heat, 'overcloud'))
        self.assertEqual([], self.heat.requests)

    def test_a_deletion_that_failed_is_started_again(self):
        self.heat.become('DELETE', 'FAILED')
        error = self.assertRaises(exceptions.StackFailed, stacks.wait,
                                  self.heat, 'stack-id', None, 0, gone=True)
        self.assertIn('delete the stack again', error.remedy)

        stacks.delete(self.heat, 'overcloud')

        self.assertEqual([('delete', 'stack-id')], self.heat.requests)

    def test_a_deletion_gives_way_to_an_update(self):
        self.heat.begin('UPDATE')
        self.assertRaises(exceptions.Conflict, stacks.delete, self.heat,
                          'overcloud')

    def test_heat_may_take_a_moment_to_begin_a_deletion(self):
        self.heat.become('DELETE', 'FAILED')
        self.heat.stacks.delete = lambda name: None
        error = self.assertRaises(
            exceptions.ServiceUnavailable, stacks.delete, self.heat,
            'overcloud', seconds=0)
        self.assertIn('does not begin', error.message)

    def test_names_the_innermost_failures(self):
        self.heat.become('CREATE', 'FAILED')
        self.heat.rows = [
            fakes.row('stack-id', 'Controller', status='CREATE_FAILED',
                      reason='nested failed', nested='group'),
            fakes.row('group', '0', status='CREATE_FAILED',
                      reason='resources[0] failed', nested='node'),
            fakes.row('node', 'Server', status='CREATE_FAILED',
                      reason='No   more servers'),
            fakes.row('node', 'Port')]

        error = self.assertRaises(exceptions.StackFailed, self.wait)

        self.assertIn('CREATE_FAILED. Server: No more servers.',
                      error.message)
        self.assertNotIn('nested', error.message)

    def test_names_five_failures_at_most(self):
        self.heat.become('CREATE', 'FAILED')
        self.heat.rows = [
            fakes.row('stack-id', f'Server{number}', status='CREATE_FAILED',
                      reason='x' * 1000) for number in range(12)]

        error = self.assertRaises(exceptions.StackFailed, self.wait)

        self.assertEqual(5, error.message.count('Server'))
        self.assertIn('and 7 more', error.message)
        self.assertLess(len(error.message), 2000)

    def test_a_failure_without_a_resource_gives_heats_reason(self):
        self.heat.become('UPDATE', 'FAILED', 'Engine went down')

        error = self.assertRaises(exceptions.StackFailed, self.wait)

        self.assertIn('Engine went down.', error.message)

    def test_names_the_refused_parameter(self):
        cases = {
            'ERROR: InvalidSchemaError: resources.ControllerServiceChain'
            '<file:///plan/common/controller-services.yaml>.resources.1'
            "<file:///plan/web.yaml>: Parameter 'WebRelease' is invalid: "
            'Invalid default 3 ("3" is not an allowed value ["1", "2"])':
                ('WebRelease', '"3" is not an allowed value ["1", "2"].'),
            'ERROR: The Parameter (NodePortMap) was not provided.':
                ('NodePortMap', 'was not provided.'),
        }

        for text, (name, reason) in cases.items():
            error = self.refuse(text)

            self.assertIsInstance(error, exceptions.InvalidInput)
            self.assertEqual(name, error.where['parameter'])
            self.assertEqual(f'Heat refuses the parameter {name}: {reason}',
                             error.message)
            self.assertIn(f'Correct {name}', error.remedy)

    def test_shows_no_value_of_a_secret(self):
        error = self.refuse("ERROR: Parameter 'AdminPassword' is invalid: "
                            '"hidden" does not match.')

        self.assertEqual('AdminPassword', error.where['parameter'])
        self.assertNotIn('hidden', str(error))

    def test_other_refusals_say_what_heat_said(self):
        error = self.refuse('ERROR: Template format version not found.')

        self.assertIsInstance(error, exceptions.InvalidInput)
        self.assertIn('Template format version not found', error.message)

    def test_an_error_of_heat_is_not_the_plans(self):
        error = self.refuse('Traceback', exc.HTTPInternalServerError)

        self.assertIsInstance(error, exceptions.ServiceUnavailable)
        self.assertNotIn('Traceback', error.message)

    def test_a_conflict_stays_one(self):
        error = self.refuse('Stack overcloud already has an action (UPDATE) '
                            'in progress.', exc.HTTPConflict)

        self.assertIsInstance(error, exceptions.Conflict)

    def test_reads_an_output_by_name(self):
        self.heat.become('CREATE', 'COMPLETE')
        self.heat.outputs['ServerIdMap'] = {'output_value': {'a': 1}}

        self.assertEqual({'a': 1}, stacks.output(
            self.heat, 'overcloud', 'ServerIdMap'))

    def test_tells_a_missing_output_from_a_missing_stack(self):
        error = self.assertRaises(
            exceptions.NotFound, stacks.output, self.heat, 'overcloud', 'A')
        self.assertIn('no stack named overcloud', error.message)

        self.heat.become('CREATE', 'COMPLETE')
        error = self.assertRaises(
            exceptions.NotFound, stacks.output, self.heat, 'overcloud', 'A')
        self.assertIn('no output A', error.message)

    def test_an_output_that_cannot_be_computed(self):
        self.heat.become('CREATE', 'FAILED')
        self.heat.outputs['A'] = {'output_value': None,
                                  'output_error': 'no such attribute'}

        error = self.assertRaises(exceptions.StackFailed, stacks.output,
                                  self.heat, 'overcloud', 'A')

        self.assertIn('no such attribute', error.message)
