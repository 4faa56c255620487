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
from tripleo_workflows.operation import status

PLAN = test_decisions.PLAN


class StatusTestCase(test_decisions.DecisionsTestCase):
    """The web service is rolled to release 2, node by node."""

    def setUp(self):
        super().setUp()
        self.record.put('documents/d.json', {'services': {
            'web': {'release': '2', 'nodes': {
                f'node-{number}': {'wanted': 'new-revision'}
                for number in range(4)}},
            'leaver': {'release': '1', 'nodes': {}}}})
        self.record.put('state/1/web.json', {
            'release': '2', 'phase': 'prepared', 'nodes': {
                'node-0': {'revision': 'new-revision', 'release': '2'},
                'node-1': {'revision': 'unfinished', 'release': '1'},
                'node-2': {'revision': 'old-revision', 'release': '1'},
                'node-3': {'revision': 'old-revision', 'release': '1'}}})
        self.record.put('state/1/mysql.json', {
            'release': '8', 'phase': 'finished',
            'nodes': {'node-5': {'revision': 'r', 'release': '8'}}})
        self.put('web.1', stop={'node-0': {'status': 'done'}},
                 gate={'node-0': {'status': 'done'}})
        self.put('web.2', stop={'node-1': {'status': 'done'}},
                 start={'node-1': {'status': 'sent'}})
        self.states['first'] = 'RUNNING'

    def put(self, batch, error='', **steps):
        self.record.put(f'first/1/{batch}.json', {
            step: {'begun': 60.0 * number, 'nodes': nodes,
                   **({'error': error} if error else {})}
            for number, (step, nodes) in enumerate(steps.items())})

    def rows(self):
        return {(row['service'], row['node']): row
                for row in status.read(self.clients, PLAN)['rows']}

    def stand(self, node, service='web'):
        row = self.rows()[service, node]

        return row['step'], row['status'], row['why']

    def test_the_mixed_state_is_told_by_node(self):
        rows = self.rows()
        self.assertEqual(
            {'service': 'web', 'phase': 'prepared', 'node': 'node-1',
             'release': '1', 'revision': 'unfinish', 'step': 'start',
             'status': 'running', 'since': '1970-01-01T00:01:00Z',
             'why': ''}, rows['web', 'node-1'])
        self.assertEqual(('2', 'new-revi', 'gate', 'done'), tuple(
            rows['web', 'node-0'][name] for name in (
                'release', 'revision', 'step', 'status')))
        self.assertEqual(('', 'waiting', ''), self.stand('node-2'))

    def test_what_the_operation_leaves_alone_is_told_too(self):
        row = self.rows()['mysql', 'node-5']
        self.assertEqual(('8', 'finished', 'unchanged'), (
            row['release'], row['phase'], row['status']))
        self.assertEqual(('', 'unchanged', ''), self.stand('', 'leaver'))

    def test_a_phase_of_the_release_before_says_which(self):
        state = self.record.get('state/1/web.json')
        self.record.put('state/1/web.json', {
            **state, 'release': '1', 'phase': 'finished'})
        self.assertEqual('finished (1)', self.rows()['web', 'node-0'][
            'phase'])

    def test_between_two_steps_a_node_waits(self):
        self.put('web.2', stop={'node-1': {'status': 'done'}})
        self.assertEqual(('stop', 'waiting', ''), self.stand('node-1'))

    def test_failures_say_why(self):
        for known, why in (
                ({'status': 'failed', 'status_code': 3, 'output': 'no disk'},
                 'ended with 3: no disk'),
                ({'status': 'unreachable'}, 'The node did not answer.'),
                ({'status': 'interrupted'}, 'look at the node')):
            self.put('web.2', start={'node-1': known},
                     error='The node did not answer.')
            step, stands, told = self.stand('node-1')
            self.assertEqual(('start', known['status']), (step, stands))
            self.assertIn(why, told)

    def test_a_gate_that_did_not_pass_is_a_failure(self):
        self.put('web.2', gate={'node-1': {'status': 'sent'}},
                 error='Check http did not pass.')
        self.assertEqual(('gate', 'failed', 'Check http did not pass.'),
                         self.stand('node-1'))

    def test_a_skipped_node_says_why(self):
        self.decide('skip', reason='dead', service='web', node='node-2')
        self.assertEqual(('', 'skipped', 'dead'), self.stand('node-2'))
        self.assertEqual('waiting', self.stand('node-3')[1])

    def test_what_is_held_says_who_and_what_runs_goes_on(self):
        self.decide('hold', reason='lunch', fence=1)
        _, stands, why = self.stand('node-2')
        self.assertEqual('held', stands)
        self.assertIn('held by bob since', why)
        self.assertIn('held by bob', status.read(self.clients, PLAN)['held'])
        self.assertEqual('running', self.stand('node-1')[1])

    def test_what_waits_says_for_what(self):
        self.record.put('first/1/waiting.json', {
            'what': 'approval of web.contract', 'since': 'now'})
        self.states['first'] = 'PAUSED'
        self.assertEqual(('', 'held', 'waits for approval of web.contract'),
                         self.stand('node-2'))

    def test_stock_commands_hold_as_well(self):
        self.states['first'] = 'PAUSED'
        self.assertEqual(('', 'held', 'has a paused execution'),
                         self.stand('node-2'))

    def test_a_closed_one_holds_nothing(self):
        self.decide('hold', fence=1)
        self.record.put('first/closed.json', {'how': 'aborted'})
        found = status.read(self.clients, PLAN)
        self.assertEqual(('aborted', ''), (found['state'], found['held']))
        self.assertEqual('waiting', self.stand('node-2')[1])
        self.assertEqual('waiting', self.stand('node-1')[1])
