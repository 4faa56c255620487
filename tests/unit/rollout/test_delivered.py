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

import testtools

from tests.unit.rollout import plans
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import lifecycle
from tripleo_workflows.rollout import units

LIFECYCLE = lifecycle.without_secrets(lifecycle.parse('web', {
    'release': '1', 'secrets': ['PASSWORD'], 'roll': {
        'stop': plans.script(timeout=5),
        'start': plans.script('false', inputs={
            'FAST': True, 'HOSTS': ['a', 'b'], 'PASSWORD': 'x'}),
        'verify': [plans.http()]}}))
COMPLETES = {'revision': 'new', 'release': '1', 'parts': {'release': '1'}}
PAST = 0.0


class Nodes:
    """Answers for nodes, and counts what they were sent."""

    def __init__(self):
        self.sent = []
        self.removed = []
        self.replies = {}
        self.most = None
        self.accepted = set()
        self.unlisted = set()

    def send(self, step, targets, until):
        chosen = targets[:self.most]
        self.sent += [(target.name, step.step, step.attempt, step.fence)
                      for target in chosen]
        self.targets = {target.name: target for target in chosen}
        self.step = step

        return {target.name: {'config': 'c', 'deployment': 'd'}
                for target in chosen}

    def answered(self, step):
        names = {name for name, attempt in self.replies
                 if attempt == step.attempt} - self.unlisted

        return names | self.accepted, dict.fromkeys(names)

    def remove_some(self, nodes):
        removed = []

        for node in nodes:
            removed += node['ids']
            node['ids'] = []

        self.removed += removed

        return bool(removed)

    def answers(self, step, nodes, listed):
        return {name: self.replies[name, step.attempt] for name in nodes
                if self.replies.get((name, step.attempt))}


class DeliveredStepTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.nodes = Nodes()
        self.known = {}

    def sending(self, fence=1, retry=False, step='stop', names='ab',
                unit='1'):
        return delivered.DeliveredStep(
            self.nodes, operation_record.Operation(
                'operation', 'overcloud', fence, 1, 'digest'),
            'web', unit, step, {name: units.Member(
                {'name': name, 'role': 'Controller', 'index': 0,
                 'address': '127.0.0.1', 'server_id': f'id-{name}'},
                LIFECYCLE, ('stop', 'start', 'verify'), COMPLETES)
                for name in names},
            self.known, self.secrets, lambda: retry)

    def carry_out(self, **how):
        """Do what a slice does; return whether the step has ended."""
        sending = self.sending(**how)
        sending.send_missing(PAST)

        return sending.wait(PAST)

    def secrets(self, member):
        return {'PASSWORD': 5} if member.facts['name'] in 'ab' else {}

    def answer(self, name, status, attempt=1, **more):
        self.nodes.replies[name, attempt] = {'status': status, **more}

    def statuses(self):
        return {name: known['status'] for name, known in self.known.items()}

    def test_what_is_sent_is_not_sent_again(self):
        self.carry_out()
        self.carry_out()
        self.assertEqual([('a', 'stop', 1, 1), ('b', 'stop', 1, 1)],
                         self.nodes.sent)
        self.assertEqual({'a': 'sent', 'b': 'sent'}, self.statuses())

    def test_answers_are_taken(self):
        self.carry_out()
        self.answer('a', 'done', seconds=0.5, changed=2, output='fine')
        self.carry_out()
        self.assertEqual({'a': 'done', 'b': 'sent'}, self.statuses())
        self.assertEqual(2, self.known['a']['changed'])
        self.assertNotIn('output', self.known['a'])

    def test_whom_a_listing_lacks_is_asked_by_name_in_time(self):
        self.nodes.unlisted = {'a'}
        self.answer('a', 'done')
        self.carry_out(names='a')
        self.assertEqual({'a': 'sent'}, self.statuses())
        self.known['a']['first_sent'] -= delivered.LAG_SECONDS + 1
        self.carry_out(names='a')
        self.assertEqual({'a': 'done'}, self.statuses())

    def test_a_new_execution_asks_again_what_has_not_answered(self):
        self.carry_out()
        self.answer('a', 'done')
        self.carry_out()
        self.carry_out(fence=2)
        self.assertEqual([('b', 'stop', 1, 2)], self.nodes.sent[2:])

    def test_a_slice_that_is_over_leaves_nodes_for_the_next(self):
        self.nodes.most = 1
        self.answer('a', 'failed', status_code=1)
        self.assertFalse(self.carry_out())
        self.assertEqual({'a': 'failed'}, self.statuses())
        self.answer('b', 'done')
        self.assertTrue(self.carry_out())
        self.assertEqual({'a': 'failed', 'b': 'done'}, self.statuses())

    def fail(self, status):
        self.answer('a', 'done')
        self.answer('b', status, status_code=3, output='broken')
        self.assertTrue(self.carry_out())

    def test_a_failure_ends_the_step_and_waits_for_a_decision(self):
        for status in ('failed', 'interrupted', 'aborted'):
            self.nodes, self.known = Nodes(), {}
            self.fail(status)
            self.assertTrue(self.carry_out(fence=2))
            self.assertEqual({'a': 'done', 'b': status}, self.statuses())
            self.assertEqual('broken', self.known['b']['output'])
            self.assertEqual(2, len(self.nodes.sent))

    def test_a_decision_raises_the_attempt_once(self):
        self.fail('interrupted')
        self.carry_out(fence=2, retry=True)
        self.assertEqual([('b', 'stop', 2, 2)], self.nodes.sent[2:])
        self.answer('b', 'failed', attempt=2, status_code=4)
        # Under the same fence it is the same decision.
        self.assertTrue(self.carry_out(fence=2, retry=True))
        self.assertEqual(3, len(self.nodes.sent))
        self.answer('b', 'done', attempt=3)
        self.carry_out(fence=3, retry=True)
        self.assertEqual({'a': 'done', 'b': 'done'}, self.statuses())

    def test_a_node_that_never_answers_is_unreachable(self):
        self.carry_out(names='a')
        self.known['a']['first_sent'] -= 5 + delivered.DELIVERY_SECONDS + 1
        self.assertTrue(self.carry_out(names='a'))
        self.assertEqual({'a': 'unreachable'}, self.statuses())
        # Asking it again needs no decision: nobody knows that it ran.
        self.carry_out(fence=2, names='a')
        self.assertEqual(('a', 'stop', 1, 2), self.nodes.sent[-1])

    def test_an_unnoticed_delivery_is_repeated_ever_more_rarely(self):
        self.carry_out(names='a')
        pauses = []

        for _ in range(3):
            pauses.append(self.known['a']['pause'])
            self.known['a']['resend'] = PAST
            self.look()

        self.assertEqual([60, 120, 240], pauses)
        self.assertEqual(4, len(self.nodes.sent))
        self.assertEqual(4, len(self.known['a']['ids']))

    def test_a_node_that_accepted_and_fell_silent_is_asked_again(self):
        self.nodes.accepted = {'a'}
        self.carry_out(names='a')
        self.known['a']['resend'] = PAST
        self.look()
        self.assertEqual(1, len(self.nodes.sent))
        self.known['a']['sent'] -= 5 + delivered.SILENT_SECONDS + 1
        self.look()
        self.assertEqual(2, len(self.nodes.sent))

    def test_a_result_that_is_no_answer_keeps_nobody_waiting(self):
        self.carry_out(names='a')
        self.nodes.replies['a', 1] = None
        self.known['a']['sent'] = PAST
        self.look()
        self.assertEqual(2, len(self.nodes.sent))

    def look(self, names='a', **how):
        """One round of waiting that is not the last of its slice."""
        self.sending(names=names, **how).wait(time.time() + 0.01)

    def test_the_last_step_cleans_up_after_nodes_while_others_work(self):
        for step, removed in (('stop', 0), ('start', 1)):
            self.nodes, self.known = Nodes(), {}
            self.carry_out(step=step)
            self.answer('a', 'done')
            self.look('ab', step=step)
            self.assertEqual(removed, len(self.nodes.removed))
            self.assertEqual(1, len(self.known['b']['ids']))

    def test_the_last_delivered_step_completes_the_revision(self):
        self.carry_out(step='stop')
        self.assertIsNone(self.nodes.targets['a'].completes)
        self.known = {}
        self.carry_out(step='start')
        self.assertEqual(COMPLETES, self.nodes.targets['a'].completes)

    def test_only_batches_change_what_a_service_is(self):
        for unit, changes in (('1', True), ('back-1-1', True),
                              ('leave', True), ('prepare', False),
                              ('finish', False)):
            self.known = {}
            self.carry_out(unit=unit)
            self.assertEqual(changes, self.nodes.step.changes)

    def test_secrets_travel_apart(self):
        self.carry_out(step='start')
        self.assertEqual({'FAST': 'true', 'HOSTS': 'a b'},
                         self.nodes.step.environment)
        self.assertEqual({'PASSWORD': '5'}, self.nodes.targets['a'].secrets)
