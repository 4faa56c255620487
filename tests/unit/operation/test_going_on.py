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

import time

import testtools

from tests.unit import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record

PLAN = 'overcloud'


class OperationTestCase(testtools.TestCase):
    """An operation that alice opened under fence 1, and that ended."""

    def setUp(self):
        super().setUp()
        self.clients = fakes.Clients()
        self.clients.swift.put_container(f'{PLAN}-operations')
        self.record = record.Record(self.clients.swift, PLAN)
        self.states = self.clients.mistral.executions.states
        self.opened = self.open('first')

    def holder(self, root, person='alice', verb='upgrade'):
        self.states.setdefault(root, 'RUNNING')

        return lock.Holder(root=root, operation=root, verb=verb,
                           person=person, since='2026-11-22T10:00:00Z')

    def enter(self, root, **keywords):
        return lifetime.enter(self.clients, PLAN,
                              self.holder(root, 'bob', 'deploy'), **keywords)

    def open(self, root, state='ERROR', **content):
        fence, _ = lifetime.enter(self.clients, PLAN, self.holder(root))
        opened = {'operation': root, 'root': root, 'verb': 'upgrade',
                  'person': 'alice', 'since': '2026-11-22T10:00:00Z',
                  'fence': fence, 'digest': 'd', 'begun': 1.0, **content}
        self.record.put(f'{root}/operation.json', opened)
        self.states[root] = state

        return opened

    def closed(self, operation='first'):
        found = self.record.get(f'{operation}/closed.json')

        return found and found['how']

    def fence(self):
        return lock.current(self.clients.mistral, PLAN)[0]


class LifetimeTestCase(OperationTestCase):

    def test_an_open_operation_refuses_a_new_one(self):
        error = self.assertRaises(exceptions.OperationInProgress, self.enter,
                                  'second')

        for text in ('upgrade that alice began at 2026-11-22T10:00:00Z',
                     'operation=first', 'state=ERROR',
                     'tripleo.operation.v1.resume',
                     'tripleo.operation.v1.abort'):
            self.assertIn(text, str(error))

        self.assertEqual(1, self.fence())

    def test_it_passes_its_own_root(self):
        self.states['first'] = 'RUNNING'
        self.assertEqual(1, lifetime.enter(self.clients, PLAN,
                                           self.holder('first'))[0])

    def test_one_that_ended_is_superseded(self):
        self.clients.mistral.workflows.stored[
            'tripleo.rollout.graph.first.1'] = {}
        self.assertEqual(2, self.enter('second', supersede=True)[0])
        closed = self.record.get('first/closed.json')
        self.assertEqual(('aborted', 'bob'), (closed['how'],
                                              closed['person']))
        self.assertIn('deploy, execution second', closed['reason'])
        self.assertEqual({}, self.clients.mistral.workflows.stored)

    def test_one_that_lives_is_not_superseded(self):
        self.states['first'] = 'PAUSED'
        self.assertRaises(exceptions.OperationInProgress, self.enter,
                          'second', supersede=True)
        self.assertIsNone(self.closed())

    def test_one_that_expired_is_closed(self):
        self.record.put('first/operation.json',
                        {**self.opened, 'deadline': time.time() - 1})
        self.assertEqual(2, self.enter('second')[0])
        self.assertEqual('expired', self.closed())

    def test_a_record_without_claims_still_counts(self):
        # Mistral's database was purged, or its backup is old.
        self.record.put('state/7/base.json', {})
        self.clients.mistral.environments.stored.clear()
        self.assertRaises(exceptions.OperationInProgress, self.enter,
                          'second')
        self.assertEqual(8, self.enter('second', supersede=True)[0])
        self.assertEqual(8, self.enter('second')[0])

    def test_closing_twice_keeps_the_first(self):
        for how in ('aborted', 'finished'):
            lifetime.close(self.clients, self.record, self.opened, how,
                           'bob')

        self.assertEqual('aborted', self.closed())


class GoingOnTestCase(OperationTestCase):

    def resume(self, root='second', person='bob', take_over=False,
               execution='', **decision):
        self.states.setdefault(root, 'RUNNING')

        return going_on.resume(
            self.clients, PLAN,
            going_on.Caller(root, person, take_over, execution), **decision)

    def abort(self, root='second', take_over=False):
        self.states.setdefault(root, 'RUNNING')
        operation = record.Operation(**going_on.abort(
            self.clients, PLAN, going_on.Caller(root, 'bob', take_over)))
        going_on.end(self.clients, operation, 'bob', 'enough')

    def test_one_that_ended_or_was_cancelled_is_resumed(self):
        for state in ('ERROR', 'CANCELLED'):
            self.states['first'] = state
            found = self.resume(state, retry_failed=True, by='person',
                                reason='repaired')
            self.assertEqual(('first', 'd', self.fence()), (
                found['operation'], found['digest'], found['fence']))
            kept = self.record.get(f'first/{found["fence"]}/resumed.json')
            self.assertEqual(('bob', True, 'person', 'repaired', False), (
                kept['person'], kept['retry_failed'], kept['by'],
                kept['reason'], kept['take_over']))
            self.states[state] = 'ERROR'

    def test_one_that_lives_is_taken_over_on_demand(self):
        for number, state in enumerate(('RUNNING', 'PAUSED'), 2):
            root = 'first' if number == 2 else 'root-2'
            self.states[root] = state
            self.assertRaises(exceptions.OperationInProgress, self.resume,
                              'refused')
            self.assertEqual(number, self.resume(
                f'root-{number}', take_over=True)['fence'])
            self.assertEqual('CANCELLED', self.states[root])

    def test_resuming_is_rerun_under_the_same_fence(self):
        first = self.resume()
        self.assertEqual(first, self.resume())

    def test_only_the_execution_that_was_named_is_taken_over_from(self):
        self.states['first'] = 'RUNNING'
        self.resume(take_over=True, execution='first')
        self.assertRaises(exceptions.OperationInProgress, self.resume,
                          'third', take_over=True, execution='first')

    def test_nothing_is_open(self):
        self.abort()
        self.states['second'] = 'SUCCESS'
        self.assertRaises(exceptions.NotFound, self.resume, 'third')
        self.assertRaises(exceptions.NotFound, self.abort, 'third')

    def test_a_dead_preview_is_ended(self):
        self.abort()
        self.states['second'] = 'SUCCESS'
        self.enter('preview')
        self.assertRaises(exceptions.OperationInProgress, self.abort,
                          'third')
        self.assertRaises(exceptions.NotFound, self.abort, 'third',
                          take_over=True)
        self.assertEqual('CANCELLED', self.states['preview'])

    def test_one_that_expired_is_closed_instead(self):
        self.record.put('first/operation.json',
                        {**self.opened, 'deadline': time.time() - 1})
        error = self.assertRaises(exceptions.NotFound, self.resume)
        self.assertIn('deadline', str(error))
        self.assertEqual('expired', self.closed())

    def test_aborting_frees_the_plan(self):
        self.abort()
        closed = self.record.get('first/closed.json')
        self.assertEqual(('aborted', 'bob', 'enough'), (
            closed['how'], closed['person'], closed['reason']))
        self.states['second'] = 'SUCCESS'
        self.assertEqual(3, self.enter('third')[0])

    def test_aborting_one_that_lives(self):
        self.states['first'] = 'RUNNING'
        self.assertRaises(exceptions.OperationInProgress, self.abort)
        self.abort(take_over=True)
        self.assertEqual('CANCELLED', self.states['first'])

    def test_who_was_taken_over_cannot_end_it(self):
        self.states['second'] = 'RUNNING'
        operation = record.Operation(**going_on.abort(
            self.clients, PLAN, going_on.Caller('second', 'bob')))
        self.resume('third', take_over=True)
        self.assertRaises(exceptions.FenceLost, going_on.end, self.clients,
                          operation, 'bob')
        self.assertIsNone(self.closed())
