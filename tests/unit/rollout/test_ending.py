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

from tests.unit.rollout import plans
from tests.unit.rollout import test_steps
from tests.unit.rollout import world
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import ending
from tripleo_workflows.rollout import stored

A, B = test_steps.A, test_steps.B


class FinishTestCase(test_steps.UnitTestCase):

    def next_batch(self):
        return ending.next_batch(self.world.clients, self.world.operation,
                                 'web')

    def test_batches_follow_each_other_until_all_are_rolled(self):
        self.upgrade()
        self.assertEqual('1', self.next_batch())
        self.world.carry_out('1')
        self.assertEqual('2', self.next_batch())
        self.world.carry_out('2')
        self.assertIsNone(self.next_batch())

    def test_a_batch_that_has_not_ended_comes_again(self):
        self.upgrade()
        self.world.step('drain')
        self.world.go_on()
        self.assertEqual('1', self.next_batch())

    def test_nodes_that_failed_are_passed(self):
        self.upgrade(max_failures=1)
        self.nodes.replies[A, 'package'] = 'failed'
        self.world.carry_out('1')
        self.assertEqual('2', self.next_batch())
        self.world.carry_out('2')
        self.assertIsNone(self.next_batch())

    def test_how_far_a_service_is(self):
        self.upgrade(**{**test_steps.AFTER, 'finish': {
            'cleanup': plans.script()}})
        phases = []

        for unit in ('prepare', '1', '2', 'finish'):
            self.world.carry_out(unit)
            phases.append(self.world.state()['phase'])

        self.assertEqual(['prepared', 'prepared', 'rolled', 'finished'],
                         phases)
        self.assertEqual(['1', '2'], self.world.state()['history'])

    def test_the_last_batch_ends_a_service_without_a_finish(self):
        self.upgrade()
        self.world.carry_out('1')
        self.assertEqual('prepared', self.world.state()['phase'])
        self.world.carry_out('2')
        self.assertEqual('finished', self.world.state()['phase'])

    def test_the_steps_of_a_revision_are_kept(self):
        self.upgrade()
        self.world.carry_out()
        kept = stored.load(self.world.record, self.world.state()['nodes'][A][
            'lifecycle'])
        self.assertEqual('2', kept['release'])

    def test_what_steps_took_is_remembered(self):
        self.upgrade()
        self.world.carry_out()
        self.assertIn('package', self.world.state()['seconds'])

    def test_a_unit_may_be_ended_twice(self):
        self.upgrade()
        self.world.carry_out()
        before = self.world.state()
        self.world.finish()
        self.assertEqual(before['nodes'], self.world.state()['nodes'])

    def test_a_halt_that_takes_longer_is_waited_for(self):
        self.upgrade(batch=2, max_failures=1)
        self.nodes.replies[A, 'package'] = 'failed'

        for step in world.lifecycle_format.STEPS['roll']:
            self.world.step(step)

        self.nodes.silent = {A}
        self.assertEqual(
            {'done': False, 'nodes': []}, ending.finish(
                self.world.clients, self.world.operation, 'web', '1', 2))
        self.assertEqual('unfinished', self.world.release_of(B))
        self.nodes.silent = set()
        self.world.go_on()
        self.assertEqual([B], self.world.finish()['nodes'])
        self.assertTrue(self.world.state()['failed'][A]['halted'])

    def test_a_node_that_dies_while_it_is_halted_may_serve(self):
        self.upgrade(batch=2, max_failures=1)
        self.nodes.replies[A, 'package'] = 'failed'

        for step in world.lifecycle_format.STEPS['roll']:
            self.world.step(step)

        self.nodes.silent = {A}
        self.assertEqual([B], self.world.finish()['nodes'])
        self.assertFalse(self.world.state()['failed'][A]['halted'])

    def test_without_a_stop_nothing_is_stopped(self):
        before, after = (plans.lifecycle(release, batch=2, max_failures=1)
                         for release in '12')
        del after['lifecycle']['roll']['stop']
        self.world.begin({'web': before}, web=after)
        self.nodes.replies[A, 'package'] = 'failed'
        self.world.run()
        self.assertFalse(self.world.state()['failed'][A]['halted'])

    def test_a_sites_own_workflow_answers_for_a_batch(self):
        self.upgrade(batch=2, workflow='my.site.web')
        self.assertEqual([A, B], self.world.finish()['nodes'])
        self.assertEqual('2', self.world.release_of(A))

    def test_what_was_tolerated_is_what_is_left(self):
        self.upgrade(max_failures=1)
        self.nodes.replies[A, 'package'] = 'failed'
        self.world.run()
        self.world.kept.states = {'web': self.world.state()}
        left = self.world.compute({'web': world.web('2')})
        self.assertEqual([[A]], left['services']['web']['batches'])


class LeaveTestCase(test_steps.UnitTestCase):

    def setUp(self):
        super().setUp()
        self.world.begin({
            'web': plans.lifecycle(remove=plans.script()),
            'kept': plans.lifecycle()}, kept=plans.lifecycle())

    def test_a_service_leaves_by_the_steps_with_which_it_came(self):
        self.world.carry_out('leave')
        self.assertEqual(
            [f'{node} {step}' for step in ('drain', 'stop', 'remove')
             for node in (A, B)], self.nodes.sent)
        self.assertEqual({}, self.world.state())

    def test_a_failure_stops_it_and_nothing_is_put_back(self):
        self.nodes.replies[A, 'stop'] = ['failed']
        error = self.failed(self.world.carry_out, 'leave')
        self.assertEqual(('leave', 'stop'), (error.where['batch'],
                                             error.where['step']))
        self.world.go_on(retry=True)
        self.world.carry_out('leave')
        self.assertEqual({}, self.world.state())

    def test_a_node_that_is_skipped_stays_recorded(self):
        self.nodes.silent = {A}
        self.failed(self.world.carry_out, 'leave',
                    kind=exceptions.DeadlineExceeded)
        self.world.decide('skip', service='web', node=A)
        self.world.go_on()
        self.world.carry_out('leave')
        self.assertEqual({A}, set(self.world.state()['nodes']))
        self.assertEqual('skipped', self.world.state()['failed'][A]['status'])
        self.world.kept.states = {'web': self.world.state()}
        left = self.world.compute({})
        self.assertEqual([A], list(left['services']['web']['leaving']))
