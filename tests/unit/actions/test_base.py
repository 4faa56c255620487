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

import socket
import types
from unittest import mock

import fixtures
import swiftclient
import testtools
from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session as keystone_session
from mistral_lib import actions
from oslo_config import cfg

from tests.unit.operation import keystone
from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.operation import trust


class Act(base.Action):
    """Does what a test tells it to do."""

    def __init__(self, work):
        self.work = work

    def act(self, caller):
        return self.work(caller)


class ContextTestCase(testtools.TestCase):
    """Contexts as Mistral gives them to actions."""

    def setUp(self):
        super().setUp()
        self.keystone = keystone.Keystone()
        self.keystone.projects |= {'alice': 'cloud', 'bob': 'cloud',
                                   'carol': 'other'}
        trustee = trust.Trustee(
            lambda name: self.keystone.session(keystone.MISTRAL, name))
        patch = mock.patch.object(base, 'trustee', lambda: trustee)
        patch.start()
        self.addCleanup(patch.stop)

    def context(self, **security):
        return types.SimpleNamespace(
            security=types.SimpleNamespace(**{
                'auth_token': 'a-token', 'service_catalog': None,
                'trust_id': None, 'user_name': None, 'project_id': 'cloud',
                **security}),
            execution=types.SimpleNamespace(workflow_execution_id='e'))

    def api(self, user='alice', under=''):
        """The context of an execution that was started through the API."""
        document = self.keystone.document(user, under)
        name = keystone.uuid.uuid4().hex
        self.keystone.tokens[name] = document

        return self.context(
            auth_token=name, service_catalog=document['token'],
            user_name=document['token']['user']['name'],
            project_id=document['token']['project']['id'])

    def cron(self, user='alice'):
        """The context of an execution that a trigger started."""
        given = self.keystone.trust(user, redelegation_count=0)

        return given, self.context(trust_id=given)


class CallerTestCase(ContextTestCase):

    def person_of(self, clients):
        return clients.session.auth.get_access(clients.session).username

    def grant(self, caller, **keywords):
        # The catalogue's plugin has a transport of its own.
        with mock.patch.object(base.Caller, 'clients', types.SimpleNamespace(
                session=self.keystone.session('alice'))):
            return caller.grant(60, **keywords)

    def test_without_a_trust_the_token_counts(self):
        context = self.api()
        caller = base.Caller(context)
        self.assertEqual(('Alice', False), (caller.person, caller.delegated))

        for operation in ({}, {'trust': ''}):
            clients = caller.clients_for(operation)
            self.assertEqual(context.security.auth_token,
                             clients.session.get_token())

    def test_an_operation_works_under_its_trust(self):
        context = self.api()
        clients = base.Caller(context).clients_for(
            {'trust': self.keystone.trust()})
        self.assertEqual('Alice', self.person_of(clients))
        self.assertNotEqual(context.security.auth_token,
                            clients.session.get_token())

    def test_what_follows_works_under_the_trust_too(self):
        caller = base.Caller(self.api())
        clients = caller.clients_for({'trust': self.keystone.trust()})
        self.assertIs(clients, caller.clients)

    def test_a_service_that_goes_on_alone_gets_a_new_token(self):
        given, context = self.cron()
        caller = base.Caller(context)

        for operation in ({'trust': self.keystone.trust()},
                          {'trust': given}, None):
            token = caller.clients_for(operation).session.get_token()
            self.assertEqual(
                token, caller.clients_for(operation).session.get_token())
            self.assertNotEqual(token, caller.clients_for(
                operation, fresh=True).session.get_token())

    def test_the_trust_of_another_is_refused(self):
        given = self.keystone.trust('alice')

        for user, text in (('bob', 'another person'),
                           ('carol', 'another project')):
            error = self.assertRaises(
                exceptions.NotPermitted,
                base.Caller(self.api(user)).clients_for, {'trust': given})
            self.assertIn(text, error.message)

    def test_a_person_grants_a_new_trust(self):
        made = self.grant(base.Caller(self.api()))
        self.assertEqual('alice',
                         self.keystone.trusts[made]['trustor_user_id'])
        self.assertTrue(base.Caller(self.api('bob')).revoke(made))
        self.assertNotIn(made, self.keystone.trusts)
        self.assertTrue(base.Caller(self.api()).revoke(''))

    def test_a_trigger_has_a_trust_and_a_person(self):
        given, context = self.cron()
        caller = base.Caller(context)
        self.assertEqual(('Alice', True, given),
                         (caller.person, caller.delegated, caller.grant(60)))
        self.assertEqual('Alice', self.person_of(caller.clients))
        self.assertEqual('Alice', self.person_of(
            caller.clients_for({'trust': given})))

    def test_a_trigger_may_use_what_its_person_made(self):
        _, context = self.cron()
        given = self.keystone.trust('alice')
        caller = base.Caller(context)
        self.assertEqual(given, caller.grant(60, given))
        self.assertEqual('Alice', self.person_of(
            caller.clients_for({'trust': given})))
        self.assertRaises(exceptions.NotPermitted, caller.grant, 60,
                          self.keystone.trust('bob'))

    def test_who_comes_under_a_trust_to_us_makes_no_other(self):
        given = self.keystone.trust()
        caller = base.Caller(self.api('alice', under=given))
        self.assertEqual((True, given),
                         (caller.delegated, caller.grant(60)))

    def test_who_comes_under_a_trust_to_others_does(self):
        self.keystone.projects['heat'] = 'service'
        given = self.keystone.trust(trustee='heat')
        caller = base.Caller(self.api('alice', under=given))
        self.assertFalse(caller.delegated)
        self.assertNotEqual(given, self.grant(caller))

    def test_a_context_without_anything_is_refused(self):
        caller = base.Caller(self.context())
        self.assertRaises(exceptions.InvalidInput,
                          lambda: caller.clients)


class ErrorTestCase(ContextTestCase):

    def error(self, context, work):
        result = Act(work).run(context)
        self.assertIsInstance(result, actions.Result)

        return result.error

    def fail(self, error):
        def work(caller):
            raise error

        return work

    def under(self, given, error):
        def work(caller):
            caller.clients_for({'trust': given})
            raise error

        return work

    def test_each_service_that_refuses_is_named(self):
        for error, service in (
                (swiftclient.ClientException('https://x/AUTH_1?sig=s',
                                             http_status=403), 'Swift'),
                (heat_exceptions.HTTPForbidden('https://x'), 'Heat'),
                (base.mistral_base.APIException(403, 'https://x'),
                 'Mistral'),
                (keystone_exceptions.Forbidden('https://x'), 'Keystone')):
            text = self.error(self.api(), self.fail(error))
            self.assertIn(f'{service} refused a request: Alice lacks', text)
            self.assertNotIn('https', text)

    def test_a_refusal_is_seen_through_what_was_made_of_it(self):
        def work(caller):
            try:
                raise swiftclient.ClientException('x', http_status=403)
            except swiftclient.ClientException:
                raise exceptions.ServiceUnavailable('Swift is away.') from None

        self.assertIn('Alice lacks a role', self.error(self.api(), work))

    def test_errors_of_ours_are_told_as_they_are(self):
        def work(caller):
            try:
                raise swiftclient.ClientException('x', http_status=403)
            except swiftclient.ClientException:
                raise exceptions.Conflict('Ours.') from None

        self.assertEqual('Ours.', self.error(self.api(), work))

    def test_a_dead_token_is_told(self):
        text = self.error(self.api(), self.fail(
            keystone_exceptions.Unauthorized('https://x')))
        self.assertIn("The execution's token is no longer valid.", text)
        self.assertIn('tripleo.operation.v1.resume', text)

    def test_a_trust_that_dies_in_the_middle_is_told(self):
        given = self.keystone.trust()

        def work(caller):
            token = caller.clients_for({'trust': given}).session.get_token()
            del self.keystone.trusts[given], self.keystone.tokens[token]
            raise heat_exceptions.HTTPUnauthorized('x')

        self.assertIn('gone', self.error(self.api(), work))

    def test_a_token_that_dies_under_a_good_trust_is_told(self):
        text = self.error(self.api(), self.under(
            self.keystone.trust(), heat_exceptions.HTTPUnauthorized('x')))
        self.assertIn('revoked while it was in use', text)

    def test_a_trigger_that_creates_a_stack_is_told_what_to_do(self):
        given, context = self.cron()
        text = self.error(context, self.under(
            given, heat_exceptions.HTTPForbidden('x')))
        self.assertIn('cannot be redelegated', text)

    def test_other_errors_name_no_more_than_their_status(self):
        self.assertIn(
            'ClientException 507.', self.error(self.api(), self.fail(
                swiftclient.ClientException('https://x', http_status=507))))

    def test_a_lost_connection_is_told_with_its_place(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]

        def work(caller):
            keystone_session.Session().get(
                f'http://alice:secret@127.0.0.1:{port}/v1?sig=secret')

        text = self.error(self.api(), work)
        self.assertIn('ConnectFailure from ConnectionRefusedError at '
                      f'127.0.0.1:{port}.', text)
        self.assertNotIn('secret', text)


class ServiceUserTestCase(testtools.TestCase):
    """What Mistral's configuration makes of a trust."""

    def authenticate(self, given, kind):
        directory = self.useFixture(fixtures.TempDir())
        path = directory.join('mistral.conf')

        with open(path, 'w') as file:
            file.write(f'''[keystone_authtoken]
auth_type = {kind}
auth_url = http://keystone.test
username = mistral
password = secret
user_domain_name = Default
project_name = service
project_domain_name = Default
''')

        configuration = cfg.ConfigOpts()
        configuration(['--config-file', path])

        with mock.patch.object(base.cfg, 'CONF', configuration):
            return base._authenticate(given).auth

    def test_without_a_trust_it_is_in_its_own_project(self):
        for kind in ('password', 'v3password'):
            auth = self.authenticate('', kind)
            self.assertEqual(('http://keystone.test', 'service', None),
                             self.scope(auth))

    def test_under_a_trust_it_has_no_other_scope(self):
        for kind in ('password', 'v3password'):
            auth = self.authenticate('a-trust', kind)
            self.assertEqual(('http://keystone.test', None, 'a-trust'),
                             self.scope(auth))

    def scope(self, auth):
        # The generic plugin hides what the other one shows.
        known = vars(auth)

        return (auth.auth_url, *(
            known.get(name, known.get(f'_{name}'))
            for name in ('project_name', 'trust_id')))


class RequestTest(testtools.TestCase):

    def request(self, given=None, **execution):
        return base.Caller(types.SimpleNamespace(
            security=types.SimpleNamespace(service_catalog={}, trust_id=None),
            execution=types.SimpleNamespace(**{
                'task_execution_id': None, 'action_execution_id': None,
                **execution}))).request(given)

    def test_is_what_comes_again_with_a_second_delivery(self):
        known = {'task_execution_id': 'task', 'action_execution_id': 'action'}

        self.assertEqual('given', self.request('given', **known))
        self.assertEqual('task', self.request(**known))
        self.assertEqual('action', self.request(action_execution_id='action'))
        self.assertNotEqual(self.request(), self.request())
