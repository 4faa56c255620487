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

"""Keystone as far as trusts need it, answering as release 30 does."""

import json
import uuid

import requests
from keystoneauth1 import fixture
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3
from requests import adapters

URL = 'http://keystone.test/v3'
MISTRAL = 'mistral'


class Keystone(adapters.BaseAdapter):
    """Users in one project each, their tokens and trusts, in memory.

    ``disabled`` holds ids of users, ``asked`` what was requested.
    """

    def __init__(self):
        super().__init__()
        self.projects = {MISTRAL: 'service'}
        self.disabled = set()
        self.tokens = {}
        self.trusts = {}
        self.asked = []

    def session(self, user, trust=''):
        """A session of a user, in their project or under a trust."""
        scope = ({'trust_id': trust} if trust
                 else {'project_id': self.projects[user]})
        transport = requests.Session()
        transport.mount('http://', self)

        return keystone_session.Session(
            v3.Password(URL, user_id=user, password='secret', **scope),
            session=transport)

    def trust(self, trustor='alice', trustee=MISTRAL, **changes):
        """Make a trust without asking anybody, and return its id."""
        return self._add_trust({
            'trustor_user_id': trustor, 'trustee_user_id': trustee,
            'project_id': self.projects[trustor],
            'redelegation_count': 1, **changes})

    def document(self, user, trust=''):
        """The token document of a user, or of a trustee under a trust."""
        given = self.trusts.get(trust, {})
        user = given.get('trustor_user_id', user)
        token = fixture.V3Token(user_id=user, user_name=user.title(),
                                project_id=self.projects[user],
                                methods=['password'])
        token.add_role('member', 'member')

        if given:
            token.set_trust_scope(trust, True, given['trustee_user_id'],
                                  user)

        return token

    def send(self, request, **kwargs):
        path = request.path_url.removeprefix('/v3').split('?')[0]
        self.asked.append(f'{request.method} {path}')
        body = json.loads(request.body) if request.body else {}
        status, answer, headers = self._answer(request, path, body)
        response = requests.Response()
        response.status_code = status
        response._content = json.dumps(answer).encode()
        response.headers.update({'Content-Type': 'application/json',
                                 **headers})
        response.request = request
        response.url = request.url

        return response

    def close(self):
        pass

    def _answer(self, request, path, body):
        if (request.method, path) == ('POST', '/auth/tokens'):
            return self._authenticate(body['auth'])

        token = self.tokens.get(request.headers.get('X-Auth-Token'))

        if token is None:
            return 401, {}, {}

        if path == '/auth/tokens':
            known = self.tokens.get(request.headers['X-Subject-Token'])

            return (200 if known else 404), known, {}

        user = token['token']['user']['id']

        if request.method == 'POST':
            return self._create(token, body['trust'])

        name = path.rsplit('/', 1)[1]
        trust = self.trusts.get(name)

        if trust is None:
            return 404, {}, {}

        if user not in (trust['trustor_user_id'], MISTRAL):
            return 403, {}, {}

        if request.method == 'DELETE':
            del self.trusts[name]

        return 200, {'trust': trust}, {}

    def _authenticate(self, auth):
        user = auth['identity']['password']['user']['id']
        trust = auth['scope'].get('OS-TRUST:trust', {}).get('id', '')

        if trust and trust not in self.trusts:
            return 401, {}, {}

        given = self.trusts.get(trust, {'trustee_user_id': user,
                                        'trustor_user_id': user})

        if (given['trustee_user_id'] != user
                or {user, given['trustor_user_id']} & self.disabled):
            return 403, {}, {}

        name = uuid.uuid4().hex
        self.tokens[name] = self.document(user, trust)

        return 201, self.tokens[name], {'X-Subject-Token': name}

    def _create(self, token, wanted):
        methods = token['token']['methods']

        if ('application_credential' in methods
                or token['token'].get('OS-TRUST:trust')):
            return 403, {}, {}

        # Two that differ in nothing but when they were made.
        if wanted.get('expires_at') and any(
                {**wanted, 'id': name} == found
                for name, found in self.trusts.items()):
            return 409, {}, {}

        return 201, {'trust': self.trusts[self._add_trust(wanted)]}, {}

    def _add_trust(self, wanted):
        name = uuid.uuid4().hex
        self.trusts[name] = {**wanted, 'id': name}

        return name
