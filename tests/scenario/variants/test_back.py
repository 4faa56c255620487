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

"""A release that one node has and nobody wants any more."""

from tests.scenario.variants import case
from tests.scenario.variants import stage


class WayBackTestCase(case.VariantTestCase):

    def test_a_canary_goes_back_on_the_newer_schema(self):
        self.stage.restore_schema()
        self.stage.set_hooks([self.hook(
            f'[ "$NODE_NAME" = {stage.FIRST} ]', before='drain')])

        with self.unnoticed():
            operation = self.stage.start(self.stage.preview(
                KeystoneRelease=stage.NEW)['digest'])
            self.assertIn(f'node={stage.SECOND}',
                          self.stage.error_of(operation))
            self.assert_serving(stage.NEW, stage.OLD, stage.OLD)
            self.stage.abort()
            self.stage.set_hooks([])
            rollout = self.stage.preview(KeystoneRelease=stage.OLD)
            document = self.stage.record.document(rollout['digest'])
            self.assertEqual(
                [stage.FIRST],
                [*document['services'][stage.KEYSTONE]['nodes']])
            self.stage.run(rollout)

        self.assert_serving(*3 * [stage.OLD])
        self.assertIn(stage.EXPANSIONS[1], self.stage.revisions())
        self.assert_nothing_left()

    def test_a_backup_is_restored(self):
        self.stage.restore_schema()
        accounts = 'SELECT name FROM local_user ORDER BY name'
        before = self.stage.database.run(accounts)
        operation = self.stage.start(self.stage.preview(
            KeystoneRelease=stage.NEW)['digest'])
        self.stage.wait_for(operation, stage.FIRST, 'expand', 'done')
        self.stage.abort()
        self.stage.database.run('DELETE FROM local_user')
        self.stage.restore()
        self.assertEqual(before, self.stage.database.run(accounts))
        self.assertEqual(set(), set(stage.EXPANSIONS)
                         & self.stage.revisions())

        with self.unnoticed():
            self.stage.run(self.stage.change(KeystoneRelease=stage.OLD))
