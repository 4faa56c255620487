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

from tests.unit.operation import test_decisions
from tripleo_workflows import claims
from tripleo_workflows import exceptions
from tripleo_workflows.operation import deciding
from tripleo_workflows.operation import lock

PLAN = test_decisions.PLAN


class DecidingTestCase(test_decisions.DecisionsTestCase):
    """The web service is in the middle of its first of two batches."""

    def setUp(self):
        super().setUp()
        self.record.put('documents/d.json', {'services': {'web': {
            'nodes': {'node-0': {}, 'node-1': {}},
            'members': ['node-0', 'node-1', 'node-2'],
            'lifecycle': {'Controller': {'steps': {
                'start': {'script': 's'}, 'verify': [{'name': 'v'}],
                'contract': {'script': 's', 'approve': True}}}}}}})
        self.record.put('first/1/web.1.json', {
            'stop': {'begun': 1, 'nodes': {'node-0': {'status': 'done'}}},
            'start': {'begun': 2, 'nodes': {'node-0': {'status': 'sent'}}}})

    def refused(self, function, *arguments):
        error = self.assertRaises(exceptions.InvalidInput, function,
                                  self.clients, PLAN, 'bob', *arguments)
        self.assertEqual([], self.numbers())

        return str(error)


class PauseTestCase(DecidingTestCase):

    def pause(self):
        return deciding.pause(self.clients, PLAN, 'bob', 'lunch')

    def test_it_is_held_and_what_runs_is_told(self):
        self.states['first'] = 'RUNNING'
        held = self.pause()
        self.assertEqual(('first', 'first', 'PAUSED'), (
            held['operation'], held['execution'], held['state']))
        self.assertEqual([('web', '1', 'start', {'sent': 1})], [
            (row['service'], row['batch'], row['step'], row['nodes'])
            for row in held['running']])
        hold = self.read().held()
        self.assertEqual(('bob', 'lunch', 1), (
            hold.person, hold.reason, hold.details['fence']))

    def test_it_is_recorded_before_the_engine_is_asked(self):
        self.states['first'] = 'RUNNING'

        def update(execution_id, state):
            self.assertIsNotNone(self.read().held())
            self.states[execution_id] = state

        self.clients.mistral.executions.update = update
        self.assertEqual('PAUSED', self.pause()['state'])

    def test_one_that_stopped_is_held_too(self):
        self.assertEqual('ERROR', self.pause()['state'])
        self.assertIsNotNone(self.read().held())

    def test_the_execution_that_works_now_is_paused(self):
        lock.acquire(self.clients.mistral, PLAN, lock.Holder(
            'second', 'first', 'upgrade', 'bob', 'now'))
        self.states['second'] = 'RUNNING'
        self.assertEqual('second', self.pause()['execution'])
        self.assertEqual(('ERROR', 'PAUSED'), (
            self.states['first'], self.states['second']))
        self.assertEqual(2, self.read().held().details['fence'])

    def test_nothing_is_open(self):
        self.record.put('first/closed.json', {'how': 'finished'})
        self.assertRaises(exceptions.NotFound, self.pause)

    def test_one_that_is_closed_meanwhile_is_said_to_be(self):
        put = self.clients.swift.put_object

        def close(container, name, body, content_type=None):
            put(container, name, body)
            put(container, 'first/closed.json', '{"how": "finished"}')

        self.clients.swift.put_object = close
        self.assertRaises(exceptions.NotFound, self.pause)
        self.assertEqual([], claims.numbers(
            self.clients.mistral, f'{PLAN}.decision.first'))


class DecideTestCase(DecidingTestCase):

    def skip(self, node='node-1', reason='dead'):
        return deciding.skip(self.clients, PLAN, 'bob', 'web', node, reason)

    def test_a_stopped_operation_goes_on(self):
        answer = self.skip()
        self.assertEqual(('first', True), (answer['operation'],
                                           answer['goes_on']))
        self.assertEqual({'node-1': 'dead'}, self.read().skipped('web'))

    def test_one_that_waits_goes_on(self):
        self.states['first'] = 'PAUSED'
        self.record.put('first/1/waiting.json', {
            'what': 'approval of web.contract', 'since': 'now'})
        answer = deciding.approve(self.clients, PLAN, 'bob', 'web',
                                  'contract', 'backup seen')
        self.assertTrue(answer['goes_on'])
        self.assertEqual('bob',
                         self.read().approved('web', 'contract').person)

    def test_one_that_runs_takes_it_into_account(self):
        self.states['first'] = 'RUNNING'
        answer = self.skip()
        self.assertFalse(answer['goes_on'])
        self.assertIn('what has not begun', answer['message'])

    def test_what_people_hold_stays_held(self):
        self.decide('hold', 'alice', 'lunch', fence=1)
        answer = self.skip()
        self.assertFalse(answer['goes_on'])
        self.assertIn('held by alice', answer['message'])

        for state in ('PAUSED', 'CANCELLED'):
            self.decide('go_on', fence=2)
            self.states['first'] = state
            answer = self.skip()
            self.assertFalse(answer['goes_on'])
            self.assertIn(state.lower(), answer['message'])

    def test_a_service_that_only_finishes_there_can_be_skipped(self):
        self.assertTrue(self.skip('node-2')['goes_on'])

    def test_a_check_is_waived_by_its_name(self):
        deciding.waive(self.clients, PLAN, 'bob', 'disk', 'known')
        self.assertEqual('known', self.read().waived('disk').reason)

    def test_unknown_names_are_refused(self):
        self.assertIn('node-0, node-1', self.refused(
            deciding.skip, 'web', 'node-9', 'dead'))
        self.assertIn('Give one of: web', self.refused(
            deciding.skip, 'wbe', 'node-0', 'dead'))
        self.assertIn('field=check', self.refused(
            deciding.waive, '', 'known'))

    def test_only_what_waits_for_it_is_approved(self):
        for step in ('start', 'verify', 'contrcat'):
            self.assertIn('Give one of: contract', self.refused(
                deciding.approve, 'web', step))

    def test_a_reason_is_asked_for(self):
        for function, arguments in ((deciding.skip, ('web', 'node-0', ' ')),
                                    (deciding.waive, ('disk', ''))):
            self.assertIn('field=reason', self.refused(function, *arguments))
