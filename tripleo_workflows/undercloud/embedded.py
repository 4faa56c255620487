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

"""The embedded undercloud as a whole: up, down, status, environment."""

import dataclasses
import os
import pathlib
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping

import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import configuration
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

#: Written last when databases are made: without it they are made anew.
_PREPARED = 'prepared'
READY_SECONDS = 90.0

Progress = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class ServiceStatus:
    """What is known of one service.

    :param memory: resident, in MiB.
    """

    name: str
    ready: bool
    pid: int | None
    memory: int
    url: str


def up(state: undercloud_state.StateDirectory,
       chosen_ports: Mapping[str, int], progress: Progress) -> None:
    """Start an undercloud, from nothing or from what it was.

    :param chosen_ports: by service; others are as remembered, else the
        defaults.
    :param progress: is told, in lines, what happens.
    :raises Conflict: a port is taken; nothing was started.
    :raises ServiceUnavailable: a service does not come up.
    """
    supervisor = supervision.Supervisor(state)
    state.make()

    if chosen_ports and (state.data / _PREPARED).exists() and (
            {**state.ports(), **chosen_ports} != state.ports()):
        raise exceptions.Conflict(
            'The ports of an undercloud that exists cannot be changed: its '
            'catalogue holds them.',
            'Leave the options out, or use another --state-dir.',
            ports=', '.join(map(str, state.ports().values())))

    if chosen_ports:
        state.remember_ports({**state.ports(), **chosen_ports})

    if not supervisor.is_running():
        ports.refuse_taken(state)

    begun = time.monotonic()
    configuration.write(state)

    if not (state.data / _PREPARED).exists():
        _prepare(state, progress, begun)

    supervisor.start()

    for service in undercloud_state.SERVICES:
        supervisor.add(service, [
            sys.executable, '-m',
            f'tripleo_workflows.undercloud.serve_{service}',
            str(state.root)], _paths())

    for service in undercloud_state.SERVICES:
        readiness.wait(state, supervisor, service, READY_SECONDS)
        progress(f'{service:9} answers at {state.url(service)} '
                 f'({time.monotonic() - begun:.1f} s)')

    undercloud_state.write_private(
        state.root / 'clouds.yaml', yaml.safe_dump(clouds(state)))


def _paths() -> dict[str, str]:
    # Commands of this environment come first; a checkout stays importable.
    variables = {'PATH': f'{pathlib.Path(sys.executable).parent}:'
                         f'{os.environ.get("PATH", os.defpath)}'}

    if 'PYTHONPATH' in os.environ:
        variables['PYTHONPATH'] = os.environ['PYTHONPATH']

    return variables


def _prepare(state: undercloud_state.StateDirectory, progress: Progress,
             begun: float) -> None:
    progress('Making databases, keys, users and the catalogue')

    for path in state.data.glob('*.sqlite*'):
        path.unlink()

    processes = {
        service: subprocess.Popen(
            [sys.executable, '-m', 'tripleo_workflows.undercloud.prepare',
             service, str(state.root)], stdin=subprocess.DEVNULL, umask=0o077,
            stdout=open(state.log / f'prepare-{service}.log', 'w'),
            stderr=subprocess.STDOUT)
        for service in undercloud_state.SERVICES}
    failed = [service for service, process in processes.items()
              if process.wait()]

    if failed:
        log = state.log / f'prepare-{failed[0]}.log'

        raise exceptions.ServiceUnavailable(
            f'The database of {failed[0]} could not be made.',
            f'Look into {log}.', service=failed[0])

    (state.data / _PREPARED).touch(mode=0o600)
    progress(f'Databases are ready ({time.monotonic() - begun:.1f} s)')


def down(state: undercloud_state.StateDirectory) -> None:
    """Stop everything; nodes are programs of the supervisor as well."""
    supervision.Supervisor(state).stop()


def status(state: undercloud_state.StateDirectory) -> list[ServiceStatus]:
    """How each service stands."""
    supervisor = supervision.Supervisor(state)
    running = supervisor.is_running()
    known = supervisor.states() if running else {}
    found = []

    for service in undercloud_state.SERVICES:
        pid = supervisor.pid(service) if service in known else None
        found.append(ServiceStatus(
            service, bool(pid) and readiness.is_ready(state, service), pid,
            _memory(pid) if pid else 0, state.url(service)))

    return found


def _memory(pid: int) -> int:
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) // 1024

    return 0


def environment(state: undercloud_state.StateDirectory) -> str:
    """The ``OS_*`` variables of the admin, for a shell to evaluate."""
    _require_prepared(state)
    variables = {
        'OS_AUTH_URL': f'{state.url("keystone")}/v3',
        'OS_USERNAME': 'admin', 'OS_PASSWORD': state.secrets()['admin'],
        'OS_PROJECT_NAME': 'admin', 'OS_USER_DOMAIN_NAME': 'Default',
        'OS_PROJECT_DOMAIN_NAME': 'Default', 'OS_IDENTITY_API_VERSION': '3',
        'OS_REGION_NAME': 'RegionOne'}

    return '\n'.join(f'export {name}={shlex.quote(value)}'
                     for name, value in variables.items())


def clouds(state: undercloud_state.StateDirectory) -> dict[str, object]:
    """The contents of ``clouds.yaml``, with one cloud ``undercloud``."""
    return {'clouds': {'undercloud': {
        'auth': {
            'auth_url': f'{state.url("keystone")}/v3', 'username': 'admin',
            'password': state.secrets()['admin'], 'project_name': 'admin',
            'user_domain_name': 'Default', 'project_domain_name': 'Default'},
        'region_name': 'RegionOne', 'identity_api_version': 3}}}


def _require_prepared(state: undercloud_state.StateDirectory) -> None:
    if not (state.data / _PREPARED).exists():
        raise exceptions.NotFound(
            f'There is no undercloud in {state.root}.',
            'Make one: tripleo-undercloud up.')
