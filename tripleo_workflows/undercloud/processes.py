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


"""The processes of an undercloud, found through ``/proc``."""

import contextlib
import os
import pathlib
import signal
import time
from collections.abc import Iterable

from tripleo_workflows.undercloud import node_boot

#: The variable by which every process of an undercloud can be told; its
#: value is the state directory. Nodes have an environment of their own.
MARK = 'TRIPLEO_UNDERCLOUD'

#: Seconds that a process gets between TERM and KILL.
GRACE_SECONDS = 3.0
POLL_SECONDS = 0.05


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that only waits for its parent does not."""
    try:
        stat = pathlib.Path(f'/proc/{process_id}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False

    fields = stat.rpartition(')')[2].split()
    # Threads may live on for a moment, and hold its ports.
    state, threads = fields[0], int(fields[17])

    return state != 'Z' or threads > 1


def marked(root: pathlib.Path) -> list[int]:
    """The ids of the living processes that serve a state directory.

    Our own is left out, and so are those of other users.
    """
    return node_boot.marked(MARK, root)


def end_marked(root: pathlib.Path) -> int:
    """End what serves a state directory, first gently.

    :returns: how many processes were found.
    """
    found = marked(root)
    _signal(found, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS

    # One that is about to end has no mark any more, but may have its ports.
    while living := {*marked(root), *filter(is_alive, found)}:
        if time.monotonic() > deadline:
            _signal(living, signal.SIGKILL)

        time.sleep(POLL_SECONDS)

    return len(found)


def resident_bytes(process_id: int) -> int:
    """The memory that a process holds; 0 when it is gone."""
    try:
        fields = pathlib.Path(f'/proc/{process_id}/statm').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0

    return int(fields.split()[1]) * os.sysconf('SC_PAGE_SIZE')


def cpu_seconds(process_id: int) -> float:
    """The processor time that a process has used so far."""
    stat = pathlib.Path(f'/proc/{process_id}/stat').read_text()
    user, system = stat.rpartition(')')[2].split()[11:13]

    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def _signal(process_ids: Iterable[int], number: int) -> None:
    for process_id in process_ids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, number)
