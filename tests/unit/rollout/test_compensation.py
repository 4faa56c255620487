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
from tripleo_workflows.rollout import compensation

A, B = test_steps.A, test_steps.B


class CompensationTestCase(test_steps.UnitTestCase):

    def upgrade(self, **more):
        """Begin to roll both nodes at once, by steps that tell which."""
        self.world.begin(
            {'web': world.web(package='old')},
            web=world.web('2', package='new', **{'batch': 2, **more}))

    def fail(self, step='start', node=A, status='failed'):
        """Let a node fail in a step, once, and the batch be put back."""
        self.nodes.replies[node, step] = [status]
        error = self.failed(self.world.carry_out)
        self.assertEqual((step, node), (error.where['step'],
                                        error.where['node']))

    def ways(self):
        return {node: known['way'] for node, known in self.world.record.batch(
            self.world.operation, 'web', '1')['compensate']['nodes'].items()}

    def back(self, number=1):
        """What was sent to put the batch back, by node."""
        sent = [(node, step) for unit, step, node, _, _
                in self.nodes.requests if unit == f'back-1-{number}']

        return {node: [step for name, step in sent if name == node]
                for node, _ in sent}

    def test_all_nodes_of_the_batch_get_what_they_had(self):
        self.upgrade()
        self.fail()
        self.assertEqual({A: 'back', B: 'back'}, self.ways())
        self.assertEqual({A: world.FORWARD, B: world.FORWARD}, self.back())
        self.assertEqual(['1', '1'], [self.world.release_of(node)
                                      for node in (A, B)])
        # What is put back is what was there, and nothing is left to do.
        before = self.world.compute({'web': world.web(package='old')})
        self.assertEqual({}, before['services'])

    def test_where_nothing_was_the_service_is_stopped(self):
        self.world.begin(web=world.web(), verb='deploy')
        self.fail()
        self.assertEqual({A: 'halt', B: 'halt'}, self.ways())
        self.assertEqual({A: ['stop'], B: ['stop']}, self.back())
        self.assertEqual([None, None], [self.world.release_of(node)
                                        for node in (A, B)])

    def test_a_release_without_a_way_back_is_stopped(self):
        self.upgrade(reversible=False)
        self.fail()
        self.assertEqual({A: ['stop'], B: ['stop']}, self.back())
        self.assertEqual('unfinished', self.world.release_of(A))

    def test_a_changed_secret_is_no_way_back(self):
        def lifecycle(release, password):
            return world.web(release, batch=2, secrets=['PASSWORD'], roll={
                'package': plans.script(inputs={'PASSWORD': password})})

        self.world.kept.carry_out(self.world.compute(
            {'web': lifecycle('1', 'old')}))
        self.world.begin(web=lifecycle('2', 'new'))
        self.nodes.replies[A, 'drain'] = ['failed']
        self.failed(self.world.carry_out)
        self.assertEqual({A: 'halt', B: 'halt'}, self.ways())

    def test_a_batch_that_nobody_knows_is_left_alone(self):
        for status in ('interrupted', 'aborted', 'refused'):
            self.world = self.useFixture(world.World())
            self.nodes = self.world.nodes
            self.upgrade()
            self.nodes.replies[A, 'start'] = {'status': status,
                                              'fence_seen': 7}
            self.assertRaises(exceptions.TripleoError, self.world.carry_out)
            self.assertEqual({}, self.back())

    def test_an_interrupted_node_is_left_alone_beside_a_failed_one(self):
        self.upgrade()
        self.nodes.replies[B, 'start'] = ['interrupted']
        self.fail()
        self.assertEqual([A], list(self.back()))
        self.assertEqual('unfinished', self.world.release_of(B))

    def test_a_node_that_has_not_answered_keeps_the_batch_as_it_is(self):
        self.upgrade()
        self.fail()
        steps = self.world.record.batch(self.world.operation, 'web', '1')
        del steps['compensate']
        steps['start']['nodes'] = {A: {'status': 'failed'},
                                   B: {'status': 'sent'}}
        self.world.record.put_batch(self.world.operation, 'web', '1', steps)
        self.assertEqual({'done': True, 'nodes': {}},
                         self.world.compensate())

    def test_what_was_lost_compensates_nothing(self):
        self.upgrade()
        self.world.step('drain')
        self.assertEqual({'done': True, 'nodes': {}},
                         self.world.compensate())
        self.assertEqual('unfinished', self.world.release_of(A))

    def test_batches_that_are_done_stay_new(self):
        self.upgrade(batch=1)
        self.world.carry_out('1')
        self.nodes.replies[B, 'start'] = ['failed']
        self.failed(self.world.carry_out, '2')
        self.assertEqual(['2', '1'], [self.world.release_of(node)
                                      for node in (A, B)])

    def test_after_it_the_batch_waits_for_a_decision(self):
        self.upgrade()
        self.fail()
        self.world.go_on()
        error = self.failed(self.world.carry_out)
        self.assertIn('was put back', str(error))
        self.assertEqual({}, self.back(2))

    def test_a_larger_budget_goes_on_without_what_was_put_back(self):
        self.upgrade(batch=1)
        self.nodes.replies[A, 'start'] = ['failed']
        self.failed(self.world.carry_out)
        self.world.decide('change', service='', max_failures=1)
        self.world.go_on()
        self.world.run()
        self.assertEqual('2', self.world.release_of(B))
        self.assertTrue(self.world.state()['failed'][A]['halted'])

    def test_it_goes_on_where_what_was_put_back_is_skipped(self):
        self.upgrade(batch=1)
        self.nodes.replies[A, 'start'] = ['failed']
        self.failed(self.world.carry_out)
        self.world.decide('skip', service='web', node=A)
        self.world.go_on()
        self.world.run()
        self.assertEqual(('1', '2'), (self.world.release_of(A),
                                      self.world.release_of(B)))
        self.assertFalse(self.world.state()['failed'][A]['halted'])

    def test_a_retry_goes_the_whole_way_again(self):
        self.upgrade()
        self.fail()
        self.world.go_on(retry=True)
        before = len(self.nodes.sent)
        self.world.run()
        self.assertEqual(
            {f'{node} {step}' for node in (A, B) for step in world.FORWARD},
            {*self.nodes.sent[before:]})
        self.assertEqual(['2', '2'], [self.world.release_of(node)
                                      for node in (A, B)])

    def test_a_retry_that_fails_earlier_is_put_back_as_well(self):
        self.upgrade()
        self.fail('start')
        self.world.go_on(retry=True)
        self.fail('package', node=B)
        self.assertEqual({A: world.FORWARD, B: world.FORWARD}, self.back(2))
        self.assertEqual(['1', '1'], [self.world.release_of(node)
                                      for node in (A, B)])

    def test_who_failed_once_has_the_whole_budget_again(self):
        self.upgrade(max_failures=1)
        self.nodes.replies = {(A, 'start'): ['failed', 'done'],
                              (B, 'start'): ['failed', 'done'],
                              (A, 'package'): ['done', 'done', 'failed']}
        self.failed(self.world.carry_out)
        self.world.go_on(retry=True)
        self.world.run()
        self.assertEqual('2', self.world.release_of(B))
        self.assertEqual([A], list(self.world.state()['failed']))

    def test_one_that_was_killed_is_ended_by_the_next(self):
        self.upgrade()
        self.nodes.replies[A, 'package'] = ['failed']
        self.failed(lambda: [self.world.step(step) for step in (
            'drain', 'stop', 'package')])
        self.nodes.silent = {B}
        self.assertFalse(compensation.compensate(
            self.world.clients, self.world.operation, 'web', '1',
            5)['done'])
        self.nodes.silent = set()
        self.world.go_on()
        self.failed(self.world.carry_out)
        self.assertEqual(['1', '1'], [self.world.release_of(node)
                                      for node in (A, B)])
        self.assertEqual({A: world.FORWARD, B: world.FORWARD}, {
            node: list(dict.fromkeys(sent))
            for node, sent in self.back().items()})

    def test_one_that_fails_is_told_and_tried_again(self):
        self.upgrade()
        self.nodes.replies = {(A, 'start'): ['failed', 'failed', 'done']}
        error = self.failed(self.world.carry_out)
        self.assertEqual('back-1-1', error.where['batch'])
        self.assertEqual('unfinished', self.world.release_of(A))
        self.world.go_on(retry=True)
        self.world.compensate()
        self.assertEqual('1', self.world.release_of(A))
        self.assertNotIn('error', self.world.record.batch(
            self.world.operation, 'web', '1')['compensate'])

    def test_a_batch_that_failed_while_it_went_back_begins_at_its_start(self):
        self.upgrade()
        self.nodes.replies = {(A, 'start'): ['failed', 'failed', 'done']}
        self.failed(self.world.carry_out)
        self.world.go_on(retry=True)
        before = len(self.nodes.sent)
        self.world.run()
        # For the way back may have been half gone.
        self.assertEqual(f'{A} drain', self.nodes.sent[before])
        self.assertEqual('2', self.world.release_of(A))

    def test_only_batches_are_put_back(self):
        self.upgrade(**test_steps.AFTER)
        self.nodes.replies[A, 'expand'] = ['failed']
        self.failed(self.world.carry_out, 'prepare')
        self.assertEqual({'done': True, 'nodes': {}},
                         self.world.compensate('prepare'))
