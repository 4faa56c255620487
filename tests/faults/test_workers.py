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

"""Two workers at one operation: one was taken for dead, and is not."""

import signal
import time

import testtools

from tests import waiting
from tests.faults import light as light_service
from tests.faults import logs
from tests.faults import switches
from tests.faults import workers
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import lock

STEP = 'stop'


class WorkersTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.light = light_service.deployed()
        self.addCleanup(self.light.abort)
        self.switch = switches.Switch(self.light.state.root / 'switch')
        self.addCleanup(self.switch.release)

    def preview(self):
        return self.light.preview(f'{self.id()} {time.time()}')

    def what_is_read(self, operation):
        """All that anybody reads of an operation: record, nodes, services."""
        fence, _ = lock.current(self.light.clients.mistral,
                                light_service.PLAN)
        roots = [self.light.root(name) for name in light_service.NAMES]

        return (
            fence, self.light.record.batch(operation, light_service.SERVICE,
                                           1),
            self.light.record.states(fence),
            self.light.record.get(f'{operation.id}/closed.json'),
            [logs.payload_lines(root) for root in roots],
            [logs.Journal(root).entries(operation.id) for root in roots])

    def freeze(self, operation, point):
        """A worker that is stopped in the middle of a step."""
        self.switch.arm(point, STEP, light_service.NAMES[0])
        worker = workers.Worker(self.light, operation, STEP)
        self.addCleanup(worker.end)
        self.switch.wait(60)
        worker.signal(signal.SIGSTOP)
        worker.wait_until_stopped()
        # From here on only the signal holds it.
        self.switch.release()

        return worker

    def take_over_and_thaw(self, point):
        digest = self.preview()
        first = workers.open_operation(self.light, digest)
        frozen = self.freeze(first, point)
        second = workers.take_over(self.light, digest)
        self.assertEqual(first.id, second.id)
        self.assertGreater(second.fence, first.fence)
        summary = workers.finish(self.light, second)
        self.assertEqual(2, summary['nodes'])
        before = self.what_is_read(second)
        frozen.signal(signal.SIGCONT)
        answer = frozen.answer()

        self.assertEqual(before, self.what_is_read(second))

        return first, second, answer

    def test_one_thawed_before_its_write_changes_nothing(self):
        first, second, answer = self.take_over_and_thaw('before write')
        own = self.light.record.get(
            f'{first.id}/{first.fence}/{light_service.SERVICE}.1.json')

        # It did write, under its own fence, which nobody reads any more.
        self.assertEqual({first.fence}, {
            node['fence'] for node in own[STEP]['nodes'].values()})
        # The answers are gone. If it asks again in its time, it is refused.
        self.assertFalse(answer.get('done'), answer)

        if 'error' in answer:
            self.assertIn(f'seen fence {second.fence} and refuses '
                          f'{first.fence}', answer['error'])

        for name in light_service.NAMES:
            lines = [line.event for line
                     in logs.payload_lines(self.light.root(name))[-6:]]
            self.assertEqual(['begin', 'end'] * 3, lines)

    def test_one_thawed_before_it_sends_is_refused(self):
        first, second, answer = self.take_over_and_thaw('before dispatch')
        self.assertFalse(answer.get('done'), answer)
        refusal = self.refusal(first)

        self.assertEqual(
            ('refused', first.fence, second.fence),
            (refusal['status'], refusal['fence'], refusal['fence_seen']))
        again = workers.Worker(self.light, first, STEP)
        self.addCleanup(again.end)
        self.assertIn(f'works under fence {first.fence}',
                      again.answer()['error'])

    def refusal(self, operation):
        """What the node answers to the worker that was taken for dead."""
        dispatcher = delivery.Dispatcher(self.light.clients,
                                         self.light.record.container)
        step = delivery.Step(
            plan=operation.plan, operation=operation.id, batch='1', step=STEP,
            service=light_service.SERVICE, fence=operation.fence)
        node = light_service.NAMES[0]
        waiting.wait_for(lambda: dispatcher.answers(step, [node]))

        return dispatcher.answers(step, [node])[node]

    def test_an_action_that_is_failed_and_rerun_completes_once(self):
        digest = self.preview()
        self.switch.arm('after write', 'configure')
        execution = self.light.start(digest)
        self.switch.wait(60)
        mistral = self.light.clients.mistral
        task = self.running_step(execution)
        action = next(found for found in mistral.action_executions.list(
            task_execution_id=task) if found.state == 'RUNNING')
        mistral.action_executions.update(action.id, state='ERROR',
                                         output='{"result": "failed by us"}')
        waiting.wait_for(lambda: mistral.tasks.get(task).state == 'ERROR')
        waiting.wait_for(lambda: mistral.executions.get(
            execution).state == 'ERROR')
        mistral.tasks.rerun(task)
        self.switch.release()
        self.light.cloud.wait(execution)

        for name in light_service.NAMES:
            done = [entry['attempt'] for entry in logs.Journal(
                self.light.root(name)).entries(execution)
                if entry['event'] == 'done']
            self.assertEqual(3, len(done))
            self.assertEqual(3, len(set(done)))

        closed = self.light.record.get(f'{execution}/closed.json')
        self.assertEqual('finished', closed['how'])
        rollout = self.light.cloud.run('tripleo.upgrade.v1.preview',
                                       plan=light_service.PLAN)
        self.assertEqual(0, rollout['services'])

    def running_step(self, execution):
        """The task of the step in whose action the worker is held."""
        mistral = self.light.clients.mistral

        return next(
            task.id for below
            in mistral.executions.get_ex_sub_executions(execution)
            for task in mistral.tasks.list(below.id)
            if (task.name, task.state) == ('configure', 'RUNNING'))
