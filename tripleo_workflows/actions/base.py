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

"""What all actions share: clients of the caller, and errors as text."""

import abc
import contextlib
import functools
import urllib.parse
import uuid
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import swiftclient
from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import loading
from keystoneauth1 import session as keystone_session
from mistral_lib import actions
from mistral_lib.actions import context as action_context
from mistralclient.api import base as mistral_base
from oslo_config import cfg

from tripleo_workflows import clients as service_clients
from tripleo_workflows import config
from tripleo_workflows import exceptions
from tripleo_workflows.checks import http
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import trust as operation_trust

config.register(cfg.CONF)

#: Errors of clients, and which service they come from.
_SERVICES = {swiftclient.ClientException: 'Swift',
             heat_exceptions.HTTPException: 'Heat',
             mistral_base.APIException: 'Mistral',
             keystone_exceptions.ClientException: 'Keystone'}
#: A scope of its own may not stand beside a trust.
_NO_SCOPE = dict.fromkeys(('domain_id', 'domain_name', 'project_id',
                           'project_name', 'project_domain_id',
                           'project_domain_name'))


class Action(actions.Action):
    """An action that answers with data, or with an error and its remedy.

    Mistral rebuilds an action on its executor without calling ``__init__``,
    so that stores the inputs and nothing else.
    """

    def run(self, context: action_context.ActionContext) -> Any:
        """Carry the action out under the caller's rights."""
        caller = Caller(context)

        try:
            return self.act(caller)
        except (exceptions.TripleoError, *_SERVICES) as error:
            return actions.Result(error=str(_explain(error, caller)))

    @abc.abstractmethod
    def act(self, caller: 'Caller') -> Any:
        """Do the work; the value becomes the action's result."""


class Caller:
    """The person for whom an action runs, and the execution it runs in.

    A person starts an execution through the API, with a token. A trigger of
    Mistral starts it under a trust of the trigger's maker; such an execution
    knows neither a catalogue nor the person's name.
    """

    def __init__(self, context: action_context.ActionContext):
        self._security = context.security
        self._execution = context.execution
        self._token: Mapping[str, Any] = self._security.service_catalog or {}
        #: The trust of the trigger that started the execution.
        self._trigger = str(self._security.trust_id or '')
        #: The trust that clients were made under last.
        self.trust = ''

    @functools.cached_property
    def clients(self) -> service_clients.Clients:
        """Clients with the rights under which the execution was started.

        From :meth:`clients_for` on they are the operation's.
        """
        if self._trigger:
            return self._under(self._starter)

        if not (self._security.auth_token and self._token):
            raise exceptions.InvalidInput(
                'The execution carries no token with a catalogue.',
                'Start the workflow as a user of Keystone.')

        return service_clients.from_token(
            self._security.auth_token, self._token,
            cfg.CONF[config.GROUP].interface)

    def clients_for(self, operation: Mapping[str, Any] | None,
                    fresh: bool = False) -> service_clients.Clients:
        """Clients with the rights that an operation has, once checked.

        :param operation: what all tasks of an operation are given, or the
            ``rights`` that tripleo.operation.lock returned; without a
            ``trust`` in it, these are :attr:`clients`.
        :param fresh: begin with a new token, for a service that goes on with
            it after it has answered, as Heat does.
        :raises NotPermitted: the trust is gone, or another person's.
        """
        trust = str((operation or {}).get('trust') or '')

        if trust:
            self.clients = self._under(
                self._starter if trust == self._trigger
                else self._checked(trust))

        if fresh:
            # One of a person's own cannot be had, and stays.
            self.clients.session.invalidate()

        return self.clients

    def grant(self, seconds: float, given: str = '') -> str:
        """The id of a trust under which an operation may work.

        :param seconds: how long the operation may need it; 0: for ever.
        :param given: a trust that the caller made beforehand; it counts
            before the one that the execution was started under, and that
            before a new one.
        :raises NotPermitted: the caller can make none, or the given one is
            not theirs to use here.
        """
        if given:
            return self._checked(given).id

        return self._started_under or trustee().create(
            self.clients.session, self._token, seconds)

    @property
    def delegated(self) -> bool:
        """Whether the execution was started under a trust given to us.

        Then :meth:`grant` makes no trust, and none must be revoked.
        """
        return bool(self._started_under)

    def revoke(self, trust: str) -> bool:
        """Delete a trust that :meth:`grant` made, in whatever execution.

        :returns: whether it is gone; if not, it ends by expiring.
        """
        return not trust or trustee().revoke(trust, self._security.project_id)

    @property
    def person(self) -> str:
        """Name of the person, for locks and records."""
        if self._trigger:
            return self._starter.person

        return str(self._security.user_name or 'an unnamed user')

    def request(self, given: str | None) -> str:
        """What to remember a request by that must not be done twice.

        :param given: the name that the caller gave it, if any.
        :returns: else the id of the task, or of an action without one.
        """
        return str(given or self._execution.task_execution_id
                   or self._execution.action_execution_id
                   or uuid.uuid4())

    def root_execution(self) -> str:
        """The top of the execution that the action runs in."""
        return lock.root_execution(self.clients.mistral,
                                   self._execution.workflow_execution_id)

    def holder(self, verb: str) -> lock.Holder:
        """The caller, as the holder of a plan's lock."""
        root = self.root_execution()

        return lock.Holder(root=root, operation=root, verb=verb,
                           person=self.person, since=lock.now())

    @functools.cached_property
    def _starter(self) -> operation_trust.Trust:
        return trustee().read(self._trigger)

    @property
    def _started_under(self) -> str:
        trust = self._token.get('OS-TRUST:trust')

        if trust and trust['trustee_user']['id'] == trustee().user:
            return str(trust['id'])

        return self._trigger

    def _checked(self, trust: str) -> operation_trust.Trust:
        user = (self._starter.trustor if self._trigger
                else self._token['user']['id'])
        found = trustee().read(trust)
        operation_trust.check(found, user, self._security.project_id)

        return found

    def _under(self, trust: operation_trust.Trust) -> service_clients.Clients:
        self.trust = trust.id

        return service_clients.Clients(trustee().session(trust.id),
                                       cfg.CONF[config.GROUP].interface)


@functools.cache
def trustee() -> operation_trust.Trustee:
    """The user that Mistral is in Keystone, whom operations' people trust."""
    return operation_trust.Trustee(_authenticate)


def _authenticate(trust: str) -> keystone_session.Session:
    group = 'keystone_authtoken'
    loading.register_auth_conf_options(cfg.CONF, group)
    loading.register_session_conf_options(cfg.CONF, 'keystone')
    scope = {**_NO_SCOPE, 'trust_id': trust} if trust else {}

    # Mistral itself takes these two sections together.
    session = loading.load_session_from_conf_options(
        cfg.CONF, 'keystone',
        auth=loading.load_auth_from_conf_options(cfg.CONF, group, **scope))

    return service_clients.with_connections(session)


def _explain(error: Exception, caller: Caller) -> exceptions.TripleoError:
    """An error of an action, with what helps."""
    refusal = _refusal(error)

    if refusal is not None:
        return (_dead_trust(caller)
                or (_forbidden(refusal, caller) if _status(refusal) == 403
                    else _unauthorized(caller)))

    if isinstance(error, exceptions.TripleoError):
        return error

    # Their full texts quote URLs and bodies, which may hold secrets.
    *_, first = _causes(error)
    kinds = dict.fromkeys((type(error).__name__, type(first).__name__))
    told = (' from '.join(kinds), str(_status(error) or ''), _place(error))

    return exceptions.ServiceUnavailable(
        f'A service refused a request: {" ".join(filter(None, told))}.',
        'Look at the service, then start the workflow again.')


def _place(error: Exception) -> str:
    """Where the service is that an error came from, if that is known."""
    for cause in _causes(error):
        url = getattr(getattr(cause, 'request', None), 'url', None)

        if url:
            public = http.without_secrets(str(url))

            return f'at {urllib.parse.urlsplit(public).netloc}'

    return ''


def _refusal(error: Exception) -> BaseException | None:
    """The 401 or 403 that an error comes from, perhaps deeper down."""
    if isinstance(error, exceptions.TripleoError) and not error.retryable:
        return None

    return next((cause for cause in _causes(error)
                 if _status(cause) in (401, 403)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _status(error: BaseException) -> int | None:
    return (getattr(error, 'http_status', None)
            or getattr(error, 'code', None)
            or getattr(error, 'error_code', None))


def _dead_trust(caller: Caller) -> exceptions.NotPermitted | None:
    # A trust that has died in the middle explains a refusal best.
    with contextlib.suppress(keystone_exceptions.ClientException):
        try:
            if caller.trust:
                trustee().read(caller.trust)
        except exceptions.NotPermitted as reason:
            return reason

    return None


def _forbidden(refusal: BaseException, caller: Caller
               ) -> exceptions.NotPermitted:
    service = next(name for kind, name in _SERVICES.items()
                   if isinstance(refusal, kind))

    if service == 'Heat' and caller.delegated:
        return exceptions.NotPermitted(
            'Heat refused a request: under a trust that cannot be '
            "redelegated, as a trigger's, no stack can be created.",
            'Make a trust that can be, and give it to the workflow as '
            'trust; or start the workflow as a person.')

    return exceptions.NotPermitted(
        f'{service} refused a request: {caller.person} lacks a role in the '
        'project.',
        'Ask for the role, or let somebody who has it start the workflow.')


def _unauthorized(caller: Caller) -> exceptions.TripleoError:
    if caller.trust:
        return exceptions.ServiceUnavailable(
            'A token was revoked while it was in use.',
            'Start tripleo.operation.v1.resume: it works under a new one.')

    return exceptions.NotPermitted(
        "The execution's token is no longer valid.",
        'Start tripleo.operation.v1.resume, or the workflow again: it works '
        'under a token of yours.')
