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

"""The verdict finds what is wrong, and nothing where nothing is."""

import pathlib
import types
from unittest import mock

import fixtures
import testtools

from tests.faults import light as light_service
from tests.faults import verdict
from tripleo_workflows.deployments.node import history
from tripleo_workflows.deployments.node import journal

OPERATION = 'an-operation'
ERROR = ('The step was interrupted on the node. start '
         'tripleo.operation.v1.resume with retry_failed=true; to give up, '
         'start tripleo.operation.v1.abort. [plan=light, service=light, '
         'batch=1, step={step}, node=light-node-0]')


class VerdictTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.roots = {}

        for name in light_service.NAMES:
            root = self.useFixture(fixtures.TempDir()).path
            self.roots[name] = pathlib.Path(root)
            (self.roots[name] / 'var/log').mkdir(parents=True)
            (self.roots[name] / 'var/log/light.log').touch()

        self.clock = 0
        self.steps = {}
        self.unit = '1'
        self.closed = {'how': 'finished'}
        self.useFixture(fixtures.MockPatchObject(
            verdict.lock, 'current', return_value=(1, None)))

    def light(self):
        record = mock.Mock()
        record.batch.return_value = self.steps
        record.get.side_effect = lambda name: (
            self.closed if name.endswith('closed.json') else {'fence': 1})
        record.document.return_value = {'services': {'light': {'nodes': {
            name: {'wanted': 'new'} for name in self.roots}}}}
        record.state.return_value = {'nodes': {
            name: {'revision': 'new'} for name in self.roots}}

        return types.SimpleNamespace(
            record=record, clients=mock.Mock(), root=self.roots.get)

    def key(self, node, step):
        return {'plan': 'light', 'operation': OPERATION, 'service': 'light',
                'batch': self.unit, 'step': step, 'node': node, 'attempt': 1}

    def write(self, node, event, step, **more):
        book = journal.Journal(
            self.roots[node] / 'var/lib/tripleo-workflows')

        with book.locked():
            book.append(event, self.key(node, step), 1, **more)

    def log(self, node, event, step, pid=1):
        self.clock += 1
        attempt = history.attempt_name(self.key(node, step))

        with open(self.roots[node] / 'var/log/light.log', 'a') as stream:
            stream.write(f'{event} {step} {attempt} {pid} {self.clock}\n')

    def carry_out(self, node, step):
        self.write(node, 'started', step)
        self.log(node, 'begin', step)
        self.log(node, 'end', step)
        self.be_done(node, step)

    def be_done(self, node, step):
        self.write(node, 'done', step, result={'status': 'done'})
        self.stand(node, step, 'done')

    def stand(self, node, step, status):
        self.steps.setdefault(step, {'nodes': {}})['nodes'][node] = {
            'status': status}

    def roll(self, *but):
        for node in light_service.NAMES:
            for step in light_service.STEPS:
                if (node, step) not in but:
                    self.carry_out(node, step)

    def verdict(self, error=''):
        return verdict.of(self.light(),
                          verdict.Run(OPERATION, 'digest', error))

    def test_nothing_is_wrong_with_a_roll(self):
        self.roll()
        self.assertEqual([], self.verdict())

    def test_a_step_that_ran_twice(self):
        self.roll()
        self.log('light-node-1', 'begin', 'stop', pid=2)
        self.log('light-node-1', 'end', 'stop', pid=2)
        found = ' '.join(self.verdict())
        self.assertIn('began 2 times', found)
        self.assertIn('came to its end 2 times', found)

    def test_an_idempotent_step_that_ran_again_after_an_interruption(self):
        self.roll(('light-node-0', 'configure'), ('light-node-0', 'start'))
        self.write('light-node-0', 'started', 'configure')
        self.log('light-node-0', 'begin', 'configure', pid=2)
        self.carry_out('light-node-0', 'configure')
        self.carry_out('light-node-0', 'start')
        self.assertEqual([], self.verdict())

    def test_an_idempotent_step_that_ran_beside_itself(self):
        self.roll(('light-node-0', 'configure'), ('light-node-0', 'start'))
        self.write('light-node-0', 'started', 'configure')
        self.log('light-node-0', 'begin', 'configure', pid=2)
        self.write('light-node-0', 'started', 'configure')
        self.log('light-node-0', 'begin', 'configure', pid=3)
        self.log('light-node-0', 'end', 'configure', pid=2)
        self.log('light-node-0', 'end', 'configure', pid=3)
        self.be_done('light-node-0', 'configure')
        self.carry_out('light-node-0', 'start')
        self.assertIn('began again while it ran', ' '.join(self.verdict()))

    def test_done_without_an_end(self):
        self.roll(('light-node-0', 'start'))
        self.write('light-node-0', 'started', 'start')
        self.log('light-node-0', 'begin', 'start')
        self.be_done('light-node-0', 'start')
        self.assertIn('called done, and did not end',
                      ' '.join(self.verdict()))

    def test_steps_out_of_order(self):
        self.roll(('light-node-0', 'configure'))
        self.carry_out('light-node-0', 'configure')
        self.assertIn('before an earlier step', ' '.join(self.verdict()))

    def interrupt(self, step):
        self.closed = None
        self.roll(*(('light-node-0', name) for name in light_service.STEPS))
        self.write('light-node-0', 'started', step)
        self.log('light-node-0', 'begin', step)
        self.stand('light-node-0', step, 'interrupted')

    def test_an_interrupted_step_that_is_reported(self):
        self.interrupt('stop')
        self.assertEqual([], self.verdict(ERROR.format(step='stop')))

    def test_an_interrupted_step_that_nobody_is_told_of(self):
        self.interrupt('stop')
        self.stand('light-node-0', 'stop', 'sent')
        found = ' '.join(self.verdict('Swift does not answer.'))
        self.assertIn('the record says sent', found)
        self.assertIn('nobody has to decide', found)

    def test_an_interrupted_idempotent_step(self):
        self.interrupt('configure')
        self.assertIn('is idempotent, was interrupted',
                      ' '.join(self.verdict(ERROR.format(step='configure'))))

    def fail(self):
        """Let a node fail, and note that the batch is put back."""
        self.closed = None
        self.roll(('light-node-0', 'start'))
        self.write('light-node-0', 'started', 'start')
        self.log('light-node-0', 'begin', 'start')
        self.write('light-node-0', 'done', 'start',
                   result={'status': 'failed'})

        for node in light_service.NAMES:
            for step in light_service.STEPS:
                self.stand(node, step, 'undone')

            self.stand(node, 'compensate', 'done')

        self.steps['compensate']['number'] = 1
        self.unit = 'back-1-1'

    def test_a_batch_that_was_put_back(self):
        self.fail()
        undone, self.steps = self.steps, {}
        self.roll()
        self.steps = undone
        self.assertEqual([], self.verdict(ERROR.format(step='start')))

    def test_a_batch_that_is_only_called_put_back(self):
        self.fail()
        self.stand('light-node-1', 'compensate', 'sent')
        found = ' '.join(self.verdict(ERROR.format(step='start')))
        self.assertIn('node-0: it is called put back', found)
        self.assertIn('node-1: it is undone, and was not', found)

    def test_success_without_a_step(self):
        self.roll(('light-node-1', 'start'))
        self.assertEqual(
            ["light-node-1: only ['configure', 'stop'] are done."],
            self.verdict())

    def test_success_that_was_not_closed(self):
        self.roll()
        self.closed = None
        self.assertIn('not closed as finished', ' '.join(self.verdict()))
