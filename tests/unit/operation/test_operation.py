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

from tests.unit import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record


def holder(root, person='alice'):
    return lock.Holder(root=root, operation=root, verb='upgrade',
                       person=person, since='2026-11-22T10:00:00Z')


class LockTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.mistral = fakes.Mistral()
        self.states = self.mistral.executions.states

    def acquire(self, root, **kwargs):
        self.states.setdefault(root, 'RUNNING')

        return lock.acquire(self.mistral, 'overcloud', holder(root),
                            **kwargs)[0]

    def test_the_first_gets_one_and_keeps_it(self):
        self.assertEqual(1, self.acquire('first'))
        self.assertEqual(1, self.acquire('first'))

    def test_a_living_holder_is_named(self):
        self.acquire('first')

        for state in ('RUNNING', 'PAUSED'):
            self.states['first'] = state
            error = self.assertRaises(exceptions.OperationInProgress,
                                      self.acquire, 'second')
            self.assertIn('alice has the plan locked for upgrade', str(error))
            self.assertIn('execution=first', str(error))

    def test_a_holder_that_ended_frees_the_lock(self):
        for number, state in enumerate(('SUCCESS', 'ERROR', 'CANCELLED'), 1):
            self.assertEqual(number, self.acquire(f'execution-{number}'))
            self.states[f'execution-{number}'] = state

        del self.states['execution-3']
        self.assertEqual(4, self.acquire('last'))

    def test_taking_over_raises_the_fence(self):
        self.acquire('first')
        self.assertEqual(2, self.acquire('second', take_over=True))
        lock.require_fence(self.mistral, 'overcloud', 2)
        error = self.assertRaises(exceptions.FenceLost, lock.require_fence,
                                  self.mistral, 'overcloud', 1)
        self.assertIn('execution=second', str(error))

    def test_only_who_was_named_is_taken_over_from(self):
        self.acquire('first')
        self.assertEqual(2, self.acquire('second', take_over=True,
                                         execution='first'))
        self.assertRaises(exceptions.OperationInProgress, self.acquire,
                          'third', take_over=True, execution='first')

    def test_the_tenth_lock_is_above_the_ninth(self):
        for number in range(1, 12):
            self.assertEqual(number, self.acquire(f'execution-{number}'))
            self.states[f'execution-{number}'] = 'SUCCESS'

        # The newest two are kept; a worker far behind still learns of them.
        self.assertEqual({'overcloud.lock.10', 'overcloud.lock.11'},
                         set(self.mistral.environments.stored))
        self.assertRaises(exceptions.FenceLost, lock.require_fence,
                          self.mistral, 'overcloud', 3)

    def test_a_floor_lifts_the_lock(self):
        self.acquire('first')
        self.states['first'] = 'ERROR'
        self.assertEqual(8, self.acquire('second', floor=7))
        self.assertEqual(8, self.acquire('second', floor=7))
        # Its owner may learn of a higher one later.
        self.assertEqual(10, self.acquire('second', floor=9))
        self.states['second'] = 'ERROR'
        self.assertEqual(11, self.acquire('third', floor=3))
        self.assertEqual({'overcloud.lock.10', 'overcloud.lock.11'},
                         set(self.mistral.environments.stored))

    def test_a_contender_with_an_old_view_gets_nothing(self):
        self.acquire('first')
        self.states['first'] = 'ERROR'
        self.states['slow'] = 'RUNNING'
        create = self.mistral.environments.create

        def overtaken(**kwargs):
            self.mistral.environments.create = create
            self.acquire('quick', floor=7)
            self.mistral.environments.delete('overcloud.lock.2')
            create(**kwargs)

        self.mistral.environments.create = overtaken
        error = self.assertRaises(exceptions.OperationInProgress,
                                  self.acquire, 'slow')
        self.assertIn('execution=quick', str(error))

    def test_another_plan_has_a_lock_of_its_own(self):
        self.acquire('first')
        self.states['other'] = 'RUNNING'
        self.assertEqual(1, lock.acquire(self.mistral, 'cloud',
                                         holder('other'))[0])


class RecordTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        self.record = record.Record(swift, 'overcloud')

    def operation(self, fence, first=1):
        return record.Operation('operation', 'overcloud', fence, first, 'd')

    def test_a_batch_is_read_from_the_newest_fence(self):
        steps = {'stop': {'nodes': {'node': {'status': 'done'}}}}
        self.record.put_batch(self.operation(2, 2), 'web', 1, steps)

        self.assertEqual(steps, self.record.batch(
            self.operation(4, 2), 'web', 1))
        self.record.put_batch(self.operation(3, 2), 'web', 1, {})
        self.assertEqual({}, self.record.batch(self.operation(4, 2), 'web', 1))

    def test_a_worker_that_lost_its_fence_changes_nothing(self):
        self.record.put_batch(self.operation(3), 'web', 1, {'stop': {}})
        self.record.put_batch(self.operation(2), 'web', 1, {'start': {}})
        self.assertEqual({'stop': {}},
                         self.record.batch(self.operation(3), 'web', 1))

    def test_states_are_carried_over_and_overlaid(self):
        self.record.put_state(1, 'web', {'release': '1'})
        self.record.put_state(1, 'haproxy', {'release': '2.6'})
        self.record.carry_over(2, ['web'])
        self.record.put_state(2, 'web', {'release': '2'})
        # A stale worker writes under its own number.
        self.record.put_state(1, 'web', {'release': 'stale'})

        self.assertEqual({'web': {'release': '2'},
                          'haproxy': {'release': '2.6'}},
                         self.record.states(5))
        self.assertEqual({'release': '2'}, self.record.state(5, 'web'))
        self.assertEqual({'release': '2.6'}, self.record.state(5, 'haproxy'))
        self.assertEqual({}, self.record.state(5, 'other'))

    def test_carrying_over_twice_keeps_the_first(self):
        self.record.put_state(1, 'web', {'release': '1'})
        self.record.carry_over(2, ['web'])
        self.record.put_state(1, 'web', {'release': 'stale'})
        self.record.carry_over(2, ['web'])
        self.assertEqual({'release': '1'}, self.record.state(2, 'web'))

    def test_an_unknown_document_is_an_error_with_a_remedy(self):
        error = self.assertRaises(exceptions.NotFound, self.record.document,
                                  'abc')
        self.assertIn('tripleo.upgrade.v1.preview', str(error))
        self.assertIn('digest=abc', str(error))
