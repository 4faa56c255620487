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

from tests.unit.rollout import plans
from tests.unit.rollout import world
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import delivered

A, B = 'controller-0', 'controller-1'
AFTER = {'prepare': {'backup': plans.script(), 'expand': plans.script()},
         'finish': {'migrate': plans.script(), 'contract': plans.script(
             point_of_no_return=True, approve=True)}}


class UnitTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.nodes = self.world.nodes

    def upgrade(self, **more):
        """Begin to roll from release 1 to 2, one node at a time."""
        self.world.begin({'web': world.web()}, web=world.web('2', **more))

    def failed(self, act, *args, kind=exceptions.StepFailed):
        return self.assertRaises(kind, act, *args)


class OrderTestCase(UnitTestCase):

    def test_steps_come_in_their_order_batch_by_batch(self):
        self.upgrade()
        self.world.run()
        self.assertEqual([f'{node} {step}' for node in (A, B)
                          for step in world.FORWARD], self.nodes.sent)
        self.assertEqual(('2', 'finished'), (
            self.world.state()['release'], self.world.state()['phase']))

    def test_a_step_whose_predecessor_is_missing_is_refused(self):
        self.upgrade()
        error = self.failed(self.world.step, 'stop')
        self.assertIn('cannot begin before drain', str(error))
        self.assertEqual([], self.nodes.sent)

    def test_a_step_that_is_done_answers_at_once(self):
        self.upgrade()
        self.world.step('drain')
        self.assertTrue(self.world.step('drain')['done'])
        self.assertEqual([f'{A} drain'], self.nodes.sent)

    def test_a_step_that_no_node_has_is_done(self):
        self.upgrade()
        self.world.step('drain')
        self.assertTrue(self.world.step('reload')['done'])

    def test_a_slice_that_is_over_says_so(self):
        self.upgrade()
        self.nodes.silent = {A}
        answer = self.world.step('drain', seconds=5)
        self.assertFalse(answer['done'])
        self.assertEqual({'sent': 1}, answer['nodes'])
        self.assertEqual([{'node': A, 'status': 'sent', 'attempt': 1,
                           'tail': ''}], answer['rows'])

    def test_a_unit_is_not_finished_before_its_last_step(self):
        self.upgrade()
        self.world.step('drain')
        error = self.failed(self.world.finish)
        self.assertIn('finished cannot begin before stop', str(error))

    def test_a_node_leaves_its_revision_when_the_first_step_begins(self):
        self.upgrade()
        self.nodes.silent = {A}
        self.world.step('drain', seconds=1)
        self.assertEqual(['unfinished', '1'], [
            self.world.release_of(node) for node in (A, B)])

    def test_a_worker_whose_fence_is_lost_begins_nothing(self):
        self.upgrade()
        old = self.world.operation
        self.world.go_on()
        self.world.operation = old
        self.failed(self.world.step, 'drain', kind=exceptions.FenceLost)
        self.assertEqual([], self.nodes.sent)

    def test_hooks_stand_around_their_step(self):
        hooks = [{'name': 'ask', 'before': 'web.stop', 'script': 'x'},
                 {'name': 'tell', 'after': 'web.stop', 'script': 'x'}]
        self.world.kept.carry_out(self.world.compute({'web': world.web()}))
        self.world.compute = lambda services, **more: (
            self.world.kept.compute({'Controller': services}, controller=2,
                                    hooks=hooks, **more))
        self.world.begin(web=world.web('2'))
        self.world.step('drain')
        self.nodes.replies[A, 'before-stop-ask'] = ['failed']
        self.failed(self.world.step, 'stop')
        self.assertEqual([f'{A} drain', f'{A} before-stop-ask'],
                         self.nodes.sent)
        self.world.go_on(retry=True)
        self.world.step('stop')
        self.assertEqual(
            [f'{A} before-stop-ask', f'{A} stop', f'{A} after-stop-tell'],
            self.nodes.sent[2:])


class GoingOnTestCase(UnitTestCase):

    def test_what_was_sent_is_asked_again_under_a_new_fence(self):
        self.upgrade()
        self.nodes.silent = {A}
        self.world.step('drain', seconds=1)
        self.nodes.silent = set()
        self.world.go_on()
        # The node has it from the first fence, and its journal answers.
        self.assertTrue(self.world.step('drain')['done'])
        self.assertEqual([(1, 1), (1, 2)], [
            request[3:] for request in self.nodes.requests])

    def test_what_is_done_is_not_asked_again(self):
        self.upgrade()
        self.world.step('drain')
        self.world.go_on()
        self.world.step('drain')
        self.world.step('stop')
        self.assertEqual([f'{A} drain', f'{A} stop'], self.nodes.sent)

    def test_a_failure_stays_until_a_person_decides(self):
        self.upgrade()
        self.nodes.replies[A, 'drain'] = ['interrupted', 'done']
        error = self.failed(self.world.step, 'drain')
        self.assertEqual(
            {'plan': 'overcloud', 'service': 'web', 'batch': '1',
             'step': 'drain', 'node': A}, error.where)
        self.world.go_on()
        self.failed(self.world.step, 'drain')
        self.assertEqual(1, len(self.nodes.sent))
        self.world.go_on(retry=True)
        self.assertTrue(self.world.step('drain')['done'])
        self.assertEqual((2, 3), self.nodes.requests[-1][3:])

    def test_a_skipped_node_is_left_alone_and_told(self):
        self.upgrade(batch=2)
        self.nodes.replies[A, 'drain'] = 'interrupted'
        self.failed(self.world.step, 'drain')
        self.world.decide('skip', service='web', node=A, reason='is broken')
        self.world.go_on()
        self.world.run()
        self.assertNotIn(f'{A} stop', self.nodes.sent)
        self.assertEqual('2', self.world.release_of(B))
        self.assertEqual(
            {'operation': 'operation', 'unit': '1', 'step': 'drain',
             'status': 'skipped', 'halted': False},
            self.world.state()['failed'][A])

    def test_a_node_that_is_done_is_not_skipped_any_more(self):
        self.upgrade(batch=2)
        self.world.step('drain')
        self.world.decide('skip', service='web', node=A)
        self.world.step('stop')
        self.assertEqual({A: 'done', B: 'done'},
                         self.world.statuses('drain'))
        self.assertEqual({A: 'skipped', B: 'done'},
                         self.world.statuses('stop'))

    def test_a_node_that_is_skipped_is_not_checked(self):
        self.upgrade(batch=2)
        self.world.failing = {f'verify {A}'}
        self.failed(self.world.carry_out)
        self.world.decide('skip', service='web', node=A)
        self.world.go_on(retry=True)
        self.assertIsNone(self.world.run())
        self.assertEqual('2', self.world.release_of(B))


class BudgetTestCase(UnitTestCase):

    def test_a_batch_goes_on_without_a_node_that_may_fail(self):
        self.upgrade(batch=2, max_failures=1)
        self.nodes.replies[A, 'package'] = 'failed'
        self.world.run()
        self.assertNotIn(f'{A} start', self.nodes.sent)
        self.assertEqual('2', self.world.release_of(B))
        # The service does not serve there, half rolled.
        self.assertEqual(f'{A} stop', self.nodes.sent[-1])
        self.assertTrue(self.world.state()['failed'][A]['halted'])

    def test_more_than_may_fail_over_all_batches_stop_the_service(self):
        self.upgrade(max_failures=1)
        self.nodes.replies = {(A, 'package'): ['failed'],
                              (B, 'package'): ['failed']}
        error = self.failed(self.world.run)
        self.assertEqual(('2', B), (error.where['batch'],
                                    error.where['node']))

    def test_a_person_may_raise_the_budget(self):
        self.upgrade()
        self.nodes.replies[A, 'package'] = 'interrupted'
        self.failed(self.world.carry_out)
        self.world.decide('change', service='', max_failures='50%')
        self.world.go_on()
        self.world.run()
        self.assertEqual('2', self.world.release_of(B))

    def test_a_failed_gate_is_not_tolerated(self):
        self.upgrade(max_failures=2)
        self.world.failing = {'gate'}
        error = self.failed(self.world.carry_out)
        self.assertEqual('gate', error.where['step'])

    def test_a_phase_tolerates_nothing(self):
        self.upgrade(max_failures=2, **AFTER)
        self.nodes.replies[A, 'expand'] = 'failed'
        error = self.failed(self.world.carry_out, 'prepare')
        self.assertEqual(('prepare', 'expand'), (
            error.where['batch'], error.where['step']))
        self.assertEqual('1', self.world.release_of(A))

    def test_a_node_that_never_answers_counts_as_failed(self):
        self.upgrade(batch=2, max_failures=1)
        self.nodes.silent = {A}
        self.world.run()
        failed = self.world.state()['failed'][A]
        self.assertEqual(('drain', 'unreachable', False), (
            failed['step'], failed['status'], failed['halted']))


class PermissionTestCase(UnitTestCase):

    def held(self, what, held):
        self.assertIn(what, held)
        self.assertEqual('PAUSED', self.world.clients.mistral.executions
                         .states[self.world.operation.root])

    def test_a_hold_begins_nothing(self):
        self.upgrade()
        self.world.decide('hold', fence=1)
        self.held('held by bob', self.world.carry_out())
        self.assertEqual([], self.nodes.sent)
        self.world.go_on()
        self.assertIsNone(self.world.carry_out())

    def test_a_hold_lets_what_is_done_pass(self):
        self.upgrade()
        self.world.step('drain')
        self.world.decide('hold', fence=1)
        self.assertTrue(self.world.step('drain')['done'])
        self.held('held by bob', self.world.step('stop')['held'])

    def test_a_step_waits_for_its_approval(self):
        self.upgrade(**AFTER)
        self.held('approval of web.contract', self.world.run())
        self.assertEqual(f'{A} migrate', self.nodes.sent[-1])
        self.world.decide('approve', service='web', step='contract')
        self.world.go_on()
        self.assertIsNone(self.world.carry_out('finish'))
        self.assertEqual(f'{A} contract', self.nodes.sent[-1])
        self.assertEqual('finished', self.world.state()['phase'])

    def test_outside_its_window_no_unit_begins(self):
        self.upgrade()
        self.world.record.put('operation/operation.json', {
            'not_before': '2027-01-15T08:00:00Z',
            'not_after': '2027-01-15T10:00:00Z'})
        self.world.clock.now = world.START - 3600
        self.held('opens at 2027-01-15T08:00:00Z', self.world.carry_out())
        self.world.clock.now = world.START + 60
        self.world.go_on()
        self.world.step('drain')
        self.world.clock.now += 2 * 3600
        # What was begun is brought to its end.
        self.assertIsNone(self.world.carry_out())
        self.held('this one closes', self.world.carry_out('2'))

    def test_what_failed_is_put_back_outside_the_window_too(self):
        self.upgrade()
        self.world.record.put('operation/operation.json', {
            'not_after': '2027-01-15T10:00:00Z'})
        self.nodes.replies[A, 'package'] = ['failed']
        self.failed(lambda: [self.world.step(step) for step in (
            'drain', 'stop', 'package')])
        self.world.clock.now += 5 * 3600
        self.assertTrue(self.world.compensate()['done'])
        self.assertEqual('1', self.world.release_of(A))

    def test_no_way_back_without_the_backup(self):
        self.upgrade(**AFTER)
        self.world.decide('approve', service='web', step='contract')
        self.world.roll()
        error = self.failed(self.world.carry_out, 'finish')
        self.assertEqual('contract', error.where['step'])
        self.assertIn('backup', str(error))
        self.world.carry_out('prepare')
        self.assertIsNone(self.world.carry_out('finish'))

    def test_a_contract_waits_while_an_old_node_may_serve(self):
        self.upgrade(max_failures=1, **AFTER)
        self.nodes.silent = {B}
        error = self.failed(self.world.run)
        self.assertEqual('migrate', error.where['step'])
        self.assertIn(B, str(error))

    def test_a_contract_may_follow_where_the_old_is_stopped(self):
        self.upgrade(max_failures=1, **AFTER)
        self.nodes.replies[B, 'package'] = 'failed'
        self.assertIn('approval', self.world.run())
        self.assertIn(f'{A} migrate', self.nodes.sent)

    def test_a_node_that_cannot_be_stopped_may_serve(self):
        self.upgrade(max_failures=1, **AFTER)
        self.nodes.replies[B, 'drain'] = 'failed'
        self.nodes.replies[B, 'stop'] = 'failed'
        error = self.failed(self.world.run)
        self.assertEqual('migrate', error.where['step'])
        self.assertFalse(self.world.state()['failed'][B]['halted'])


class DeliveryTestCase(UnitTestCase):

    def test_a_first_roll_neither_drains_nor_stops(self):
        self.world.begin(web=world.web(), verb='deploy')
        self.world.run()
        self.assertEqual(
            [f'{node} {step}' for step in ('package', 'start', 'undrain')
             for node in (A, B)], self.nodes.sent)

    def test_a_step_takes_as_long_as_it_says(self):
        self.upgrade(roll={'drain': plans.script(timeout=30)})
        self.nodes.silent = {A}
        begun = self.world.clock.now
        self.failed(self.world.carry_out, kind=exceptions.DeadlineExceeded)
        self.assertLess(30, self.world.clock.now - begun)
        self.assertLess(self.world.clock.now - begun,
                        30 + delivered.DELIVERY_SECONDS + 30)

    def test_what_was_sent_for_a_unit_is_removed_at_its_end(self):
        self.upgrade()
        self.world.carry_out()
        self.assertEqual(['operation/deliveries/web.1.'],
                         self.nodes.cleaned)
