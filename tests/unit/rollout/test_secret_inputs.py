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

import fixtures
import testtools

from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import secret_inputs


def role_data(password='hunter2', secrets=('PASSWORD',)):
    return plans.lifecycle(secrets=list(secrets), roll={
        'configure': plans.script('write', inputs={
            'PASSWORD': password, 'PORT': 80})})


class SecretInputsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        self.record = operation_record.Record(swift, 'overcloud')
        self.stack = {'web': role_data()}
        self.asked = []
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.stack.cloud.role_data', self.read))
        parsed = lifecycle.parse('web', role_data()['lifecycle'])
        self.stored = {
            **lifecycle.without_secrets(parsed), 'parts': revision.parts(
                parsed, revision.load_key(self.record))}

    def read(self, heat, stack, role):
        self.asked.append((stack, role))

        return self.stack

    def values(self, step='configure'):
        return secret_inputs.of_step(
            None, {'stack': 'id', 'plan': 'overcloud'}, 'web', 'Controller',
            self.stored, step, self.record)

    def test_values_come_from_the_stack(self):
        self.assertEqual({'PASSWORD': 'hunter2'}, self.values())
        self.assertEqual([('id', 'Controller')], self.asked)

    def test_a_step_without_secrets_asks_nobody(self):
        self.assertEqual({}, self.values('start'))
        self.assertEqual([], self.asked)

    def refused(self, stack):
        self.stack = stack
        error = self.assertRaises(exceptions.DocumentOutdated, self.values)
        self.assertIn('PASSWORD', str(error))
        self.assertNotIn('hunter', str(error))

    def test_a_rotated_secret_is_not_what_was_planned(self):
        self.refused({'web': role_data('hunter3')})

    def test_a_secret_that_is_gone_is_told(self):
        self.refused({'web': role_data(secrets=())})
        self.refused({})
