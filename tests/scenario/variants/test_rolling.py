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

"""Changes of everything around Keystone, while it is used."""

from tests.functional import cloud as functional_cloud
from tests.scenario.variants import case
from tests.scenario.variants import stage


class RollingTestCase(case.VariantTestCase):

    def test_the_load_balancers(self):
        now = self.stage.parameter('HaproxyServerTimeout', 30)

        with self.unnoticed():
            rollout = self.stage.preview('update',
                                         HaproxyServerTimeout=61 - now)
            operation = self.stage.start(rollout['digest'])
            self.stage.wait(operation)

        self.assertEqual(
            {node: [('configure', 'done'), ('reload', 'done')]
             for node in stage.CONTROLLERS},
            {node: [(step, status) for _, step, status in self.stage.ran(
                operation, 'haproxy', node)] for node in stage.CONTROLLERS})
        self.assert_nothing_left()

    def test_a_rotation_of_fernet_keys(self):
        before = self.stage.token(stage.FIRST)
        self.rotate()
        # No node has the key yet that would make tokens then.
        error = self.assertRaises(functional_cloud.ExecutionFailed,
                                  self.rotate)
        self.assertIn('Roll it out first', str(error))

        with self.unnoticed():
            rollout = self.stage.preview('update')
            self.assertIn('secret FERNET_KEYS changed', rollout['tree'])
            operation = self.stage.start(rollout['digest'])
            self.stage.wait_for(operation, stage.SECOND, 'drain')
            between = self.stage.token(stage.FIRST)
            self.stage.wait(operation)

        # Nothing else was done, and nobody has to log in again.
        document = self.stage.record.document(rollout['digest'])
        self.assertEqual([stage.KEYSTONE], [*document['services']])

        for token in (before, between):
            for node in stage.CONTROLLERS:
                self.assertEqual(200, self.stage.validate(node, token))

        self.assert_nothing_left()

    def rotate(self):
        return self.stage.cloud.act('tripleo.parameters.rotate_fernet_keys',
                                    container=stage.PLAN)

    def test_a_cache_is_lost(self):
        with self.unnoticed():
            operation = self.stage.start(self.stage.change()['digest'])
            self.stage.wait_for(operation, stage.SECOND, 'drain')
            self.stage.switch(stage.THIRD, 'stop', 'memcached')
            self.addCleanup(self.stage.switch, stage.THIRD, 'start',
                            'memcached')
            self.stage.wait(operation)

        self.assert_nothing_left()
