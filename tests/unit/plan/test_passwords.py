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
import base64
import uuid

import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import passwords


def load(**sections):
    return environment.load({'plan-environment.yaml': yaml.safe_dump(
        {'version': 1.0, **sections})})


class KindsTest(testtools.TestCase):

    def test_each_kind_has_its_form(self):
        self.assertThat(passwords.password(), testtools.matchers.MatchesRegex(
            '^[a-zA-Z0-9]{32}$'))
        self.assertThat(
            passwords.cephx_key(),
            testtools.matchers.MatchesRegex('^[a-zA-Z0-9+/]{38}==$'))
        self.assertEqual(32, len(base64.urlsafe_b64decode(
            passwords.fernet_key())))
        self.assertEqual(32, len(base64.b64decode(passwords.base64_key())))
        self.assertEqual(4, uuid.UUID(passwords.unique_id()).version)
        self.assertEqual(
            ['/etc/keystone/fernet-keys/0', '/etc/keystone/fernet-keys/1'],
            list(passwords.fernet_repository()))

    def test_no_two_are_equal(self):
        for make in set(passwords.TABLE.values()):
            self.assertNotEqual(make(), make())

    def test_what_is_fixed_is_in_the_table(self):
        self.assertEqual(set(), passwords.FIXED - passwords.TABLE.keys())


class CompleteTest(testtools.TestCase):

    def test_generates_what_nothing_sets(self):
        before = load(passwords={'HeatPassword': 'kept'})

        changed, names = passwords.complete(
            before, {'AdminPassword', 'CephClientKey', 'WebRelease'})

        self.assertEqual(['AdminPassword', 'CephClientKey'], names)
        self.assertEqual({*names, 'HeatPassword'},
                         changed['passwords'].keys())
        self.assertEqual('kept', changed['passwords']['HeatPassword'])
        self.assertEqual({'HeatPassword': 'kept'}, before['passwords'])

    def test_has_nothing_to_do(self):
        before = load()

        self.assertEqual((before, []),
                         passwords.complete(before, {'WebRelease'}))


class RotateTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.before = load(passwords={
            'AdminPassword': 'old', 'HeatPassword': 'old',
            'RabbitCookie': 'old', 'Foreign': 'old'})

    def refused(self, *names, environment=None):
        return self.assertRaises(
            exceptions.InvalidInput, passwords.rotate,
            environment or self.before, names, 'request')

    def changed(self, environment):
        return sorted(name for name, value
                      in environment['passwords'].items() if value != 'old')

    def test_makes_the_named_ones_anew(self):
        after, names = passwords.rotate(self.before, ['HeatPassword'], 'one')

        self.assertEqual(['HeatPassword'], names)
        self.assertEqual(names, self.changed(after))
        self.assertEqual([], self.changed(self.before))

    def test_makes_all_anew_that_a_running_cloud_can_change(self):
        after, names = passwords.rotate(self.before, [], 'one')

        self.assertEqual(['AdminPassword', 'HeatPassword'], names)
        self.assertEqual(names, self.changed(after))

    def test_a_request_that_comes_twice_changes_nothing_again(self):
        first, names = passwords.rotate(self.before, [], 'one')
        other, _ = passwords.rotate(first, ['AdminPassword'], 'two')
        stored = environment.load(
            {'plan-environment.yaml': environment.dump(other)})

        self.assertEqual((stored, names),
                         passwords.rotate(stored, [], 'one'))

    def test_remembers_some_requests(self):
        after = self.before

        for number in range(passwords.REMEMBERED + 1):
            after, _ = passwords.rotate(after, [], str(number))

        self.assertEqual(
            [str(number + 1) for number in range(passwords.REMEMBERED)],
            list(after['password_requests']))

    def test_names_what_cannot_be_rotated(self):
        for name, problem in (
                ('RabbitCookie', 'while the cloud is running'),
                ('Foreign', 'no generated password'),
                ('NovaPassword', 'there are: AdminPassword, Foreign')):
            error = self.refused('HeatPassword', name)

            self.assertEqual(name, error.where['parameter'])
            self.assertIn(problem, str(error))
            self.assertNotIn('old', str(error))

    def test_refuses_one_that_the_plan_sets_itself(self):
        error = self.refused('HeatPassword', environment=load(
            passwords={'HeatPassword': 'old'},
            parameter_defaults={'HeatPassword': 'ours'}))

        self.assertIn('parameter_defaults', error.message)
        self.assertNotIn('ours', str(error))
