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

"""Boots a local node: its root directory's own service manager.

Runs by its path, as a program of the undercloud's supervisord:
``python -P node_boot.py NODE_ROOT``. A node that starts has no processes of
an earlier life, like a machine that was switched on, and its environment is
only what its own file says, so that nothing of the undercloud's gets in.
"""

import contextlib
import json
import os
import pathlib
import signal
import sys
import time
import typing

ENVIRONMENT = 'etc/environment.json'
CONFIGURATION = 'etc/supervisord.conf'
#: Seconds that a process of an earlier life gets between TERM and KILL.
GRACE_SECONDS = 3.0


def processes(root: pathlib.Path) -> list[int]:
    """The ids of the living processes of the node with a root directory."""
    return marked('NODE_ROOT', root)


def marked(variable: str, root: pathlib.Path) -> list[int]:
    """The ids of the living processes whose environment names a directory.

    Our own is left out, and so are those of other users.
    """
    mark = os.fsencode(f'{variable}={root}')
    found = []

    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue

        # It may have ended meanwhile, or belong to somebody else.
        with contextlib.suppress(OSError):
            if mark in (entry / 'environ').read_bytes().split(b'\0'):
                found.append(int(entry.name))

    return found


def end_processes(root: pathlib.Path) -> list[int]:
    """End every process of a node, first gently.

    :returns: the ids of those that were found.
    """
    found = processes(root)
    deadline = time.monotonic() + GRACE_SECONDS

    for number in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGTERM)

    while living := processes(root):
        if time.monotonic() > deadline:
            for number in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)

        time.sleep(0.05)

    return found


def main(arguments: list[str]) -> typing.NoReturn:
    """Become the service manager of the node with this root directory."""
    root = pathlib.Path(arguments[0])
    environment = json.loads((root / ENVIRONMENT).read_text())
    left = end_processes(root)

    if left:
        print(f'Ended {len(left)} processes of an earlier life.', flush=True)

    os.umask(0o077)
    os.chdir(root)
    os.execve(  # noqa: S606
        sys.executable,
        [sys.executable, '-P', '-m', 'supervisor.supervisord',
         '--nodaemon', '--configuration', str(root / CONFIGURATION)],
        environment)


if __name__ == '__main__':
    main(sys.argv[1:])
