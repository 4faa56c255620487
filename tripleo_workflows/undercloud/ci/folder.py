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

"""The folder in which a run leaves what it saw."""

import contextlib
import json
import pathlib
import shutil
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import history
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report as operation_report
from tripleo_workflows.rollout import timeline
from tripleo_workflows.undercloud import logs
from tripleo_workflows.undercloud import state as undercloud_state

JUNIT, LOGS = 'junit.xml', 'logs'
#: What a run leaves; all of an earlier run is removed.
_OURS = (JUNIT, 'timings.json', 'availability.json', 'record.json',
         'versions.json', 'rollout*.svg')


class Folder:
    """The folder; nothing else in it is touched.

    :param tell: is given a line where something could not be written.
    """

    def __init__(self, path: pathlib.Path, tell: Callable[[str], None]):
        self.path = path
        self._tell = tell

    def begin(self) -> None:
        """Make it, or remove what an earlier run has left.

        :raises InvalidInput: it cannot be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.path / LOGS, ignore_errors=True)

            for pattern in _OURS:
                for path in self.path.glob(pattern):
                    path.unlink()
        except OSError as error:
            raise exceptions.InvalidInput(
                f'No report can be written to {self.path}: '
                f'{error.strerror}.', 'Choose another --report.',
                field='--report') from None

    def write(self, name: str, content: Callable[[], Any]) -> None:
        """Write a file: text as it is, anything else as JSON.

        :param content: gives it. Where that fails, as it may after an
            accident, it is said, and the other files are written.
        """
        try:
            found = content()
        except Exception as error:
            self._tell(f'{name} could not be written: {error}')
            return

        (self.path / name).write_text(
            found if isinstance(found, str)
            else json.dumps(found, indent=1, ensure_ascii=False) + '\n')

    def keep_logs(self, state: undercloud_state.StateDirectory) -> None:
        """Copy all logs of an undercloud and its nodes."""
        with contextlib.suppress(exceptions.NotFound):
            for name, log in logs.listing(state).items():
                copy = self.path / LOGS / f'{name}.log'
                copy.parent.mkdir(parents=True, exist_ok=True)

                with contextlib.suppress(OSError):
                    shutil.copyfile(log.path, copy)


def record_of(clients: service_clients.Clients, plan: str, operation: str
              ) -> dict[str, Any]:
    """What the record holds of an operation, for a file.

    :returns: as :func:`operation_report.show` gives it, with ``log``, all
        that happened in order of time.
    """
    story = operation_report.read(
        operation_record.Record(clients.swift, plan), operation)

    return {**operation_report.show(clients, plan, operation),
            'log': history.log(story)}


def steps_of(story: operation_report.Story) -> Iterator[dict[str, Any]]:
    """How long each step took on each node, in order of time.

    ``seconds`` are from its dispatch to the known result, ``worked`` those
    in which the node was at it.
    """
    for piece in timeline.recorded(story):
        yield {'service': piece.service, 'batch': piece.unit,
               'step': piece.step, 'node': piece.node,
               'begun': round(piece.begun, 3),
               'seconds': round(piece.ended - piece.begun, 3),
               'worked': piece.worked}
