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
import json
import types

import fixtures
import testtools
import yaml

from tests.unit.plan import swift_server
from tests.unit.stack import fakes as stack_fakes
from tripleo_workflows import exceptions
from tripleo_workflows.actions import plan as actions
from tripleo_workflows.plan import store

PLAN = 'overcloud'
TEMPLATE = """\
heat_template_version: wallaby
parameters:
  AdminPassword: {type: string, hidden: true}
  NovaPassword: {type: string, hidden: true}
  HeatPassword: {type: string, hidden: true}
  ControllerCount: {type: number, default: 1}
resources:
  Child: {type: OS::TripleO::Child}
"""
CHILD = """\
heat_template_version: wallaby
parameters:
  CephClientKey: {type: string, hidden: true}
"""


class PasswordsTestCase(testtools.TestCase):
    """A plan in Swift that declares passwords, at the root and below."""

    def setUp(self):
        super().setUp()
        swift = self.useFixture(swift_server.SwiftServer()).connection()
        self.plan = store.PlanStore(swift, PLAN)
        self.plan.create()
        self.plan.write({
            'overcloud.yaml': TEMPLATE, 'child.yaml': CHILD,
            'site.yaml': 'parameter_defaults: {NovaPassword: ours}\n',
            'roles_data.yaml': '[{name: Controller, CountDefault: 1}]\n',
            'plan-environment.yaml': yaml.safe_dump({
                'version': 1.0, 'environments': [{'path': 'site.yaml'}],
                'parameter_defaults': {'AdminPassword': 'ours'},
                'resource_registry': {
                    'OS::TripleO::Child': 'child.yaml'}})})
        self.caller = types.SimpleNamespace(
            clients=types.SimpleNamespace(
                swift=swift, heat=stack_fakes.Heat()),
            request=lambda given: given or 'the-task')

    def environment(self):
        return yaml.safe_load(self.plan.read()['plan-environment.yaml'])

    def adopt(self, **inputs):
        return actions.Adopt(PLAN, validate_stack=False, **inputs).act(
            self.caller)

    def generate(self, **inputs):
        result = actions.GeneratePasswords(PLAN, **inputs).act(self.caller)

        for value in self.environment()['passwords'].values():
            self.assertNotIn(value, json.dumps(result))

        return result


class AdoptTest(PasswordsTestCase):

    def test_generates_what_a_template_declares_and_nothing_sets(self):
        result = self.adopt()

        self.assertEqual(['CephClientKey', 'HeatPassword'],
                         result['generated'])
        self.assertEqual(['CephClientKey', 'HeatPassword'],
                         sorted(self.environment()['passwords']))

    def test_keeps_what_is_there(self):
        self.adopt()
        before = self.environment()

        self.assertEqual([], self.adopt()['generated'])
        self.assertEqual(before, self.environment())

    def test_generates_none_where_none_are_wanted(self):
        self.assertEqual([], self.adopt(
            generate_passwords=False)['generated'])
        self.assertNotIn('passwords', self.environment())


class GeneratePasswordsTest(PasswordsTestCase):

    def test_generates_what_is_missing(self):
        names = ['CephClientKey', 'HeatPassword']

        self.assertEqual({'generated': names, 'rotated': []},
                         self.generate())
        self.assertEqual({'generated': [], 'rotated': []}, self.generate())

    def test_rotates_once_for_a_request(self):
        self.generate()
        before = self.environment()['passwords']
        inputs = {'rotate_passwords': True,
                  'rotate_pw_list': ['HeatPassword']}

        result = self.generate(**inputs)
        after = self.environment()['passwords']
        self.assertEqual(['HeatPassword'], result['rotated'])
        self.assertNotEqual(before['HeatPassword'], after['HeatPassword'])
        self.assertEqual(before['CephClientKey'], after['CephClientKey'])

        self.assertEqual(result, self.generate(**inputs))
        self.assertEqual(after, self.environment()['passwords'])
        self.generate(request_id='another', **inputs)
        self.assertNotEqual(after, self.environment()['passwords'])

    def test_names_without_a_rotation_are_a_mistake(self):
        error = self.assertRaises(
            exceptions.InvalidInput, self.generate,
            rotate_pw_list=['HeatPassword'])

        self.assertEqual('rotate_pw_list', error.where['field'])
        self.assertNotIn('passwords', self.environment())


class RotateFernetKeysTest(PasswordsTestCase):

    def setUp(self):
        super().setUp()
        self.plan.write({'child.yaml': """\
heat_template_version: wallaby
parameters:
  KeystoneFernetKeys: {type: json, hidden: true}
  KeystoneFernetMaxActiveKeys: {type: number, default: 5}
"""})
        actions.GeneratePasswords(PLAN).act(self.caller)

    def keys(self):
        return self.environment()['passwords']['KeystoneFernetKeys']

    def rotate(self, **inputs):
        return actions.RotateFernetKeys(PLAN, **inputs).act(self.caller)

    def test_rotates_once_for_a_request(self):
        before = self.keys()

        result = self.rotate()
        after = self.keys()
        self.assertEqual(before[result['staged']], after[result['primary']])
        self.assertNotEqual(before[result['staged']], after[result['staged']])

        self.assertEqual(result, self.rotate())
        self.assertEqual(after, self.keys())

    def test_keeps_as_many_as_an_environment_of_the_plan_says(self):
        self.plan.write({'site.yaml': """\
parameter_defaults: {KeystoneFernetMaxActiveKeys: 4}
"""})
        purged = [self.rotate(request_id=str(number))['purged']
                  for number in range(3)]

        self.assertEqual([[], [], ['/etc/keystone/fernet-keys/1']], purged)
        self.assertEqual(4, len(self.keys()))

    def test_changes_nothing_while_nodes_lack_the_staged_key(self):
        before = self.environment()
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.rollout.fernet.require_everywhere',
            self.refuse))

        self.assertRaises(exceptions.Conflict, self.rotate)
        self.assertEqual(before, self.environment())

    def refuse(self, clients, plan, keys):
        self.assertEqual([0, 1], sorted(keys))
        raise exceptions.Conflict('Nodes lack it.')
