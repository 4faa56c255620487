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

"""Operations that are given up: the next one does what is left."""

from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES


class LeftoversTestCase(case.VariantTestCase):

    def abort_in(self, node, step):
        """Give an upgrade up while a node is at a step."""
        operation = self.stage.start(self.preview()['digest'])
        self.stage.wait_for(operation, node, step)
        stopped = self.stage.do('abort', take_over=True)
        self.assertEqual((operation, [node], []), (
            stopped['operation'], stopped['stopped'], stopped['silent']))
        self.stage.repair(node)

        return operation

    def finish(self):
        """Run what is left; the operation."""
        rollout = self.stage.preview()
        operation = self.stage.start(rollout['digest'])
        self.stage.wait(operation)

        return rollout, operation

    def test_an_abort_in_the_middle(self):
        self.fail_package(SECOND, 'sleep 4')
        self.abort_in(SECOND, 'package')
        self.assert_serving(self.release, None)
        rollout, operation = self.finish()
        self.assertEqual({'store': [SECOND]}, self.planned(rollout))
        self.assertIn(f'{SECOND} (an earlier roll did not end)',
                      rollout['tree'])
        # Its preparation is made again where a node is rolled.
        self.assertEqual([('finish', 'contract', 'done')],
                         self.stage.ran(operation, node=FIRST))
        self.assert_nothing_left()

    def test_an_abort_after_the_last_batch(self):
        self.stage.steer(FIRST, 'store.contract', 'sleep 15')
        self.abort_in(FIRST, 'contract')
        self.assert_serving(self.release, self.release)
        rollout, operation = self.finish()
        self.assertEqual({'store': []}, self.planned(rollout))
        self.assertEqual({FIRST: [('finish', 'contract', 'done')],
                          SECOND: []}, self.stage.ran(operation))
        self.assert_nothing_left()
