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

from tests.unit import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import delivered

LIFECYCLE = {
    'release': '1', 'parts': {'release': '1'}, 'secrets': ['PASSWORD'],
    'gate': [], 'roll': {
    'stop': {'script': 'true', 'timeout': 5},
    'start': {'script': 'false', 'inputs': {'FAST': True,
                                             'PASSWORD': None}},
    'verify': [{'name': 'serves', 'http': {'url': 'http://a'}}]}}
PAST = 0.0


class Nodes:
    """Answers for nodes, and counts what they were sent."""

    def __init__(self):
        self.sent = []
        self.removed = []
        self.replies = {}
        self.most = None
        self.accepted = set()

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
                 if attempt == step.attempt}

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
                if (name, step.attempt) in self.replies}


class DeliveredStepTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.nodes = Nodes()
        self.known = {}

    def sending(self, fence=1, retry=False, step='stop', names='ab'):
        operation = operation_record.Operation('operation', 'overcloud',
                                               fence, 1, 'digest')

        return delivered.DeliveredStep(
            self.nodes, operation, 'web', 1, step, {'Controller': LIFECYCLE},
            {name: {'name': name, 'role': 'Controller', 'index': 0,
                    'address': '127.0.0.1', 'server_id': f'id-{name}',
                    'base': 'old', 'wanted': 'new'} for name in names},
            self.known, self.secrets, lambda: retry)

    def carry_out(self, **changes):
        sending = self.sending(**changes)
        sending.send_missing(PAST)
        sending.wait(PAST)

    def secrets(self, role):
        return {'PASSWORD': 5} if role == 'Controller' else {}

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

    def test_a_new_execution_asks_again_what_has_not_answered(self):
        self.carry_out()
        self.answer('a', 'done')
        self.carry_out()
        self.carry_out(fence=2)
        self.assertEqual([('b', 'stop', 1, 2)], self.nodes.sent[2:])

    def test_a_slice_that_is_over_leaves_nodes_for_the_next(self):
        self.nodes.most = 1
        self.answer('a', 'failed', status_code=1)
        self.carry_out()
        self.assertEqual({'a': 'failed'}, self.statuses())
        self.answer('b', 'done')
        self.assertRaises(exceptions.StepFailed, self.carry_out)
        self.assertEqual({'a': 'failed', 'b': 'done'}, self.statuses())

    def fail(self, status):
        self.answer('a', 'done')
        self.answer('b', status, status_code=3, output='broken')
        self.assertRaises(exceptions.StepFailed, self.carry_out)

    def test_a_failure_names_the_node_and_waits_for_a_decision(self):
        for status in ('failed', 'interrupted', 'aborted'):
            self.nodes, self.known = Nodes(), {}
            self.fail(status)
            error = self.assertRaises(exceptions.StepFailed, self.carry_out,
                                      fence=2)
            self.assertIn('node=b]', str(error))
            self.assertEqual(2, len(self.nodes.sent))

    def test_a_decision_raises_the_attempt_once(self):
        self.fail('interrupted')
        self.carry_out(fence=2, retry=True)
        self.assertEqual([('b', 'stop', 2, 2)], self.nodes.sent[2:])
        self.answer('b', 'failed', attempt=2, status_code=4)
        # Under the same fence it is the same decision.
        self.assertRaises(exceptions.StepFailed, self.carry_out, fence=2,
                          retry=True)
        self.assertEqual(3, len(self.nodes.sent))
        self.answer('b', 'done', attempt=3)
        self.carry_out(fence=3, retry=True)
        self.assertEqual({'a': 'done', 'b': 'done'}, self.statuses())

    def test_a_node_that_never_answers_is_unreachable(self):
        self.carry_out(names='a')
        self.known['a']['first_sent'] -= 5 + delivered.DELIVERY_SECONDS + 1
        self.assertRaises(exceptions.DeadlineExceeded, self.refused)
        # Asking it again needs no decision: nobody knows that it ran.
        self.carry_out(fence=2, names='a')
        self.assertEqual(('a', 'stop', 1, 2), self.nodes.sent[-1])

    def refused(self):
        self.carry_out(names='a')
        self.carry_out(names='a')

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

    def look(self, names='a', **changes):
        """One round of waiting that is not the last of its slice."""
        try:
            self.sending(names=names, **changes).wait(time.time() + 0.01)
        except exceptions.TripleoError:
            raise AssertionError('nothing has failed') from None

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
        self.assertEqual(
            {'revision': 'new', 'release': '1', 'parts': {'release': '1'}},
            self.nodes.targets['a'].completes)

    def test_secrets_travel_apart(self):
        self.carry_out(step='start')
        self.assertEqual({'FAST': 'true'}, self.nodes.step.environment)
        self.assertEqual({'PASSWORD': '5'}, self.nodes.targets['a'].secrets)


class RetryTestCase(testtools.TestCase):

    def test_only_a_decision_under_the_own_fence_counts(self):
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        record = operation_record.Record(swift, 'overcloud')
        record.put('operation/2/resumed.json', {'retry_failed': True})

        for fence, decided in ((1, False), (2, True), (3, False)):
            self.assertEqual(decided, delivered.retry_decided(
                record, operation_record.Operation(
                    'operation', 'overcloud', fence, 1, 'digest')))
