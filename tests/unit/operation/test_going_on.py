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
from tripleo_workflows.operation import changes
from tripleo_workflows.operation import decisions
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

    def test_what_is_known_of_services_can_be_forgotten(self):
        self.states['first'] = 'RUNNING'
        self.record.put_state(1, 'web', {'nodes': {'node-0': {}}})
        self.record.put_state(1, 'db', {})
        forgotten = lifetime.forget(self.clients, PLAN, self.holder('first'))

        self.assertEqual(['web'], forgotten)
        self.assertEqual({'web': {}, 'db': {}}, self.record.states(1))

    def test_only_who_holds_the_plan_may_let_it_be_forgotten(self):
        self.states['first'] = 'RUNNING'
        self.assertRaises(exceptions.OperationInProgress, lifetime.forget,
                          self.clients, PLAN, self.holder('second'))

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

    def test_the_remedy_fits_how_it_stands(self):
        for state, remedy in (('RUNNING', 'take_over=true'),
                              ('PAUSED', 'It is held, or waits')):
            self.states['first'] = state
            self.assertIn(remedy, str(self.assertRaises(
                exceptions.OperationInProgress, self.enter, 'second')))

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

    def caller(self, root, **keywords):
        self.states.setdefault(root, 'RUNNING')

        return going_on.Caller(root, 'bob', **keywords)

    def decide(self, kind, **details):
        decisions.decide(self.clients, PLAN, 'first', kind, 'bob', **details)

    def decided(self):
        return decisions.read(self.record, 'first').all

    def abort(self, root='second', take_over=False):
        operation = record.Operation(**going_on.abort(
            self.clients, PLAN, self.caller(root, take_over=take_over)))
        going_on.end(self.clients, operation, 'bob', 'enough')

    def test_one_that_ended_or_was_cancelled_is_resumed(self):
        for state in ('ERROR', 'CANCELLED'):
            self.states['first'] = state
            found = self.resume(state, retry_failed=True, by='person',
                                reason='repaired')
            self.assertEqual(('first', 'd', self.fence()), (
                found['operation'], found['digest'], found['fence']))
            kept = self.decided()[-1]
            self.assertEqual(('go_on', 'bob', 'repaired', {
                'fence': found['fence'], 'execution': state,
                'retry_failed': True, 'by': 'person', 'take_over': False}), (
                    kept.kind, kept.person, kept.reason, kept.details))
            self.states[state] = 'ERROR'

    def test_one_that_lives_is_taken_over_on_demand(self):
        self.states['first'] = 'RUNNING'
        self.assertRaises(exceptions.OperationInProgress, self.resume,
                          'refused')
        self.assertEqual(2, self.resume(take_over=True)['fence'])
        self.assertEqual('CANCELLED', self.states['first'])

    def test_one_that_stands_still_is_resumed_at_once(self):
        # PAUSED by whoever it was, and by a hold that the engine ignores.
        for number, stop in enumerate((
                lambda root, fence: self.states.update({root: 'PAUSED'}),
                lambda root, fence: self.decide('hold', fence=fence)), 1):
            root = 'first' if number == 1 else f'root-{number}'
            self.states[root] = 'RUNNING'
            stop(root, number)
            self.assertEqual(number + 1, self.resume(
                f'root-{number + 1}')['fence'])
            self.assertEqual('CANCELLED', self.states[root])
            self.assertIsNone(decisions.read(self.record, 'first').held())

    def test_of_two_who_resume_what_is_held_one_wins(self):
        self.decide('hold', fence=1)
        self.states['first'] = 'PAUSED'
        # The first one has the lock, and has not recorded its decision yet.
        going_on.abort(self.clients, PLAN, self.caller('second'))
        self.assertIsNotNone(decisions.read(self.record, 'first').held())
        error = self.assertRaises(exceptions.OperationInProgress,
                                  self.resume, 'third')
        self.assertIn('bob', str(error))
        self.assertEqual('RUNNING', self.states['second'])

    def test_the_watchdog_leaves_to_people_what_they_hold(self):
        self.decide('hold', fence=1)
        error = self.assertRaises(exceptions.Conflict, self.resume,
                                  by='watchdog', take_over=True)
        self.assertIn('held by bob', str(error))
        self.assertEqual(1, self.fence())

    def test_resuming_is_rerun_under_the_same_fence(self):
        change = changes.Changes(max_failures=1)
        first = self.resume(change=change)
        self.assertEqual(first, self.resume(change=change))
        self.assertEqual(['change', 'go_on'], [
            decision.kind for decision in self.decided()])

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

    def test_another_deadline_revives_it(self):
        self.record.put('first/operation.json',
                        {**self.opened, 'deadline': time.time() - 1})
        self.resume(change=changes.Changes(deadline_seconds=600))
        self.assertIsNone(self.closed())
        self.assertFalse(lifetime.is_expired(
            lifetime.opened_with(self.record, 'first')))

    def test_what_is_changed_is_recorded_where_it_belongs(self):
        self.record.put('documents/d.json', {'services': {'web': {}}})
        self.resume(reason='canary is good', change=changes.Changes(
            'web', max_failures='25%', soak=5,
            not_after='2999-01-01T00:00:00Z'))
        found = decisions.read(self.record, 'first')
        self.assertEqual({'max_failures': '25%', 'soak': 5, 'not_after':
                          '2999-01-01T00:00:00Z'}, found.changes('web'))
        self.assertEqual(['not_after'], list(found.changes('mysql')))
        self.assertEqual({'canary is good'}, {
            decision.reason for decision in found.all})
        self.assertEqual('2999-01-01T00:00:00Z', lifetime.opened_with(
            self.record, 'first')['not_after'])

    def test_a_bad_change_takes_nothing_over(self):
        self.record.put('documents/d.json', {'services': {'web': {}}})

        for given, field in (({'max_failures': -1}, 'max_failures'),
                             ({'service': 'wbe', 'soak': 1}, 'service'),
                             ({'not_after': 'soon'}, 'not_after')):
            error = self.assertRaises(
                exceptions.InvalidInput, self.resume,
                change=changes.Changes(**given))
            self.assertIn(f'field={field}', str(error))

        self.assertEqual((1, []), (self.fence(), self.decided()))

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
