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

"""The trust of an operation, which outlives the token of its starter.

The starter trusts the service user of Mistral with their roles in the
project. Under the trust Keystone gives that user new tokens at any time; to
all services they are the starter's. The trust can be redelegated once,
because Heat makes its own from it when it creates a stack.
"""

import dataclasses
import datetime
import functools
import math
import re
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from keystoneauth1 import access as keystone_access
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session as keystone_session

from tripleo_workflows import exceptions

#: Sessions, with their tokens, that a process keeps.
SESSIONS = 64
#: How often a request is tried while Keystone is being started again: for
#: 0.5, 1, 2 and 4 s.
RETRIES = 4
TAKE_OVER = ('Somebody who may work in the project goes on with their own '
             'rights: tripleo.operation.v1.resume with take_over=true.')

_IDENTIFIER = re.compile(r'[0-9a-f]{32}|[0-9a-f-]{36}')
_REFUSALS = (keystone_exceptions.Unauthorized, keystone_exceptions.Forbidden,
             keystone_exceptions.NotFound)


@dataclasses.dataclass(frozen=True)
class Trust:
    """What a trust allows, as Keystone's ids.

    :param person: name of the trustor.
    :param project: the one in which the trustee may act for the trustor.
    """

    id: str
    trustor: str
    person: str
    project: str


class Trustee:
    """The service user: it is whom operations' starters trust.

    Safe to use from several threads.

    :param authenticate: makes a session of the service user, under the trust
        of that id; for an empty one, in the user's own project.
    """

    def __init__(self,
                 authenticate: Callable[[str], keystone_session.Session]):
        #: The session of a trust, which gets new tokens by itself.
        self.session = functools.lru_cache(SESSIONS)(authenticate)
        url = self.session('').auth.auth_url.rstrip('/')
        self._url = f'{url.removesuffix("/v3")}/v3'

    def create(self, trustor: keystone_session.Session,
               token: Mapping[str, Any], seconds: float = 0) -> str:
        """Make a trust with the roles of a token and return its id.

        :param trustor: a session that has the token.
        :param token: its document, as Keystone shows it under ``token``.
        :param seconds: from now until the trust expires; 0: never.
        :raises NotPermitted: a token of this kind makes no trusts.
        """
        wanted = {'trustor_user_id': token['user']['id'],
                  'trustee_user_id': self.user,
                  'project_id': token['project']['id'],
                  'roles': [{'id': role['id']} for role in token['roles']],
                  'impersonation': True,
                  'allow_redelegation': True,
                  'redelegation_count': 1}
        expires = math.ceil(time.time() + seconds)

        while True:
            if seconds:
                wanted['expires_at'] = _iso_time(expires)

            try:
                answer = trustor.post(
                    f'{self._url}/OS-TRUST/trusts', log=False,
                    connect_retries=RETRIES, json={'trust': wanted})
            except keystone_exceptions.Conflict:
                # Keystone refuses a second trust between the same two that
                # expires in the same second; the next one is as good.
                expires += 1
            except keystone_exceptions.Forbidden:
                raise _no_trust(token) from None
            else:
                return str(answer.json()['trust']['id'])

    def read(self, trust: str) -> Trust:
        """Authenticate under a trust, and say what it allows.

        Services remember for minutes that a token was good, so Keystone is
        asked each time whether it still is.

        :raises NotPermitted: the trust is gone, or not ours, or its trustor
            may no longer do what it allows.
        """
        _require_identifier(trust)
        session = self.session(trust)

        try:
            access = session.auth.get_access(session)

            if not self._valid(access.auth_token):
                # Another password, for one, revokes tokens and no trust.
                session.invalidate()
                access = session.auth.get_access(session)
        except _REFUSALS:
            raise self._diagnosis(trust) from None

        return _trust(access)

    def revoke(self, trust: str, project: str) -> bool:
        """Delete an operation's trust, and Heat's trusts made from it.

        :param project: a trust of another one is left alone, like those that
            cannot be redelegated: Mistral's triggers have such.
        :returns: whether the trust is gone; if not, it ends by expiring.
        """
        _require_identifier(trust)

        try:
            found = self._find(trust)

            if found['project_id'] != project or not (
                    found['redelegation_count']):
                return False

            # Under the trust we are its trustor, and need no role for it.
            return self._delete(self.session(trust), trust) or self._delete(
                self._service(), trust)
        except keystone_exceptions.NotFound:
            return True
        except keystone_exceptions.Forbidden:
            return False

    def _delete(self, session: keystone_session.Session, trust: str) -> bool:
        try:
            session.delete(f'{self._url}/OS-TRUST/trusts/{trust}', log=False)
        except (keystone_exceptions.Unauthorized,
                keystone_exceptions.Forbidden):
            return False

        return True

    def _service(self) -> keystone_session.Session:
        session = self.session('')

        try:
            session.auth.get_access(session)
        except _REFUSALS:
            raise exceptions.NotPermitted(
                'Keystone does not let Mistral in.',
                'Correct [keystone_authtoken] in the configuration of '
                'Mistral.') from None

        return session

    @property
    def user(self) -> str:
        """Id of the service user."""
        return str(self._service().get_user_id())

    def _valid(self, token: str) -> bool:
        try:
            self._service().get(
                f'{self._url}/auth/tokens?nocatalog', log=False,
                connect_retries=RETRIES, headers={'X-Subject-Token': token})
        except (keystone_exceptions.NotFound, keystone_exceptions.Forbidden):
            return False

        return True

    def _find(self, trust: str) -> dict[str, Any]:
        found: dict[str, Any] = self._service().get(
            f'{self._url}/OS-TRUST/trusts/{trust}', log=False,
            connect_retries=RETRIES).json()['trust']

        return found

    def _diagnosis(self, trust: str) -> exceptions.NotPermitted:
        try:
            found = self._find(trust)
        except keystone_exceptions.NotFound:
            return exceptions.NotPermitted(
                'The trust that the operation works under is gone: it has '
                'expired, or somebody deleted it.', TAKE_OVER, trust=trust)
        except keystone_exceptions.Forbidden:
            found = {}

        if found.get('trustee_user_id') != self.user:
            return exceptions.NotPermitted(
                'The trust is given to somebody else than this Mistral.',
                TAKE_OVER, trust=trust)

        return exceptions.NotPermitted(
            'Keystone no longer lets anybody act for the person whom the '
            'operation works for: the user or the project was disabled, or '
            'the user lost a role in it.', TAKE_OVER, trust=trust,
            user=found['trustor_user_id'])


def check(trust: Trust, user: str, project: str) -> None:
    """Make sure that an execution may use a trust.

    :param user: id of the person who started the execution.
    :param project: id of the execution's project.
    :raises NotPermitted: it is another person's, or another project's.
    """
    if trust.project != project:
        raise exceptions.NotPermitted(
            'The operation belongs to another project.',
            'Go on with it there: tripleo.operation.v1.resume with '
            'take_over=true.')

    if trust.trustor != user:
        raise exceptions.NotPermitted(
            f'The operation works with the rights of another person, '
            f'{trust.person}.', 'Go on with your own rights: '
            'tripleo.operation.v1.resume with take_over=true.')


def _iso_time(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(
        '%Y-%m-%dT%H:%M:%S.000000Z')


def _trust(access: keystone_access.AccessInfoV3) -> Trust:
    return Trust(id=access.trust_id, trustor=access.trustor_user_id,
                 person=access.username, project=access.project_id)


def _no_trust(token: Mapping[str, Any]) -> exceptions.NotPermitted:
    if 'application_credential' in token.get('methods', ()):
        return exceptions.NotPermitted(
            'An application credential cannot make the trust that an '
            'operation works under.',
            'Start the workflow with a password, or by a cron trigger that '
            'was made with one.')

    if token.get('OS-TRUST:trust'):
        return exceptions.NotPermitted(
            'The trust that the workflow was started under cannot be '
            'redelegated.', 'Start the workflow as a person.')

    return exceptions.NotPermitted(
        'Keystone does not let you make the trust that an operation works '
        'under.', 'Ask for the right to create trusts: '
        'identity:create_trust.')


def _require_identifier(trust: str) -> None:
    # It becomes a part of a path that we ask for with a service's rights.
    if not _IDENTIFIER.fullmatch(trust):
        raise exceptions.InvalidInput(
            "trust: this is not an id of Keystone's.",
            'Give the id that `openstack trust create` shows.')
