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
import types

from tests.unit.operation import test_going_on
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import watchdog

PLAN = test_going_on.PLAN
LONG_AGO = '2026-01-01 10:00:00'
LATER = '2999-01-01 10:00:00'


class WatchdogTestCase(test_going_on.OperationTestCase):

    def watch(self):
        found = watchdog.watch(self.clients)

        return ([row['operation'] for row in found['resumed']],
                [row['reason'] for row in found['reported']])

    def resume(self, root, by):
        self.states[root] = 'RUNNING'
        going_on.resume(self.clients, PLAN, going_on.Caller(root, 'bob'),
                        by=by)
        self.states[root] = 'ERROR'

    def task(self, execution='first', **changes):
        self.clients.mistral.tasks.below.setdefault(execution, []).append(
            types.SimpleNamespace(**{
                'id': 'task', 'state': 'RUNNING', 'type': 'ACTION',
                'created_at': LONG_AGO, 'updated_at': None, **changes}))

    def test_a_lost_action_is_resumed(self):
        self.assertEqual((['first'], []), self.watch())
        [(workflow, given)] = self.clients.mistral.executions.started
        self.assertEqual('tripleo.operation.v1.resume', workflow)
        self.assertEqual((PLAN, 'watchdog', True, 'first'), (
            given['plan'], given['by'], given['take_over'],
            given['execution']))

    def test_three_times_at_most(self):
        for number in range(3):
            self.assertEqual((['first'], []), self.watch())
            self.resume(f'root-{number}', 'watchdog')

        self.resume('person', 'person')
        self.assertEqual(([], ['It was resumed 3 times and stopped again.']),
                         self.watch())

    def test_what_a_person_stopped_is_reported(self):
        for state in ('PAUSED', 'CANCELLED'):
            self.states['first'] = state
            resumed, [reason] = self.watch()
            self.assertEqual([], resumed)
            self.assertIn(state.lower(), reason)

    def test_what_a_person_holds_is_reported(self):
        decisions.decide(self.clients, PLAN, 'first', 'hold', 'bob', 'lunch',
                         fence=1)
        resumed, [reason] = self.watch()
        self.assertEqual([], resumed)
        self.assertIn('held by bob', reason)

    def wait(self, until):
        self.record.put('first/1/waiting.json', {
            'what': 'the window', 'since': 'now', 'until': until})
        self.states['first'] = 'PAUSED'

        return self.watch()

    def test_what_waits_for_a_person_or_a_time_to_come_is_reported(self):
        for until in (None, time.time() + 60):
            self.assertEqual(([], ['It waits for the window.']),
                             self.wait(until))

    def test_what_waited_for_a_time_that_has_come_is_resumed(self):
        self.assertEqual((['first'], []), self.wait(time.time() - 1))
        [(_, given)] = self.clients.mistral.executions.started
        self.assertIn('waits for the window, which has come',
                      given['reason'])

    def test_a_hold_outlasts_the_time_that_was_waited_for(self):
        decisions.decide(self.clients, PLAN, 'first', 'hold', 'bob', fence=1)
        self.assertEqual([], self.wait(time.time() - 1)[0])

    def test_what_failed_or_was_interrupted_is_reported(self):
        for status in ('failed', 'interrupted', 'unreachable'):
            self.record.put('first/1/web.1.json', {'stop': {
                'nodes': {'node-0': {'status': status}}}})
            resumed, [reason] = self.watch()
            self.assertEqual([], resumed)
            self.assertIn('node-0', reason)

    def test_what_is_done_or_gone_is_not_resumed(self):
        for state in ('SUCCESS', None):
            self.states['first'] = state

            if state is None:
                del self.states['first']

            self.assertEqual([], self.watch()[0])

    def test_what_expired_is_reported(self):
        self.record.put('first/operation.json',
                        {**self.opened, 'deadline': 1})
        self.assertEqual(([], ['Its deadline has passed.']), self.watch())

    def test_a_closed_one_is_none_of_its_business(self):
        self.record.put('first/closed.json', {'how': 'aborted'})
        self.assertEqual(([], []), self.watch())

    def test_one_that_moves_is_left_alone(self):
        for changes in ({'created_at': LATER}, {'updated_at': LATER},
                        {'state': 'DELAYED'}):
            self.states['first'] = 'RUNNING'
            self.clients.mistral.tasks.below.clear()
            self.task()
            self.task(**changes)
            self.assertEqual(([], []), self.watch(), changes)

    def test_one_whose_action_runs_is_left_alone(self):
        self.states['first'] = 'RUNNING'
        self.clients.mistral.executions.listed = [
            types.SimpleNamespace(id='child', state='RUNNING')]
        self.task('child')
        self.clients.mistral.action_executions.below['task'] = [
            types.SimpleNamespace(state='RUNNING')]
        self.assertEqual(([], []), self.watch())

    def test_one_that_is_stuck_is_taken_over(self):
        self.states['first'] = 'RUNNING'
        self.task(state='WAITING')
        self.task()
        self.assertEqual((['first'], []), self.watch())
