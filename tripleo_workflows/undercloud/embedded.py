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


"""The embedded undercloud as a whole: up, down, status."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from importlib import metadata

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import configuration
from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

#: Raised when prepare.py makes more than it did.
PREPARATION = 1
DISTRIBUTIONS = {'keystone': 'keystone', 'swift': 'swift',
                 'heat': 'openstack-heat', 'mistral': 'mistral'}
READY_SECONDS = 90.0
MEBIBYTE = 1024 * 1024

Progress = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class ServiceStatus:
    """What is known of one service.

    :param state: in supervisor's words, as in ``RUNNING``.
    :param ready: whether it answers an authenticated request.
    :param memory: resident, in MiB.
    """

    name: str
    state: str
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
    :raises Conflict: a port is taken, or it runs on other ports; nothing
        was started.
    :raises InvalidInput: a port or the state directory cannot serve.
    :raises ServiceUnavailable: a service does not come up; what this call
        started was stopped.
    """
    begun = time.monotonic()

    def say(line: str) -> None:
        progress(f'{time.monotonic() - begun:5.1f} s  {line}')

    with state.lock():
        supervisor = supervision.Supervisor(state)
        running = supervisor.is_running()
        wanted = {**state.ports(), **chosen_ports}

        if not running:
            _begin(state, wanted, say)
            supervisor.start()
        elif wanted != state.ports():
            raise exceptions.Conflict(
                'The undercloud runs, on other ports.',
                'Leave the options out, or stop it first: '
                f'tripleo-undercloud down --state-dir {state.root}',
                ports=', '.join(map(str, state.ports().values())))

        try:
            _start(state, supervisor)

            for service in undercloud_state.SERVICES:
                readiness.wait(state, supervisor, service, READY_SECONDS)
                say(f'{service} answers at {state.url(service)}')
        except BaseException:
            if not running:
                supervisor.stop()

            raise

        credentials.write_clouds(state)


def _begin(state: undercloud_state.StateDirectory,
           wanted: Mapping[str, int], say: Progress) -> None:
    """Make all that must be there before anything is started."""
    # Its services outlive a supervisor that was killed.
    left = processes.end_marked(state.root)

    if left:
        say(f'Ended {left} processes that had lost their supervisor')

    ports.refuse_taken(wanted)
    _require_attributes(state)
    state.remember_ports(wanted)
    configuration.write(state)
    _prepare(state, say)


def _require_attributes(state: undercloud_state.StateDirectory) -> None:
    """Refuse a file system on which Swift cannot store anything."""
    try:
        os.setxattr(state.root / '.lock', 'user.swift.metadata', b'')
    except OSError as error:
        raise exceptions.InvalidInput(
            f'The file system of {state.root} keeps no extended attributes '
            f'of users, which Swift needs: {error.strerror}.',
            'Choose a directory on ext4, XFS or Btrfs.',
            field='--state-dir') from None


def _start(state: undercloud_state.StateDirectory,
           supervisor: supervision.Supervisor) -> None:
    """Start the services that do not run."""
    known = supervisor.states()

    for service in undercloud_state.SERVICES:
        if service not in known:
            supervisor.add(service, [
                sys.executable, '-m',
                f'tripleo_workflows.undercloud.serve_{service}',
                str(state.root)])
        elif known[service] in ('STOPPED', 'EXITED', 'FATAL'):
            supervisor.restart(service)


def _prepare(state: undercloud_state.StateDirectory, say: Progress) -> None:
    """Make the databases, or bring them up to date, side by side."""
    stamps = {service: _stamp(state, service)
              for service in undercloud_state.SERVICES}
    outdated = [service for service, stamp in stamps.items()
                if _read(state, service) != stamp]

    if not outdated:
        return

    say(f'Preparing {", ".join(outdated)}')

    for service, code in _run_preparations(state, outdated):
        log = state.log / f'prepare-{service}.log'

        if code:
            raise exceptions.ServiceUnavailable(
                f'{service} could not be prepared. The log ends:\n'
                f'{readiness.tail(log.read_text(errors="replace"))}\n',
                f'Look into {log}, then try again.', service=service)

        undercloud_state.write_private(
            state.data / f'{service}.prepared', stamps[service])
        say(f'{service} is prepared')


def _run_preparations(state: undercloud_state.StateDirectory,
                      services: Iterable[str]
                      ) -> Iterable[tuple[str, int]]:
    running = {}

    for service in services:
        with open(state.log / f'prepare-{service}.log', 'w') as log:
            running[service] = subprocess.Popen(
                [sys.executable, '-m',
                 'tripleo_workflows.undercloud.prepare', service,
                 str(state.root)], stdin=subprocess.DEVNULL, umask=0o077,
                stdout=log, stderr=subprocess.STDOUT)

    try:
        for service, process in running.items():
            yield service, process.wait()
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _stamp(state: undercloud_state.StateDirectory, service: str) -> str:
    """What a preparation depends on; the catalogue holds the ports."""
    return json.dumps([
        PREPARATION, metadata.version(DISTRIBUTIONS[service]),
        state.ports() if service == 'keystone' else None])


def _read(state: undercloud_state.StateDirectory, service: str) -> str:
    path = state.data / f'{service}.prepared'

    return path.read_text() if path.exists() else ''


def down(state: undercloud_state.StateDirectory) -> None:
    """Stop everything, nodes included; nothing of it runs afterwards."""
    if not state.root.exists():
        return

    with state.lock():
        try:
            supervision.Supervisor(state).stop()
        finally:
            # Some may have lost their supervisor, or left their group.
            processes.end_marked(state.root)

            for node in nodes.listing(state):
                node_boot.end_processes(node.root)


def status(state: undercloud_state.StateDirectory) -> list[ServiceStatus]:
    """How each service stands.

    :raises NotFound: there is no undercloud.
    """
    credentials.require(state)
    supervisor = supervision.Supervisor(state)
    known = supervisor.states() if supervisor.is_running() else {}
    found = []

    for service in undercloud_state.SERVICES:
        pid = supervisor.pid(service) if service in known else None
        found.append(ServiceStatus(
            service, known.get(service, 'STOPPED'),
            bool(pid) and readiness.is_ready(state, service), pid,
            processes.resident_bytes(pid) // MEBIBYTE if pid else 0,
            state.url(service)))

    return found
