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

A, B = test_steps.A, test_steps.B


def on_node(name='can write', **more):
    return {'name': name, 'script': {'script': 'true'}, **more}


class CheckedTestCase(test_steps.UnitTestCase):

    def reach(self, step, name='1'):
        """Carry a batch out to the step, which is not begun."""
        for earlier in world.lifecycle_format.STEPS['roll']:
            if earlier == step:
                break

            self.world.step(earlier, name)

    def asked(self, step):
        """Node and attempt of each time that a check was sent."""
        return [(node, attempt) for _, known, node, attempt, _
                in self.nodes.requests if known.startswith(step)]


class VerifyTestCase(CheckedTestCase):

    def test_each_node_is_asked_itself(self):
        self.upgrade(batch=2, max_failures=1)
        self.world.failing = {f'verify {A}'}
        self.world.run()
        self.assertEqual({A: 'failed', B: 'done'},
                         self.world.statuses('verify'))
        self.assertNotIn(f'{A} undrain', self.nodes.sent)
        self.assertEqual('2', self.world.release_of(B))

    def test_a_node_has_its_time_to_pass(self):
        self.upgrade(check_timeout=30)
        self.reach('verify')
        self.world.failing = {'verify'}
        self.assertFalse(self.world.step('verify', seconds=5)['done'])
        self.world.failing = set()
        self.assertTrue(self.world.step('verify')['done'])

    def test_a_failure_names_check_node_and_waiver(self):
        self.upgrade(check_timeout=10)
        self.reach('verify')
        self.world.failing = {'verify'}
        begun = self.world.clock.now
        error = self.failed(self.world.step, 'verify')
        self.assertLess(self.world.clock.now - begun, 15)
        self.assertEqual(('verify', A), (error.where['step'],
                                         error.where['node']))
        for words in ('Check verify', 'said no', 'Look at it.',
                      'tripleo.operation.v1.waive with check="verify"'):
            self.assertIn(words, str(error))

    def test_a_script_runs_on_the_nodes_of_the_batch(self):
        self.upgrade(batch=2, roll={'verify': [on_node()]})
        self.reach('verify')
        self.assertTrue(self.world.step('verify')['done'])
        self.assertEqual({A, B}, {node for node, _ in self.asked('verify')})

    def test_its_failure_is_no_failed_step(self):
        self.upgrade(roll={'verify': [on_node()]})
        self.reach('verify')
        # The exit code says how the check ended: 1 is a warning.
        self.nodes.replies[A, 'verify-0'] = {'status': 'failed',
                                             'status_code': 1}
        self.assertTrue(self.world.step('verify')['done'])
        self.assertEqual(1, self.world.record.batch(
            self.world.operation, 'web', '1')['verify']['checks'][0][
                'result'])

    def test_each_round_is_a_new_question(self):
        self.upgrade(roll={'verify': [on_node()]})
        self.reach('verify')
        bad = {'status': 'failed', 'status_code': 2, 'output': 'no'}
        self.nodes.replies[A, 'verify-0'] = [bad, bad, 'done']
        self.assertTrue(self.world.step('verify')['done'])
        attempts = [attempt for _, attempt in self.asked('verify')]
        self.assertEqual(3, len({*attempts}))
        self.assertEqual(sorted(attempts), attempts)
        # A round is removed by the next one, and the last one with the unit.
        self.assertEqual(2, len(self.nodes.removed))
        self.world.run()
        self.assertEqual(3, len({name for name in self.nodes.removed
                                 if '.1.verify-' in name}))

    def test_a_slice_that_is_over_asks_on_in_the_next(self):
        self.upgrade(roll={'verify': [on_node()]})
        self.reach('verify')
        self.nodes.silent = {A}
        self.assertFalse(self.world.step('verify', seconds=2)['done'])
        self.nodes.silent = set()
        self.assertFalse(self.world.step('verify', seconds=2)['done'])
        # Its hook took the first delivery; the answer comes late.
        [key] = [(f'operation/deliveries/web.1.verify-0.'
                  f'{self.asked("verify")[0][1]}/', A)]
        self.nodes.answered_with[key] = {'status': 'done', 'status_code': 0,
                                         'output': ''}
        self.assertTrue(self.world.step('verify')['done'])

    def test_a_node_that_never_answers_has_failed(self):
        self.upgrade(check_timeout=1, roll={'verify': [on_node()]})
        self.reach('verify')
        self.nodes.silent = {A}
        error = self.failed(lambda: self.world.until_done(
            lambda: self.world.step('verify')))
        self.assertIn('did not answer', str(error))

    def test_whoever_goes_on_asks_again(self):
        self.upgrade(check_timeout=5, roll={'verify': [on_node()]})
        self.reach('verify')
        self.nodes.replies[A, 'verify-0'] = {
            'status': 'failed', 'status_code': 2, 'output': 'no'}
        self.failed(self.world.step, 'verify')
        self.nodes.replies.clear()
        self.nodes.silent = {A}
        self.world.go_on()
        # What was answered before does not count any more.
        self.assertFalse(self.world.step('verify', seconds=1)['done'])
        self.nodes.silent = set()
        self.world.go_on()
        self.assertTrue(self.world.step('verify')['done'])


class GateTestCase(CheckedTestCase):

    def soak(self):
        """Carry out the gate of a batch; return how long it took."""
        begun = self.world.clock.now
        self.world.until_done(lambda: self.world.step('gate'))

        return self.world.clock.now - begun

    def test_a_canary_soaks_and_no_other(self):
        self.upgrade(canary=1, soak=45)
        self.reach('gate')
        self.assertAlmostEqual(45, self.soak(), delta=2)
        self.world.finish()
        self.reach('gate', '2')
        begun = self.world.clock.now
        self.assertTrue(self.world.step('gate', '2')['done'])
        self.assertLess(self.world.clock.now - begun, 1)

    def test_a_batch_that_nobody_waits_for_does_not_soak(self):
        self.upgrade(batch=2, canary=2, soak=45)
        self.reach('gate')
        self.assertLess(self.soak(), 1)

    def test_a_person_may_shorten_the_soak(self):
        self.upgrade(canary=1, soak=3600)
        self.reach('gate')
        self.assertFalse(self.world.step('gate')['done'])
        self.world.decide('change', service='web', soak=1)
        self.world.go_on()
        self.assertLess(self.soak(), 5)

    def test_a_flap_is_what_the_policy_says(self):
        for on_flap in ('restart', 'fail'):
            self.world = self.useFixture(world.World())
            self.upgrade(canary=1, soak=30, on_flap=on_flap)
            self.reach('gate')
            self.world.step('gate', seconds=10)
            self.world.failing = {'gate'}

            if on_flap == 'fail':
                error = self.failed(self.world.step, 'gate')
                self.assertIn('Check gate failed after', str(error))
            else:
                self.world.step('gate', seconds=2)
                self.world.failing = set()
                self.assertAlmostEqual(30, self.soak(), delta=2)

    def test_a_failed_gate_fails_the_batch_as_a_whole(self):
        self.upgrade(batch=2, check_timeout=5)
        self.reach('gate')
        self.world.failing = {'gate'}
        self.failed(self.world.step, 'gate')
        self.assertEqual({A: 'failed', B: 'failed'},
                         self.world.statuses('gate'))
        self.world.failing = set()
        self.world.compensate()
        self.assertEqual(['1', '1'], [self.world.release_of(node)
                                      for node in (A, B)])

    def test_a_waived_check_may_fail(self):
        self.upgrade()
        self.world.failing = {'gate'}
        self.world.decide('waive', reason='known', check='gate')
        self.world.run()
        self.assertEqual('2', self.world.release_of(B))
        [result] = self.world.record.batch(
            self.world.operation, 'web', '1')['gate']['checks']
        self.assertIn('bob', str(result))

    def test_a_script_of_the_gate_runs_on_one_node(self):
        self.upgrade(batch=2, gate=[on_node(), on_node('on all', on='all')])
        self.reach('gate')
        self.world.step('gate')
        self.assertEqual([A], [node for node, _ in self.asked('gate-0')])
        self.assertEqual([A, B], [node for node, _ in self.asked('gate-1')])


class CheckTestCase(CheckedTestCase):

    def test_it_is_asked_once_and_stops_before_anything_changes(self):
        self.upgrade(prepare={'check': [plans.http('allowed')],
                              'stage': plans.script()})
        self.world.failing = {'allowed'}
        begun = self.world.clock.now
        error = self.failed(self.world.carry_out, 'prepare')
        self.assertIn('Check allowed', str(error))
        self.assertEqual(begun, self.world.clock.now)
        self.assertEqual([], self.nodes.sent)
        self.world.failing = set()
        self.world.go_on()
        self.world.carry_out('prepare')
        self.assertEqual('prepared', self.world.state()['phase'])

    def test_where_it_runs_on_nodes(self):
        self.upgrade(prepare={'check': [
            on_node(), on_node('everywhere', on='all')]})
        self.world.carry_out('prepare')
        self.assertEqual([A], [node for node, _ in self.asked('check-0')])
        self.assertEqual([A, B], [node for node, _ in self.asked('check-1')])
