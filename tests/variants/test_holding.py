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

"""People who hold an operation, decide, and go on."""

import time

from tests.functional import cloud as functional_cloud
from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES


class HoldingTestCase(case.VariantTestCase):

    def pause_in(self, step):
        """Pause an upgrade while its first node is at a step.

        :returns: the operation.
        """
        self.stage.steer(FIRST, f'store.{step}', 'sleep 1')
        operation = self.stage.start(self.preview()['digest'])
        self.stage.wait_for(operation, FIRST, step)
        held = self.stage.do('pause', reason='lunch')
        self.assertEqual((operation, 'PAUSED'), (held['operation'],
                                                 held['state']))
        # What runs comes to its end.
        self.stage.wait_for(operation, FIRST, step, 'done')
        self.assertIn('lunch', self.stage.do('status')['held'])

        return operation

    def resume(self, operation, step, **change):
        """Go on; no other step was begun in between.

        Nodes that were sent the step at once may begin it one by one.
        """
        resumed = time.time()
        summary = self.stage.wait(self.stage.resume(**change))
        times = self.stage.times(operation, 'started')
        begun = max(moment for name, node, moment in times
                    if (name, node) == (step, FIRST))
        self.assertEqual([], [entry for entry in times
                              if begun < entry[2] < resumed
                              and entry[0] != step])

        return summary

    def test_a_pause_in_prepare(self):
        operation = self.pause_in('stage')
        self.fail_package(FIRST)
        summary = self.resume(operation, 'stage', max_failures=1)
        self.assertEqual({'store': [FIRST]}, summary['exceptions'])
        self.assert_serving(None, self.release)

    def test_a_pause_in_roll(self):
        operation = self.pause_in('package')
        self.fail_package(SECOND)
        summary = self.resume(operation, 'package', max_failures='50%')
        self.assertEqual({'store': [SECOND]}, summary['exceptions'])
        self.assert_serving(self.release, None)

    def test_a_pause_in_finish(self):
        operation = self.pause_in('contract')
        summary = self.resume(operation, 'contract', service=stage.STORE,
                              max_failures=1)
        self.assertEqual({}, summary['exceptions'])
        self.assert_nothing_left()

    def test_a_node_is_skipped(self):
        self.fail_package(SECOND)
        operation = self.stage.start(self.preview_change()['digest'])
        self.stage.error_of(operation)
        decided = self.stage.do('skip', service=stage.STORE, node=SECOND,
                                reason='its disk is full')
        self.assertTrue(decided['goes_on'])
        summary = self.stage.closed(operation)['summary']
        self.assertEqual({'store': [SECOND]}, summary['exceptions'])
        self.assert_serving(self.before, self.before)
        self.stage.repair(SECOND)
        self.assertEqual({'store': [SECOND]},
                         self.planned(self.stage.preview()))

    def test_an_end_that_needs_an_approval_waits_for_it(self):
        operation = self.stage.start(
            self.preview(StoreApprove=True)['digest'])
        self.assertEqual('PAUSED', self.stage.rest(operation))
        self.assertIn('approval of store.contract',
                      self.stage.do('status')['held'])
        self.assert_serving(self.release, self.release)
        self.assertNotIn('contract', self.steps(operation))
        self.stage.do('approve', service=stage.STORE, step='contract')
        self.assertEqual('finished', self.stage.closed(operation)['how'])
        self.assertEqual(1, self.steps(operation).count('contract'))

    def steps(self, operation):
        """The steps that the first node was through."""
        return [step for _, step, _ in self.stage.ran(operation, node=FIRST)]

    def test_of_two_operators_one_goes_on(self):
        self.fail_package(SECOND)
        operation = self.stage.start(self.preview()['digest'])
        self.stage.error_of(operation)
        self.stage.repair(SECOND)
        both = [self.stage.resume(retry_failed=True) for _ in range(2)]
        errors = [error for error in map(self.outcome, both) if error]
        self.assertEqual(1, len(errors), errors)
        self.assertRegex(errors[0], 'has the plan locked|just now|'
                                    'No operation of this plan is open')
        self.assertEqual(
            ['failed', 'done'],
            [status for unit, step, status
             in self.stage.ran(operation, node=SECOND)
             if (unit, step) == ('2', 'package')])
        self.assert_nothing_left()

    def outcome(self, execution):
        """The error of an execution, empty where it succeeds."""
        try:
            self.stage.wait(execution)
        except functional_cloud.ExecutionFailed as error:
            return str(error)

        return ''
