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

"""Actions and workflows that a task may name, and the inputs they take."""

import dataclasses
import functools
import importlib.metadata
import inspect
from collections.abc import Iterable
from typing import Any

from tripleo_workflows.pack import definitions


@dataclasses.dataclass(frozen=True)
class Signature:
    """The inputs that something takes.

    :param inputs: by name, whether a caller must give it.
    :param open: whether it takes others as well.
    """

    inputs: dict[str, bool]
    open: bool = False


class Known:
    """What is installed here and what files define."""

    def __init__(self, files: Iterable[definitions.Definitions]):
        self._entries = {
            entry.name: entry for entry
            in importlib.metadata.entry_points(group='mistral.actions')}
        self._workflows: dict[str, Signature] = {}
        self._composed: dict[str, Signature] = {}

        for file in files:
            self._workflows.update(
                (workflow.name, Signature(workflow.inputs))
                for workflow in file.workflows)

            for name, action in file.content.get('actions', {}).items():
                self._composed[f'{file.book}.{name}'] = _composed(action)

    def action(self, name: str, book: str) -> Signature | None:
        """An action as a workflow of a workbook names it.

        :raises ImportError: it is installed, and cannot be imported.
        """
        for composed in (f'{book}.{name}', name):
            if composed in self._composed:
                return self._composed[composed]

        entry = self._entries.get(name)

        return _signature(entry) if entry else None

    def workflow(self, name: str, book: str) -> Signature | None:
        """A workflow as another one of a workbook names it."""
        return self._workflows.get(f'{book}.{name}',
                                   self._workflows.get(name))


def _composed(action: dict[str, Any]) -> Signature:
    """Of an action that a workbook makes of another one."""
    return Signature({
        given if isinstance(given, str) else next(iter(given)):
        isinstance(given, str) for given in action.get('input', ())})


@functools.cache
def _signature(entry: importlib.metadata.EntryPoint) -> Signature:
    try:
        action = entry.load()
    except AttributeError as error:
        raise ImportError(str(error)) from None

    parameters = inspect.signature(action).parameters.values()

    return Signature(
        {parameter.name: parameter.default is parameter.empty
         for parameter in parameters
         if parameter.kind not in (parameter.VAR_POSITIONAL,
                                   parameter.VAR_KEYWORD)},
        any(parameter.kind is parameter.VAR_KEYWORD
            for parameter in parameters))
