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

import datetime

import testtools

from tests.unit.operation import keystone
from tripleo_workflows import exceptions
from tripleo_workflows.operation import trust


class TrusteeTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.keystone = keystone.Keystone()
        self.keystone.projects['alice'] = 'cloud'
        self.trustee = trust.Trustee(
            lambda name: self.keystone.session(keystone.MISTRAL, name))

    def refused(self, pattern, given):
        error = self.assertRaises(exceptions.NotPermitted, self.trustee.read,
                                  given)
        self.assertIn(pattern, str(error))
        self.assertIn('tripleo.operation.v1.resume with take_over=true',
                      error.remedy)

    def create(self, **changes):
        alice = self.keystone.session('alice')
        token = {**self.keystone.document('alice')['token'], **changes}
        self.keystone.tokens[alice.get_token()]['token'].update(changes)

        return self.trustee.create(alice, token, 3600)

    def test_it_delegates_all_and_may_be_redelegated_once(self):
        made = self.keystone.trusts[self.create()]
        expires = datetime.datetime.fromisoformat(made['expires_at'])
        left = expires - datetime.datetime.now(datetime.UTC)

        self.assertEqual(
            ('alice', keystone.MISTRAL, 'cloud', True, True, 1,
             [{'id': 'member'}]),
            tuple(made[key] for key in (
                'trustor_user_id', 'trustee_user_id', 'project_id',
                'impersonation', 'allow_redelegation', 'redelegation_count',
                'roles')))
        self.assertAlmostEqual(3600, left.total_seconds(), delta=5)

    def test_two_may_be_made_in_the_same_second(self):
        made = {self.create() for _ in range(3)}
        self.assertEqual(3, len({self.keystone.trusts[name]['expires_at']
                                 for name in made}))

    def test_it_may_last_for_ever(self):
        alice = self.keystone.session('alice')
        made = self.trustee.create(
            alice, self.keystone.document('alice')['token'])
        self.assertNotIn('expires_at', self.keystone.trusts[made])

    def test_reading_it_says_whose_it_is(self):
        given = self.create()
        self.assertEqual(trust.Trust(given, 'alice', 'Alice', 'cloud'),
                         self.trustee.read(given))

    def test_its_token_is_kept_and_checked(self):
        given = self.create()
        token = self.trustee.session(given).get_token()
        self.trustee.read(given)
        self.assertEqual(token, self.trustee.session(given).get_token())
        # Another password revokes a person's tokens, and no trust.
        del self.keystone.tokens[token]
        self.trustee.read(given)
        self.assertNotEqual(token, self.trustee.session(given).get_token())

    def test_a_token_that_outlived_its_trust_is_noticed(self):
        given = self.create()
        self.trustee.read(given)
        self.keystone.tokens.pop(self.trustee.session(given).get_token())
        del self.keystone.trusts[given]
        self.refused('gone', given)

    def test_a_user_who_was_disabled_is_named(self):
        given = self.create()
        self.keystone.disabled.add('alice')
        self.refused('was disabled', given)
        self.refused('[trust=' + given + ', user=alice]', given)

    def test_one_of_another_service_is_refused(self):
        self.keystone.projects['heat'] = 'service'
        self.refused('somebody else than this Mistral',
                     self.keystone.trust(trustee='heat'))

    def test_mistrals_own_password_is_not_taken_for_the_trust(self):
        self.keystone.disabled.add(keystone.MISTRAL)
        error = self.assertRaises(exceptions.NotPermitted, self.trustee.read,
                                  '0' * 32)
        self.assertIn('[keystone_authtoken]', error.remedy)

    def test_an_id_cannot_lead_elsewhere(self):
        before = list(self.keystone.asked)

        for name in ('../../users/alice', 'a?b', '0' * 33, '0' * 31 + '\n'):
            for ask in (self.trustee.read,
                        lambda name: self.trustee.revoke(name, 'cloud')):
                error = self.assertRaises(exceptions.InvalidInput, ask, name)
                self.assertIn('trust:', error.message)

        self.assertEqual(before, self.keystone.asked)

    def test_an_application_credential_is_explained(self):
        error = self.assertRaises(exceptions.NotPermitted, self.create,
                                  methods=['application_credential'])
        self.assertIn('application credential', error.message)
        self.assertIn('password', error.remedy)
        self.assertEqual({}, self.keystone.trusts)

    def test_a_trust_that_ends_here_is_explained(self):
        error = self.assertRaises(
            exceptions.NotPermitted, self.create,
            **{'OS-TRUST:trust': {'id': 'another'}})
        self.assertIn('redelegated', error.message)

    def test_revoking_removes_it(self):
        given = self.create()
        self.assertTrue(self.trustee.revoke(given, 'cloud'))
        self.assertEqual({}, self.keystone.trusts)
        self.assertTrue(self.trustee.revoke(given, 'cloud'))

    def test_that_of_a_disabled_user_is_removed_too(self):
        given = self.create()
        self.keystone.disabled.add('alice')
        self.assertTrue(self.trustee.revoke(given, 'cloud'))
        self.assertEqual({}, self.keystone.trusts)

    def test_others_are_left_alone(self):
        ours = self.create()
        triggers = self.keystone.trust(redelegation_count=0)
        self.assertFalse(self.trustee.revoke(ours, 'another'))
        self.assertFalse(self.trustee.revoke(triggers, 'cloud'))
        self.assertEqual({ours, triggers}, set(self.keystone.trusts))


class CheckTestCase(testtools.TestCase):

    given = trust.Trust('id', 'alice', 'Alice', 'cloud')

    def test_its_own_person_passes(self):
        trust.check(self.given, 'alice', 'cloud')

    def test_others_are_told_how_to_go_on(self):
        for user, project, text in (
                ('bob', 'cloud', 'another person, Alice'),
                ('alice', 'other', 'another project')):
            error = self.assertRaises(exceptions.NotPermitted, trust.check,
                                      self.given, user, project)
            self.assertIn(text, error.message)
            self.assertIn('take_over=true', error.remedy)
