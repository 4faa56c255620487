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

import fixtures

from tests.unit.operation import test_going_on
from tripleo_workflows.deployments import sweep
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import retention

PLAN = test_going_on.PLAN
OLD = '2026-01-01T10:00:00.000000'


class Dispatcher:
    """Sweeps what lies below a prefix."""

    def __init__(self, clients, container):
        self._objects = clients.swift.containers.get(container, {})

    def sweep(self, prefix, seconds, age=0):
        found = [name for name in self._objects
                 if name.startswith(prefix) and '/deliveries/' in name]

        for name in found:
            del self._objects[name]

        return sweep.Swept(len(found))


class RetentionTestCase(test_going_on.OperationTestCase):
    """Closed operations 0 (old) to 3 (new), and one that is open."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.deployments.delivery.Dispatcher', Dispatcher))
        self.swift = self.clients.swift
        self.close('first', 0)

        for number in range(1, 4):
            self.open(f'closed-{number}', 'SUCCESS', digest=f'd{number}')
            self.put(f'documents/d{number}.json')
            self.put(f'closed-{number}/{number + 1}/web.1.json')
            self.close(f'closed-{number}', number)

        self.open('open', digest='open')
        self.put('documents/open.json')
        self.put('documents/previewed.json')
        self.put('open/5/web.1.json')
        self.objects = self.swift.containers[f'{PLAN}-operations']
        self.grow_old()

    def put(self, name):
        self.record.put(name, {})

    def close(self, operation, number):
        self.record.put(f'{operation}/closed.json', {
            'how': 'finished', 'when': f'2026-01-0{number + 1}T10:00:00Z'})

    def grow_old(self):
        self.swift.written = dict.fromkeys(self.objects, OLD)

    def clean(self, **limits):
        return retention.Cleaning(self.clients, **{
            'keep_operations': 2, **limits}).clean()

    def operations(self):
        return sorted({name.partition('/')[0] for name in self.objects}
                      - {'state', 'documents'})

    def test_what_is_beyond_both_limits_goes(self):
        outcome = self.clean()
        self.assertEqual(['closed-2', 'closed-3', 'open'], self.operations())
        self.assertTrue(outcome['done'])
        self.assertEqual(2, outcome['removed']['operations'])
        self.assertEqual({'d2.json', 'd3.json', 'open.json'}, {
            name.partition('/')[2] for name in self.objects
            if name.startswith('documents/')})

    def test_what_is_young_stays(self):
        self.swift.written = {}
        before = set(self.objects)
        self.clean()
        self.assertEqual(before, set(self.objects))

    def test_the_newest_stay_however_old(self):
        self.clean(keep_operations=10)
        self.assertEqual(5, len(self.operations()))

    def test_a_dry_run_counts(self):
        before = set(self.objects)
        outcome = self.clean(dry_run=True)
        self.assertEqual(before, set(self.objects))
        self.assertEqual(2, outcome['removed']['operations'])

    def test_a_call_that_is_cut_is_finished_by_the_next(self):
        remove = self.swift.delete_object
        calls = []

        def slow(container, name):
            remove(container, name)
            calls.append(name)

            if len(calls) == 3:
                cut._until = 0

        self.swift.delete_object = slow
        cut = retention.Cleaning(self.clients, 2)
        self.assertFalse(cut.clean()['done'])
        # What is half removed still reads as closed, not as open.
        self.assertEqual(['open'], [
            opened['operation'] for opened
            in lifetime.open_operations(self.record)])
        self.assertTrue(self.clean()['done'])
        self.assertEqual(['closed-2', 'closed-3', 'open'], self.operations())

    def test_states_that_are_read_stay(self):
        for fence, service in ((1, 'web'), (2, 'base'), (2, 'web'),
                               (4, 'base'), (4, 'web'), (5, 'haproxy')):
            self.put(f'state/{fence}/{service}.json')

        self.record.put('state/key.json', {'key': 'secret'})
        self.grow_old()
        self.clean()
        self.assertEqual(
            ['state/4/base.json', 'state/4/web.json', 'state/5/haproxy.json',
             'state/key.json'],
            sorted(name for name in self.objects if name.startswith('state')))

    def test_deliveries_of_a_closed_one_go_at_once(self):
        self.put('closed-3/deliveries/web.1.stop.1/node.result')
        self.put('open/deliveries/web.1.stop.1/node.result')
        self.clean()
        self.assertEqual(
            ['open/deliveries/web.1.stop.1/node.result'],
            [name for name in self.objects if '/deliveries/' in name])

    def test_what_never_became_an_operation_goes(self):
        self.put('never/7/survey.json')
        self.put('survey-x/table.json')
        self.clean()
        self.assertIn('never', self.operations())
        self.grow_old()
        self.clean()
        self.assertEqual(['closed-2', 'closed-3', 'open'], self.operations())

    def test_the_newest_two_locks_stay(self):
        stored = self.clients.mistral.environments.stored
        stored[f'{PLAN}.lock.1'] = stored[f'{PLAN}.lock.5']
        self.clean()
        self.assertEqual({f'{PLAN}.lock.4', f'{PLAN}.lock.5'}, set(stored))

    def test_graphs_of_closed_ones_go(self):
        stored = self.clients.mistral.workflows.stored
        young = {'created_at': '2999-01-01 10:00:00'}
        old = {'created_at': '2026-01-01 10:00:00'}

        for operation, times in (('closed-3', young), ('open', old),
                                 ('unknown', young), ('forgotten', old)):
            stored[f'tripleo.rollout.graph.{operation}.1'] = times

        self.clean()
        self.assertEqual({'tripleo.rollout.graph.open.1',
                          'tripleo.rollout.graph.unknown.1'}, set(stored))
