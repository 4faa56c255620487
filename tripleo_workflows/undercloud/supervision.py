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

"""The supervisor of an undercloud's processes."""

import http.client
import os
import pathlib
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from supervisor import xmlrpc as supervisor_xmlrpc

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import state as undercloud_state

_CONFIGURATION = """\
[supervisord]
nodaemon = false
directory = {root}
logfile = {log}/supervisord.log
pidfile = {root}/supervisord.pid
childlogdir = {log}
umask = 077
minfds = 1024

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = \
supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}

[include]
files = {etc}/supervisor.d/*.conf
"""

_PROGRAM = """\
[program:{name}]
command = {command}
directory = {directory}
environment = {environment}
autostart = true
autorestart = true
startsecs = 1
startretries = 30
stopsignal = TERM
stopwaitsecs = {stop_seconds}
stopasgroup = {group}
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 1
"""

START_SECONDS = 20.0
#: Longer than any program may take to stop.
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05

#: What programs inherit of the environment of whoever starts the
#: supervisor. Credentials and proxies are not among it.
INHERITED = frozenset([
    'HOME', 'LANG', 'LC_ALL', 'LOGNAME', 'PATH', 'PYTHONPATH', 'SHELL',
    'TMPDIR', 'TZ', 'USER', 'VIRTUAL_ENV'])


class Supervisor:
    """Starts and stops programs, and keeps them running."""

    def __init__(self, state: undercloud_state.StateDirectory):
        self._state = state
        self._programs = state.etc / 'supervisor.d'

    def start(self) -> None:
        """Start the supervisor itself, unless it runs."""
        if self.is_running():
            return

        self._state.make()
        self._programs.mkdir(mode=0o700, exist_ok=True)
        path = self._state.etc / 'supervisord.conf'
        undercloud_state.write_private(path, _CONFIGURATION.format(
            root=self._state.root, log=self._state.log, etc=self._state.etc,
            socket=self._state.socket))
        done = subprocess.run(
            [sys.executable, '-m', 'supervisor.supervisord', '-c',
             str(path)], stdin=subprocess.DEVNULL, umask=0o077, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self._environment())

        if done.returncode:
            raise exceptions.ServiceUnavailable(
                f'The process supervisor did not start: '
                f'{done.stdout.strip()}',
                f'Look into {self._state.log}/supervisord.log.')

        deadline = time.monotonic() + START_SECONDS

        while not self.is_running():
            if time.monotonic() > deadline:
                raise exceptions.DeadlineExceeded(
                    'The process supervisor did not start.',
                    f'Look into {self._state.log}/supervisord.log.')

            time.sleep(POLL_SECONDS)

    def is_running(self) -> bool:
        """Whether the supervisor answers."""
        return self.supervisor_pid() is not None

    def supervisor_pid(self) -> int | None:
        """The supervisor's own process id, None while it does not run."""
        try:
            return int(self._call('getPID'))
        except exceptions.ServiceUnavailable:
            return None

    def stop(self) -> None:
        """Stop all programs, then the supervisor; return when it is gone.

        :raises DeadlineExceeded: it is not.
        """
        process_id = self.supervisor_pid()

        if process_id is None:
            return

        # All at once: a shutdown alone stops one after the other.
        self._call('stopAllProcesses')
        self._call('shutdown')
        deadline = time.monotonic() + STOP_SECONDS

        while processes.is_alive(process_id):
            if time.monotonic() > deadline:
                raise exceptions.DeadlineExceeded(
                    'The process supervisor did not stop.',
                    f'Look into {self._state.log}/supervisord.log.',
                    pid=process_id)

            time.sleep(POLL_SECONDS)

    def add(self, name: str, command: Sequence[str],
            environment: Mapping[str, str] | None = None,
            directory: str | None = None, stop_seconds: int = 10,
            stop_group: bool = True) -> None:
        """Make a program known and start it; a changed one is restarted.

        :param stop_seconds: between TERM and KILL.
        :param stop_group: whether TERM goes to its process group; not to be
            wanted for a program that stops its own children.
        """
        variables = ','.join(
            f'{key}={_quoted(value)}'
            for key, value in (environment or {}).items())
        undercloud_state.write_private(
            self._programs / f'{name}.conf', _PROGRAM.format(
                name=name, command=_escaped(shlex.join(command)),
                directory=directory or self._state.root,
                environment=variables, stop_seconds=stop_seconds,
                group=str(stop_group).lower(), log=self._state.log))
        self._update()

        if self.states().get(name) in ('STOPPED', 'EXITED', 'FATAL'):
            self._start(name)

    def remove(self, name: str) -> None:
        """Stop a program, where it may run, and forget it."""
        (self._programs / f'{name}.conf').unlink(missing_ok=True)

        if self.is_running():
            self._update()

    def restart(self, name: str) -> None:
        """Stop a program, if it runs, and start it.

        :raises NotFound: there is no such program.
        :raises ServiceUnavailable: it ends at once.
        """
        if self.states().get(name) in ('RUNNING', 'STARTING', 'BACKOFF'):
            self._call('stopProcess', name)

        self._start(name)

    def states(self) -> dict[str, str]:
        """The programs' states by name, in supervisor's words."""
        return {row['name']: row['statename']
                for row in self._call('getAllProcessInfo')}

    def pid(self, name: str) -> int | None:
        """The process id of a program, None while it does not run.

        :raises NotFound: there is no such program.
        """
        process_id = int(self._call('getProcessInfo', name)['pid'])

        return process_id or None

    def _start(self, name: str) -> None:
        try:
            self._call('startProcess', name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == supervisor_xmlrpc.Faults.ALREADY_STARTED:
                return

            raise exceptions.ServiceUnavailable(
                f'{name} ended as soon as it was started.',
                f'Look into {self._state.log}/{name}.log.') from None

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items()
                if name in INHERITED}

        # This environment's own commands come first.
        path = (str(pathlib.Path(sys.executable).parent),
                kept.get('PATH', os.defpath))

        # Warnings are for those who develop the services.
        return {**kept, 'PATH': ':'.join(path), 'PYTHONWARNINGS': 'ignore',
                processes.MARK: str(self._state.root)}

    def _update(self) -> None:
        [[added, changed, removed]] = self._call('reloadConfig')

        for name in (*changed, *removed):
            self._call('stopProcessGroup', name)
            self._call('removeProcessGroup', name)

        for name in (*added, *changed):
            self._call('addProcessGroup', name)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = supervisor_xmlrpc.SupervisorTransport(
            serverurl=f'unix://{self._state.socket}')
        proxy = xmlrpc.client.ServerProxy('http://localhost', transport)

        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == supervisor_xmlrpc.Faults.BAD_NAME:
                raise exceptions.NotFound(
                    f'The process supervisor knows no {arguments[0]}.',
                    'Look at what it knows: tripleo-undercloud status '
                    f'--state-dir {self._state.root}') from None

            raise
        except (OSError, http.client.HTTPException):
            raise exceptions.ServiceUnavailable(
                'The process supervisor does not answer.',
                'Start it: tripleo-undercloud up --state-dir '
                f'{self._state.root}') from None
        finally:
            transport.close()


def _escaped(text: str) -> str:
    # Supervisor expands %(name)s in its configuration.
    return text.replace('%', '%%')


def _quoted(value: str) -> str:
    # It knows both kinds of quotes, and no way to escape one.
    quote = '"' if '"' not in value else "'"

    return f'{quote}{_escaped(value)}{quote}'
