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

"""What nodes wrote down: their journals, and the payloads' own logs."""

import dataclasses
import time

from tripleo_workflows.deployments.node import journal as node_journal

LOOK_SECONDS = 0.01


@dataclasses.dataclass(frozen=True)
class Line:
    """One line that a payload wrote.

    :param event: ``begin`` or ``end``.
    :param attempt: its name, as in the node's journal.
    """

    event: str
    step: str
    attempt: str
    pid: int
    time: float


def payload_lines(root):
    """What the payloads of a node have written so far."""
    path = root / 'var/log/light.log'
    rows = [line.split() for line in path.read_text().splitlines()]

    return [Line(event, step, attempt, int(pid), float(written))
            for event, step, attempt, pid, written in rows]


class Journal:
    """The journal of a node, and how far it was read.

    :param root: the node's root directory.
    """

    def __init__(self, root):
        self._journal = node_journal.Journal(
            root / 'var/lib/tripleo-workflows')

    def all(self):
        """All entries, in their order."""
        return self._journal.entries()

    def entries(self, operation):
        """All entries of an operation's steps, in their order."""
        return [entry for entry in self.all()
                if entry['key']['operation'] == operation]

    def wait(self, operation, step, seconds, event='started'):
        """Wait until a step of an operation was started.

        :returns: the entry.
        :raises TimeoutError: it was not.
        """
        deadline = time.monotonic() + seconds
        seen = None

        while True:
            if (signature := self._journal.signature()) != seen:
                seen = signature

                for entry in self.entries(operation):
                    if (entry['event'], entry['key']['step']) == (event,
                                                                  step):
                        return entry

            if time.monotonic() > deadline:
                raise TimeoutError(f'{step} was not {event} in time.')

            time.sleep(LOOK_SECONDS)
