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

"""Whether the services of an undercloud truly answer."""

import time
from collections.abc import Callable

import swiftclient
from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3
from mistralclient.api import base as mistral_base

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

POLL_SECONDS = 0.2
TAIL_LINES = 15

_ERRORS = (OSError, swiftclient.ClientException,
           heat_exceptions.HTTPException,
           keystone_exceptions.ClientException, mistral_base.APIException,
           exceptions.TripleoError)


def clients(state: undercloud_state.StateDirectory
            ) -> service_clients.Clients:
    """Clients of the undercloud's admin."""
    return service_clients.Clients(keystone_session.Session(auth=v3.Password(
        auth_url=f'{state.url("keystone")}/v3', username='admin',
        password=state.secrets()['admin'], project_name='admin',
        user_domain_name='Default', project_domain_name='Default')))


def is_ready(state: undercloud_state.StateDirectory, service: str) -> bool:
    """Whether a service answers an authenticated request.

    Heat answers through its engine, and Mistral by running an action.
    """
    probe = _PROBES[service]

    try:
        return probe(clients(state))
    except _ERRORS:
        return False


def wait(state: undercloud_state.StateDirectory,
         supervisor: supervision.Supervisor, service: str, seconds: float
         ) -> None:
    """Wait until a service answers.

    :raises ServiceUnavailable: it does not, in time; shows its log's end.
    """
    deadline = time.monotonic() + seconds

    while not is_ready(state, service):
        if (supervisor.states().get(service) == 'FATAL'
                or time.monotonic() > deadline):
            log = state.log / f'{service}.log'
            tail = '\n'.join(log.read_text(errors='replace')
                             .splitlines()[-TAIL_LINES:])

            raise exceptions.ServiceUnavailable(
                f'{service} does not answer. Its log ends:\n{tail}\n',
                f'Look into {log}.', service=service)

        time.sleep(POLL_SECONDS)


def _keystone(found: service_clients.Clients) -> bool:
    return bool(found.session.get_token())


def _swift(found: service_clients.Clients) -> bool:
    return found.swift.head_account() is not None


def _heat(found: service_clients.Clients) -> bool:
    return list(found.heat.stacks.list(limit=1)) is not None


def _mistral(found: service_clients.Clients) -> bool:
    execution = found.mistral.action_executions.create(
        'std.noop', {}, run_sync=True, save_result=False)

    return bool(execution.state == 'SUCCESS')


_PROBES: dict[str, Callable[[service_clients.Clients], bool]] = {
    'keystone': _keystone, 'swift': _swift, 'heat': _heat,
    'mistral': _mistral}
