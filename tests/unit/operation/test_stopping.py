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

import fixtures

from tests.unit.operation import test_going_on
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record
from tripleo_workflows.operation import stopping


class Dispatcher:
    """Remembers what was sent; answers what a test puts there."""

    sent = []
    there = {}

    def __init__(self, clients, container):
        pass

    def send(self, step, targets):
        self.sent += [(step, target) for target in targets]

        return {target.name: {'config': 'c'} for target in targets}

    def answers(self, step, nodes):
        return {name: answer for name, answer in self.there.items()
                if name in nodes}

    def clean(self, prefix, sent):
        pass


class StoppingTestCase(test_going_on.OperationTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.deployments.delivery.Dispatcher', Dispatcher))
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.operation.stopping.SLICE_SECONDS', 0))
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.operation.stopping.POLL_SECONDS', 0))
        Dispatcher.sent = self.sent = []
        Dispatcher.there = self.there = {}
        self.operation = record.Operation('first', test_going_on.PLAN, 1, 1,
                                          'd')
        names = 'done', 'within', 'later'
        self.record.put('documents/d.json', {
            'nodes': {name: {'server_id': f'server-{name}'}
                      for name in (*names, 'gone')},
            'services': {'web': {
                'nodes': {name: {'wanted': 'new'} for name in names},
                'leaving': {'gone': {}}}}})
        self.record.put_state(1, 'web', {'nodes': {
            'done': {'revision': 'new', 'fence': 1},
            'within': {'revision': 'unfinished', 'fence': 1},
            'later': {'revision': 'old', 'fence': 0}}})

    def stop(self, timeout=60):
        return stopping.stop(self.clients, self.operation, timeout)

    def test_nodes_in_the_middle_of_a_batch_are_asked_once(self):
        self.assertEqual({'done': False}, self.stop())
        self.assertEqual({'done': False}, self.stop())
        [(step, target)] = self.sent
        self.assertEqual(('abort', 'first', 1), (step.kind, step.operation,
                                                 step.fence))
        self.assertEqual(('within', 'server-within'), (target.name,
                                                       target.server_id))
        self.there['within'] = {'status': 'done', 'stopped': [{'step': 'x'}]}
        self.assertEqual({'done': True, 'stopped': ['within'], 'silent': []},
                         self.stop())

    def test_nodes_that_a_service_leaves_are_asked(self):
        self.record.put_state(1, 'web', {'nodes': {
            'gone': {'revision': 'unfinished', 'fence': 1}}})
        self.stop()
        self.assertEqual(['gone'], [target.name for _, target in self.sent])

    def test_nodes_in_a_step_around_the_batches_are_asked(self):
        self.record.put_state(1, 'web', {})
        self.record.put_batch(self.operation, 'web', 'finish', {
            'contract': {'nodes': {'done': {'status': 'sent'},
                                   'later': {'status': 'done'}}}})
        self.stop()
        self.assertEqual(['done'], [target.name for _, target in self.sent])

    def test_a_node_that_ran_nothing_was_not_stopped(self):
        self.there['within'] = {'status': 'done', 'stopped': []}
        self.assertEqual({'done': True, 'stopped': [], 'silent': []},
                         self.stop())

    def test_a_node_that_does_not_answer_is_named(self):
        self.stop()
        name = 'first/1/stopping.json'
        self.record.put(name, {**self.record.get(name),
                               'until': time.time() - 1})
        self.assertEqual({'done': True, 'stopped': [], 'silent': ['within']},
                         self.stop())

    def test_nothing_runs(self):
        self.record.put_state(1, 'web', {})
        self.assertEqual({'done': True, 'stopped': [], 'silent': []},
                         self.stop())
        self.assertEqual([], self.sent)

    def test_who_was_taken_over_stops_nothing(self):
        self.states['other'] = 'RUNNING'
        self.enter('other', supersede=True)
        self.assertRaises(exceptions.FenceLost, self.stop)
        self.assertEqual([], self.sent)
