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
from typing import Any

import requests
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

POLL_SECONDS = 0.2
#: How long a service may take for one answer.
ANSWER_SECONDS = 10.0
TAIL_LINES = 15

#: By service: its type in the catalogue, and a request that its innermost
#: part must answer. Heat's engine lists the stacks, and Mistral's executor
#: runs an action.
_PROBES: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    'keystone': ('identity', 'GET', '/auth/projects', None),
    'swift': ('object-store', 'HEAD', '', None),
    'heat': ('orchestration', 'GET', '/stacks?limit=1', None),
    'mistral': ('workflowv2', 'POST', '/action_executions', {
        'name': 'std.noop', 'params': {'run_sync': True}}),
}


def session(state: undercloud_state.StateDirectory
            ) -> keystone_session.Session:
    """A session of the undercloud's admin, which uses no proxy."""
    http = requests.Session()
    http.trust_env = False

    return keystone_session.Session(session=http, auth=v3.Password(
        auth_url=f'{state.url("keystone")}/v3', username='admin',
        password=state.secrets()['admin'], project_name='admin',
        user_domain_name='Default', project_domain_name='Default'))


def is_ready(state: undercloud_state.StateDirectory, service: str,
             found: keystone_session.Session | None = None) -> bool:
    """Whether a service answers an authenticated request.

    :param found: a session to use, else a new one.
    """
    service_type, method, path, body = _PROBES[service]

    try:
        answer = (found or session(state)).request(
            path, method, json=body, connect_retries=0,
            timeout=ANSWER_SECONDS,
            endpoint_filter={'service_type': service_type})
    except (OSError, keystone_exceptions.ClientException):
        return False

    return service != 'mistral' or bool(answer.json()['state'] == 'SUCCESS')


def wait(state: undercloud_state.StateDirectory,
         supervisor: supervision.Supervisor, service: str, seconds: float
         ) -> None:
    """Wait until a service answers.

    :raises ServiceUnavailable: it died, or does not answer in time; shows
        its log's end.
    """
    deadline = time.monotonic() + seconds
    found = session(state)
    first = None

    while not is_ready(state, service, found):
        pid = supervisor.pid(service)

        # A service that dies is started again and again; once is enough.
        if (supervisor.states()[service] in ('BACKOFF', 'EXITED', 'FATAL')
                or first not in (None, pid)):
            raise _unavailable(state, service, 'died while it started')

        if time.monotonic() > deadline:
            raise _unavailable(
                state, service, f'did not answer within {seconds:.0f} s')

        first = pid
        time.sleep(POLL_SECONDS)


def tail(log: str) -> str:
    """The end of a log, indented, on lines of its own."""
    return '\n'.join(f'    {line}' for line
                     in log.splitlines()[-TAIL_LINES:])


def _unavailable(state: undercloud_state.StateDirectory, service: str,
                 what: str) -> exceptions.ServiceUnavailable:
    log = state.log / f'{service}.log'
    end = tail(log.read_text(errors='replace')) if log.exists() else ''

    return exceptions.ServiceUnavailable(
        f'{service} {what}. Its log ends:\n{end}\n',
        f'Look into {log}, then try again.', service=service)
