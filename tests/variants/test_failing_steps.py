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

"""Steps that fail, or never end."""

from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES


class FailingStepsTestCase(case.VariantTestCase):

    def test_without_a_budget_the_batch_is_put_back(self):
        self.fail_package(SECOND)
        rollout = self.preview(FrontToken=self.release,
                               OtherToken=self.release)
        operation = self.stage.start(rollout['digest'])
        error = self.stage.error_of(operation)

        for part in ('ended with 3', 'no such package', 'service=store',
                     'step=package', f'node={SECOND}', 'retry_failed=true',
                     'tripleo.operation.v1.abort'):
            self.assertIn(part, error)

        self.assert_serving(self.release, self.before)
        self.assertEqual([('back-2-1', step, 'done') for step in (
            'stop', 'package', 'start')],
            self.stage.ran(operation, node=SECOND)[-3:])
        # Who does not need the store goes on, who does has not begun.
        self.assertEqual({node: [('1', 'configure', 'done')]
                          for node in stage.NODES},
                         self.stage.ran(operation, stage.OTHER))
        self.assertEqual({node: [] for node in stage.NODES},
                         self.stage.ran(operation, stage.FRONT))
        self.stage.abort()
        self.assertEqual({'store': [SECOND], 'front': stage.NODES},
                         self.planned(self.stage.preview()))

    def test_within_its_budget_the_service_goes_on(self):
        self.fail_package(FIRST)
        rollout = self.preview(StorePolicy={
            **stage.PARAMETERS['StorePolicy'], 'max_failures': 1})
        summary = self.stage.run(rollout)
        self.assertEqual({'store': [FIRST]}, summary['exceptions'])
        # What failed serves nothing, so that the release could be finished.
        self.assert_serving(None, self.release)
        self.stage.repair(FIRST)
        rollout = self.stage.preview()
        self.assertEqual({'store': [FIRST]}, self.planned(rollout))
        self.assertEqual({}, self.stage.run(rollout)['exceptions'])
        self.assert_nothing_left()

    def test_a_step_that_never_ends_is_put_back(self):
        self.fail_package(SECOND, 'sleep 60')
        operation = self.stage.start(self.preview()['digest'])
        error = self.stage.error_of(operation)

        for part in ('exceeded its time limit', 'step=package',
                     f'node={SECOND}'):
            self.assertIn(part, error)

        self.assert_serving(self.release, self.before)

    def test_a_hook_that_fails_is_put_back(self):
        self.addCleanup(self.stage.set_hooks, [])
        self.stage.set_hooks([{
            'name': 'tell', 'before': 'store.stop', 'script':
            'echo nobody listens; exit 4'}])
        operation = self.stage.start(self.preview()['digest'])
        error = self.stage.error_of(operation)

        for part in ('ended with 4', 'nobody listens',
                     'step=before-stop-tell', f'node={FIRST}'):
            self.assertIn(part, error)

        self.assert_serving(self.before, self.before)
        self.assertEqual([('prepare', 'stage', 'done')],
                         self.stage.ran(operation, node=SECOND))

    def test_a_larger_budget_lets_it_go_on(self):
        self.fail_package(FIRST)
        operation = self.stage.start(self.preview()['digest'])
        self.stage.error_of(operation)
        self.assert_serving(self.before, self.before)
        summary = self.stage.wait(self.stage.resume(max_failures=1))
        self.assertEqual({'store': [FIRST]}, summary['exceptions'])
        self.assert_serving(None, self.release)
