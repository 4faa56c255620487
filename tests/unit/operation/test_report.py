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

from keystoneauth1 import exceptions as keystone_exceptions

from tests.unit.operation import test_going_on
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import history
from tripleo_workflows.operation import report

PLAN = test_going_on.PLAN


class ReportTestCase(test_going_on.OperationTestCase):

    def setUp(self):
        super().setUp()
        self.record.put('documents/d.json', {'services': {'web': {
            'batches': [['node-0'], ['node-1']],
            'nodes': {f'node-{number}': {'server_id': 's'}
                      for number in range(2)}}}})
        self.put_step('stop', {'node-0': {
            'status': 'done', 'seconds': 0.5, 'sent': 10, 'known': 11}})

    def put_step(self, step, nodes, fence=1, **entry):
        name = f'first/{fence}/web.1.json'
        self.record.put(name, {
            **(self.record.get(name) or {}),
            step: {'begun': 10.0 + len(self.record.get(name) or {}),
                   'nodes': nodes, **entry}})

    def show(self):
        return report.show(self.clients, PLAN)

    def log(self):
        return [row['what'] for row in
                history.log(report.read(self.record))]

    def test_what_is_open_and_what_ended(self):
        rows = report.operations(self.clients, PLAN)
        self.assertEqual([('first', 'alice', 'open (ERROR)')], [
            (row['operation'], row['person'], row['state']) for row in rows])
        self.record.put('first/closed.json', {'how': 'aborted'})
        self.open('second', begun=2.0)
        self.assertEqual(['open (ERROR)', 'aborted'], [
            row['state'] for row in report.operations(self.clients, PLAN)])
        self.assertEqual([PLAN], report.plans(self.clients))

    def test_steps_and_batches_that_wait(self):
        self.assertEqual([('web', '1', 'stop', {'done': 1}),
                          ('web', '2', '', {'waiting': 1})],
                         [(row['service'], row['batch'], row['step'],
                           row['nodes']) for row in self.show()['steps']])

    def test_the_newest_fence_counts(self):
        self.record.put('first/decisions/1.json', {
            'kind': 'go_on', 'fence': 3, 'retry_failed': False,
            'person': 'bob', 'when': '2026-11-22T11:00:00Z',
            'by': 'watchdog', 'reason': 'lost', 'take_over': True})
        self.put_step('stop', {'node-0': {'status': 'sent'}}, fence=3)
        shown = self.show()
        self.assertEqual(3, shown['fence'])
        self.assertEqual({'sent': 1}, shown['steps'][0]['nodes'])
        self.assertEqual([(3, 'bob')], [
            (row['fence'], row['person']) for row in shown['decisions']])
        self.assertIn('resumed by bob (watchdog) under fence 3: take over, '
                      'lost', self.log())

    def test_failures_and_how_to_go_on(self):
        self.assertIn('Nothing failed', self.show()['next'][0])
        self.put_step('package', {
            'node-0': {'status': 'failed', 'status_code': 3,
                       'output': 'no such package'},
            'node-1': {'status': 'interrupted'}}, error='The step failed.')
        shown = self.show()
        self.assertEqual([('node-0', 'failed'), ('node-1', 'interrupted')],
                         [(row['node'], row['status'])
                          for row in shown['failed']])
        self.assertIn('ended with 3: no such package',
                      shown['failed'][0]['error'])
        self.assertIn('not known', shown['failed'][1]['error'])
        self.assertIn(f'resume {PLAN} --retry-failed', shown['next'][0])
        self.assertIn(f'skip {PLAN} ', shown['next'][1])
        self.assertIn(f'abort {PLAN}', shown['next'][2])

    def test_a_check_that_failed_has_no_node(self):
        self.put_step('gate', {'node-0': {'status': 'sent'}},
                      error='Check http did not pass.')
        [row] = self.show()['failed']
        self.assertEqual(('gate', '', 'Check http did not pass.'), (
            row['step'], row['node'], row['error']))

    def test_a_running_or_paused_one_says_so(self):
        for state, text in (('RUNNING', 'It runs'), ('PAUSED', 'paused')):
            self.states['first'] = state
            self.assertIn(text, self.show()['next'][0])

    def test_what_is_held_or_waits_says_so(self):
        self.record.put('first/1/waiting.json', {
            'what': 'approval of web.contract', 'since': 'now'})
        # Somebody let it run with Mistral's own commands.
        self.states['first'] = 'RUNNING'
        self.assertEqual('', self.show()['held'])
        self.states['first'] = 'PAUSED'
        shown = self.show()
        self.assertEqual('waits for approval of web.contract', shown['held'])
        self.assertIn('It waits for approval', shown['next'][0])
        decisions.decide(self.clients, PLAN, 'first', 'hold', 'bob', 'lunch',
                         fence=1)
        shown = self.show()
        self.assertIn('is held by bob', shown['held'])
        self.assertIn(f'resume {PLAN}', shown['next'][1])
        self.assertNotIn('--take-over', ' '.join(shown['next']))

    def test_decisions_are_told_in_the_log(self):
        for kind, details in (
                ('hold', {'fence': 1}),
                ('skip', {'service': 'web', 'node': 'node-0'}),
                ('approve', {'service': 'web', 'step': 'contract'}),
                ('waive', {'check': 'disk'}),
                ('change', {'service': '', 'soak': 5})):
            decisions.decide(self.clients, PLAN, 'first', kind, 'bob', 'why',
                             **details)

        rows = history.log(report.read(self.record))[-5:]
        self.assertEqual(
            ['held by bob: why', 'skipped by bob: why',
             'approved by bob: why', 'check disk waived by bob: why',
             'changed by bob: soak=5, why'], [row['what'] for row in rows])
        self.assertEqual(('web', 'node-0'), (rows[1]['service'],
                                             rows[1]['node']))
        self.assertEqual('contract', rows[2]['step'])

    def test_a_closed_one_leaves_nothing_to_decide(self):
        self.record.put('first/closed.json', {
            'how': 'aborted', 'person': 'bob', 'reason': 'enough',
            'when': '2026-11-22T12:00:00Z'})
        shown = self.show()
        self.assertEqual(('aborted', []), (shown['state'], shown['next']))
        self.assertEqual('aborted by bob: enough', self.log()[-1])

    def test_the_log_is_in_order_of_time(self):
        self.assertEqual(
            ['upgrade begun by alice under fence 1', 'begun', 'done'],
            self.log())

    def test_it_works_while_mistral_is_down(self):
        def refuse(*arguments, **keywords):
            raise keystone_exceptions.ConnectFailure

        self.clients.mistral.environments.list = refuse
        self.assertEqual('open (UNKNOWN)', self.show()['state'])
        self.assertEqual('open (UNKNOWN)', report.operations(
            self.clients, PLAN)[0]['state'])

    def test_an_unknown_operation_is_an_error(self):
        error = self.assertRaises(exceptions.NotFound, report.read,
                                  self.record, 'other')
        self.assertIn('operation=other', str(error))

    def test_the_newest_rows_fit(self):
        rows = [{'number': number} for number in range(10)]
        self.assertEqual((rows[-2:], 8), report.fit(rows, 40))
        self.assertEqual((rows, 0), report.fit(rows))
