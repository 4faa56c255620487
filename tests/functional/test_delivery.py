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

"""Steps on a real agent, delivered as software deployments."""

import dataclasses
import json
import os
import signal
import time
import uuid

import testtools

from tests import waiting
from tests.functional import cloud as functional_cloud
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments.node import journal
from tripleo_workflows.operation import record

SECONDS = 5


class DeliveryTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.plan = uuid.uuid4().hex
        name = f'{functional_cloud.PLAN}-compute-0'
        rollout = self.cloud.clients.heat.stacks.output_show(
            functional_cloud.PLAN, 'ServerIdMap')['output']['output_value']
        self.node = delivery.Target(
            name, rollout['server_ids']['Compute'][0], {'NODE_NAME': name})
        self.directory = self.cloud.node(name).root
        self.dispatcher = delivery.Dispatcher(
            self.cloud.clients,
            record.Record(self.cloud.clients.swift,
                          functional_cloud.PLAN).container)

    def step(self, service, script, **changes):
        # A plan of the test's own: fences are counted by plan.
        return delivery.Step(
            plan=self.plan, operation=self.plan, service=service, batch='1',
            step='start', payload=script, timeout=30,
            **{'fence': 1, **changes})

    def send(self, step, secrets=None):
        sent = self.dispatcher.send(step, [dataclasses.replace(
            self.node, secrets=secrets or {})])
        self.addCleanup(self.dispatcher.clean, step.prefix, sent.values())

    def wait(self, step):
        return waiting.wait_for(lambda: self.dispatcher.answers(
            step, [self.node.name]))[self.node.name]

    def forget(self, step):
        """Remove what the node answered, to see that it answers again."""
        self.cloud.clients.swift.delete_object(
            f'{functional_cloud.PLAN}-operations',
            f'{step.prefix}{self.node.name}.result')

    def test_steps_of_two_services_run_side_by_side(self):
        steps = [self.step(service, f'sleep {SECONDS}')
                 for service in ('first', 'second')]

        for step in steps:
            self.send(step)

        answers = [self.wait(step) for step in steps]
        self.assertEqual(['done', 'done'],
                         [answer['status'] for answer in answers])
        starts = [answer['started'] for answer in answers]
        # The second began while the first one ran.
        self.assertLess(max(starts) - min(starts), SECONDS)

    def test_a_second_delivery_runs_nothing(self):
        count = self.directory / 'count'
        step = self.step('counted', f'echo x >> {count}; echo $NODE_NAME')
        self.send(step)
        first = self.wait(step)
        self.forget(step)
        self.send(step)

        self.assertEqual(first, self.wait(step))
        self.assertEqual(f'{self.node.name}\n', first['output'])
        self.assertEqual('x\n', count.read_text())

    def test_a_lower_fence_is_refused(self):
        high = self.step('fenced', 'true', fence=7)
        self.send(high)
        self.assertEqual('done', self.wait(high)['status'])
        low = self.step('refused', 'touch refused', fence=6)
        self.send(low)
        answer = self.wait(low)

        self.assertEqual(('refused', 6, 7), (
            answer['status'], answer['fence'], answer['fence_seen']))

    def guardian(self):
        """The process id of this test's guardian, when it has begun."""
        path = self.directory / 'var/lib/tripleo-workflows'

        return waiting.wait_for(lambda: [
            entry['pid'] for entry in journal.Journal(path).entries()
            if entry['event'] == 'started'
            and entry['key']['plan'] == self.plan])[0]

    def test_a_killed_guardian_leaves_an_interrupted_attempt(self):
        step = self.step('killed', 'sleep 30')
        self.send(step)
        os.kill(self.guardian(), signal.SIGKILL)
        self.send(step)
        answer = self.wait(step)

        self.assertEqual('interrupted', answer['status'])
        self.assertIn('not known', answer['error'])

    def test_output_is_capped_and_sent_whole(self):
        step = self.step('talking', 'head -c 1000000 /dev/zero')
        self.send(step)
        answer = self.wait(step)
        _, whole = self.cloud.clients.swift.get_object(
            f'{functional_cloud.PLAN}-operations',
            f'{step.prefix}{self.node.name}.output')

        self.assertEqual(('done', 1000000), (
            answer['status'], answer['output_bytes']))
        self.assertLess(len(json.dumps(answer)), 64 * 1024)
        self.assertEqual(bytes(1000000), whole)

    def test_a_secret_is_for_the_payload_only(self):
        secret = uuid.uuid4().hex
        step = self.step('secretive', 'echo "$WORD"; echo "${#WORD}"')
        self.send(step, {'WORD': secret})
        answer = self.wait(step)

        self.assertEqual('[redacted]\n32\n', answer['output'])
        # The node's journal, its agent's log and what the hooks left.
        waiting.wait_for(lambda: self.cloud.is_idle(
            self.cloud.node(self.node.name)))
        self.assertEqual([], [
            str(path) for path in self.directory.rglob('*')
            if path.is_file() and secret.encode() in path.read_bytes()])
        # It goes when the result is in.
        objects = self.cloud.clients.swift.get_container(
            f'{functional_cloud.PLAN}-operations', prefix=step.prefix)[1]
        self.assertFalse(any(row['name'].endswith('.secrets')
                             for row in objects))

    def test_the_answer_is_known_soon(self):
        step = self.step('timed', 'true')
        begun = time.time()
        self.send(step)
        self.wait(step)
        self.assertLess(time.time() - begun, 10)
        # A listing tells it, too.
        _, ended = self.dispatcher.answered(
            dataclasses.replace(step, brief=True))
        self.assertEqual(('done', 0), (ended[self.node.name]['status'],
                                       ended[self.node.name]['status_code']))
