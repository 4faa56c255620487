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

"""A canary that lives and is not well: only what users do shows it."""

from tests.scenario.variants import case
from tests.scenario.variants import stage

KEYS = """\
cd "$NODE_ROOT/etc/keystone/fernet-keys"
[ "$NODE_NAME" != {node} ] || for key in *; do
    head -c 32 /dev/urandom | base64 | tr +/ -_ > "$key"
done
"""


class CanaryTestCase(case.VariantTestCase):

    def fail(self, rollout, *parts):
        """Run what stops at its canary, which nobody else notices."""
        before = self.stage.serving()

        with self.unnoticed():
            operation = self.stage.start(rollout['digest'])
            error = self.stage.error_of(operation)

        for part in ('service=keystone', 'step=verify',
                     f'node={stage.FIRST}', *parts):
            self.assertIn(part, error)

        # It was put back by the steps that it had, and serves again.
        self.assertEqual(before, self.stage.serving())
        steps = self.stage.ran(operation, node=stage.FIRST)
        self.assertEqual([('back-1-1', step, 'done') for step in (
            'drain', 'stop', 'package', 'configure', 'start', 'verify-0',
            'undrain')],
            [step for step in steps if step[0] == 'back-1-1'])

        for node in (stage.SECOND, stage.THIRD):
            self.assertEqual(set(), {
                unit for unit, _, _ in self.stage.ran(operation, node=node)
                } - {'prepare'})

    def test_a_wrong_database_password(self):
        self.stage.restore_schema()
        self.stage.set_hooks([self.hook(
            'sed -i s/keystone:.*@/keystone:wrong@/ '
            '"$NODE_ROOT/etc/keystone/keystone.conf"', after='configure')])
        self.fail(self.stage.preview(KeystoneRelease=stage.NEW),
                  'POST auth/tokens', 'answered 500')
        self.assert_serving(*3 * [stage.OLD])

    def test_an_option_that_only_a_write_shows(self):
        self.stage.set_hooks([self.hook(
            'printf "[identity]\\npassword_hash_rounds = 99\\n" '
            '>> "$NODE_ROOT/etc/keystone/keystone.conf"', after='configure')])
        self.fail(self.stage.preview('update'), 'POST users',
                  'answered 500')

    def test_other_fernet_keys(self):
        self.stage.set_hooks([self.hook(
            KEYS.format(node=stage.FIRST), after='configure')])
        self.fail(self.stage.preview('update'),
                  'The keys of this node do not open')
