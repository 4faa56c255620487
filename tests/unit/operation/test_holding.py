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

from mistralclient.api import base as mistral_base

from tests.unit.operation import test_decisions
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import record


class HoldingTestCase(test_decisions.DecisionsTestCase):

    def setUp(self):
        super().setUp()
        self.operation = record.Operation(
            'first', test_decisions.PLAN, 1, 1, 'd', root='first')
        self.states['first'] = 'RUNNING'

    def enforce(self):
        return holding.enforce(self.clients, self.operation, self.read())

    def wait(self, what, until=None):
        holding.wait(self.clients, self.operation, what, until)

    def waiting(self):
        return holding.waiting(self.record, 'first', 1)

    def test_nothing_holds_what_nobody_stopped(self):
        for state in ('RUNNING', 'ERROR', 'SUCCESS'):
            self.states['first'] = state
            self.assertIsNone(self.enforce())
            self.assertEqual(state, self.states['first'])

    def test_a_hold_pauses_whatever_the_engine_does(self):
        self.decide('hold', reason='lunch', fence=1)
        self.assertRegex(self.enforce(),
                         '^held by bob since 20.*Z: lunch$')
        self.assertEqual('PAUSED', self.states['first'])
        self.states['first'] = 'RUNNING'
        self.assertIn('held by bob', self.enforce())
        self.assertEqual('PAUSED', self.states['first'])

    def test_a_hold_counts_in_an_execution_that_ended(self):
        self.decide('hold', fence=1)
        self.states['first'] = 'ERROR'
        self.assertIn('held by bob', self.enforce())
        self.assertEqual('ERROR', self.states['first'])

    def test_who_goes_on_ends_it(self):
        self.decide('hold', fence=1)
        self.decide('go_on', fence=2)
        self.assertIsNone(self.enforce())

    def test_stock_commands_hold_as_well(self):
        for state, text in (('PAUSED', 'its execution was paused'),
                            ('CANCELLED', 'its execution was cancelled')):
            self.states['first'] = state
            self.assertEqual(text, self.enforce())

    def test_waiting_is_noted_and_keeps_others_from_beginning(self):
        self.wait('approval of web.contract')
        self.assertEqual('PAUSED', self.states['first'])
        self.assertEqual('approval of web.contract', self.enforce())
        first = self.waiting()
        self.assertEqual(('approval of web.contract', None), (
            first.what, first.until))
        self.record.put('first/1/waiting.json', {
            'what': first.what, 'since': 'long ago', 'until': None})
        self.wait(first.what)
        self.assertEqual('long ago', self.waiting().since)
        self.wait('the maintenance window', 5.0)
        self.assertEqual(('the maintenance window', 5.0), (
            self.waiting().what, self.waiting().until))

    def test_who_goes_on_waits_for_nothing(self):
        self.wait('approval of web.contract')
        self.assertIsNone(holding.waiting(self.record, 'first', 2))

    def refuse(self, state):
        def update(execution_id, new_state):
            self.states['first'] = state
            raise mistral_base.APIException(400, 'Not now')

        self.clients.mistral.executions.update = update

    def test_one_that_just_ended_needs_no_pause(self):
        self.refuse('CANCELLED')
        self.assertEqual('CANCELLED', holding.pause_execution(
            self.clients.mistral, 'first'))

    def test_one_that_cannot_be_paused_is_an_error(self):
        self.refuse('RUNNING')
        error = self.assertRaises(
            exceptions.ServiceUnavailable, holding.pause_execution,
            self.clients.mistral, 'first')
        self.assertIn('update -s PAUSED first', str(error))

    def test_a_hold_without_a_reason_reads_well(self):
        self.assertEqual('held by bob since now', holding.describe(
            decisions.Decision(1, 'hold', 'bob', 'now', '', {})))
