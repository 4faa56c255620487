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

"""Which local nodes have ansible-core, and which must not find any.

The nodes that have it share one environment below the state directory; only
links in their own ``bin`` lead there.
"""

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state

REQUIREMENT = 'ansible-core>=2.17,<2.20'
PROGRAMS = ('ansible', 'ansible-playbook')
#: What is found in an environment that was made to its end.
STAMP = 'requirement'
#: Where a node looks for the programs of the machine.
SYSTEM_PATH = ('/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin',
               '/usr/sbin', '/sbin')


def environment_of(state: undercloud_state.StateDirectory) -> pathlib.Path:
    """The Python environment that the nodes with ansible-core share."""
    return state.root / 'nodes' / '.ansible'


def provide(state: undercloud_state.StateDirectory) -> None:
    """Make the shared environment, unless it is there already.

    :raises ServiceUnavailable: ansible-core cannot be installed.
    """
    place = environment_of(state)
    stamp = place / STAMP

    if stamp.exists() and stamp.read_text() == REQUIREMENT:
        return

    shutil.rmtree(place, ignore_errors=True)

    for command in _commands(place):
        _run(command)

    stamp.write_text(REQUIREMENT)


def _commands(place: pathlib.Path) -> list[Sequence[str]]:
    programs = pathlib.Path(sys.executable).parent
    uv = shutil.which('uv', path=f'{programs}:{os.environ.get("PATH", "")}')
    python = f'{place}/bin/python'

    if uv:
        return [(uv, 'venv', '--quiet', '--python', sys.executable,
                 str(place)),
                (uv, 'pip', 'install', '--quiet', '--python', python,
                 REQUIREMENT)]

    return [(sys.executable, '-m', 'venv', str(place)),
            (python, '-m', 'pip', 'install', '--quiet',
             '--disable-pip-version-check', REQUIREMENT)]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)

    if done.returncode:
        said = done.stdout.strip().splitlines() or ['it said nothing']

        raise exceptions.ServiceUnavailable(
            f'The nodes\' ansible-core could not be installed: {said[-1]}',
            'Look at the connection to the package index and add the nodes '
            'again.', program=pathlib.Path(command[0]).name)


def link(state: undercloud_state.StateDirectory, root: pathlib.Path) -> None:
    """Let a node, and no other, find the programs."""
    for name in PROGRAMS:
        target = root / 'bin' / name
        target.unlink(missing_ok=True)
        target.symlink_to(environment_of(state) / 'bin' / name)


def system_path(state: undercloud_state.StateDirectory) -> list[str]:
    """Where nodes look for the programs of the machine.

    A directory of the machine that has an ansible-core of its own is stood
    in for by one that links to all the rest of it.
    """
    return [str(_without_ansible(state, directory)
                if (directory / PROGRAMS[-1]).exists() else directory)
            for directory in map(pathlib.Path, SYSTEM_PATH)]


def _without_ansible(state: undercloud_state.StateDirectory,
                     directory: pathlib.Path) -> pathlib.Path:
    place = state.root / 'nodes' / f'.system{directory}'
    place.mkdir(mode=0o700, parents=True, exist_ok=True)

    for program in directory.iterdir():
        target = place / program.name

        if not (program.name.startswith('ansible') or target.is_symlink()):
            target.symlink_to(program)

    return place
