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

"""The root directory of a local node: its layout and the files in it."""

import hashlib
import json
import os
import pathlib
import shlex
import sys

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_agent
from tripleo_workflows.undercloud import node_ansible
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import node_hooks
from tripleo_workflows.undercloud import node_notify
from tripleo_workflows.undercloud import node_python
from tripleo_workflows.undercloud import state as undercloud_state

DIRECTORIES = ('bin', 'etc', 'etc/services.d', 'libexec', 'run', 'tmp', 'var',
               'var/log', 'var/lib', 'var/lib/tripleo-workflows', 'var/run')

SERVICE_MANAGER = """\
; Steps put their services into services.d, one file each.
[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = \
supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}

[supervisord]
identifier = {name}
silent = true
logfile = {root}/var/log/supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 1
childlogdir = {root}/var/log
pidfile = {root}/run/supervisord.pid
directory = {root}

[program:agent]
command = {agent}
autorestart = true
startretries = 1000000
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {root}/var/log/agent.log
stdout_logfile_maxbytes = 1MB
stdout_logfile_backups = 1

[include]
files = services.d/*.conf
"""

#: The programs of our own environment that a node has, with what they are
#: told. Its other programs are not on a node's PATH.
WRAPPERS = {
    'bin/python3': ('{python}',),
    'bin/os-collect-config': ('{python}', '{programs}/os-collect-config'),
    'bin/os-refresh-config': ('{python}', '{programs}/os-refresh-config'),
    'bin/uv': ('{programs}/uv',),
    'bin/supervisorctl': ('{python}', '{programs}/supervisorctl',
                          '-c', '{root}/etc/supervisord.conf'),
    'bin/os-apply-config': ('{python}', '{programs}/os-apply-config',
                            '--output', '{root}'),
    'libexec/heat-config/notify': (
        '{python}', '-P', node_notify.__file__,
        '{root}/libexec/heat-config/heat-config-notify'),
}

#: Runs the programs of a directory, as dib-utils' does, but without the forty
#: processes with which that measures them.
RUN_PARTS = """\
#!/bin/sh
set -e
for program in "$1"/*; do
    if [ -x "$program" ]; then "$program"; fi
done
"""

#: The agents of all nodes, asked at once, are not to take the processors of
#: one machine from what the nodes serve.
AGENT_NICE = 5
#: Variables of the undercloud that a node starts with, too, by their
#: beginnings: where Python packages come from, and which authorities vouch
#: for that.
PASSED_ON = ('PIP_', 'UV_', 'SSL_CERT_', 'HTTPS_PROXY', 'NO_PROXY')


def root_of(state: undercloud_state.StateDirectory, name: str
            ) -> pathlib.Path:
    """The root directory of a node.

    :raises InvalidInput: where the state directory's path has characters
        that some part of a node does not take.
    """
    root = state.root / 'nodes' / name

    # os-collect-config has its command split, and supervisord expands
    # percent signs.
    if shlex.quote(str(root)) != str(root) or '%' in str(root):
        raise exceptions.InvalidInput(
            f'The agent cannot run below {state.root}: only letters, digits '
            f'and any of /._-+=:,@ may be in the path.',
            'Choose another directory.', field='--state-dir')

    return root


def socket_of(state: undercloud_state.StateDirectory, name: str
              ) -> pathlib.Path:
    """The control socket of a node's service manager.

    It is in the node's root unless its path would be too long: then it lies
    beside the undercloud's own.
    """
    root = root_of(state, name)
    socket = root / 'run' / 'supervisor.sock'

    if len(str(socket)) <= undercloud_state.SOCKET_PATH_LENGTH:
        return socket

    digest = hashlib.sha256(str(root).encode()).hexdigest()[:10]

    return state.socket.with_name(f'{digest}.sock')


def make(state: undercloud_state.StateDirectory, name: str, address: str
         ) -> None:
    """Make a node's root directory, or bring it up to date."""
    root = root_of(state, name)

    for directory in ('', *DIRECTORIES):
        (root / directory).mkdir(mode=0o700, parents=True, exist_ok=True)

    node_hooks.install(root / 'libexec')

    node_python.provide(state)
    places = {'root': root, 'python': node_python.interpreter_of(state),
              'programs': pathlib.Path(sys.executable).parent}

    for path, words in WRAPPERS.items():
        command = shlex.join(word.format(**places) for word in words)
        _write(root / path, f'#!/bin/sh\nexec {command} "$@"\n', 0o700)

    _write(root / 'bin/dib-run-parts', RUN_PARTS, 0o700)

    agent = ['nice', '-n', str(AGENT_NICE), sys.executable, '-P',
             node_agent.__file__, str(root),
             str(state.enroll / f'{name}.json')]
    _write(root / node_boot.CONFIGURATION, SERVICE_MANAGER.format(
        root=root, name=name, socket=socket_of(state, name),
        agent=shlex.join(agent)), 0o600)
    # What has this file is a node: it comes last.
    _write(root / node_boot.ENVIRONMENT,
           json.dumps(environment(state, name, address), indent=1), 0o600)


def environment(state: undercloud_state.StateDirectory, name: str,
                address: str) -> dict[str, str]:
    """The variables that every process of a node starts with."""
    root = root_of(state, name)
    path = (f'{root}/bin', *node_ansible.system_path(state))
    passed_on = {variable: value for variable, value in os.environ.items()
                 if variable.upper().startswith(PASSED_ON)}

    return {
        # Nodes share what uv fetches: a file of many environments is one.
        'UV_CACHE_DIR': str(node_hooks.cache_home() / 'uv'),
        **passed_on,
        'NODE_ROOT': str(root),
        'NODE_NAME': name,
        'NODE_ADDRESS': address,
        'TRIPLEO_RUNNER_DIR': str(root / 'var/lib/tripleo-workflows'),
        'HOME': str(root),
        'TMPDIR': str(root / 'tmp'),
        'LANG': 'C.UTF-8',
        'PATH': ':'.join(path),
    }


def boot_command(state: undercloud_state.StateDirectory, name: str
                 ) -> list[str]:
    """What the undercloud's supervisord runs to start a node."""
    return [sys.executable, '-P', node_boot.__file__,
            str(root_of(state, name))]


def _write(path: pathlib.Path, text: str, mode: int) -> None:
    """Replace a file whole, with a mode."""
    draft = path.with_name(f'.{path.name}.new')
    draft.write_text(text)
    draft.chmod(mode)
    draft.rename(path)
