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

"""Workbooks and plain workflows, read with the lines of what they hold."""

import collections.abc
import copy
import dataclasses
import functools
import pathlib
from collections.abc import Iterator
from typing import Any

import yaml
from mistral import exceptions as mistral_exceptions
from mistral.lang import parser
from mistral.utils import safe_yaml

from tripleo_workflows import exceptions

#: Keys and indexes that lead from the top of a file to something in it.
Place = tuple[str | int, ...]

CLAUSES = ('on-success', 'on-error', 'on-complete', 'on-skip')


class Mapping(dict[Any, Any]):
    """A mapping that knows the lines of its keys.

    ``repeated`` are keys that the file has more than once, of which YAML
    takes the last, with their lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}
        self.repeated: list[tuple[Any, int]] = []


class Sequence(list[Any]):
    """A list that knows the lines of its items."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


@dataclasses.dataclass(frozen=True)
class Transition:
    """That one task may follow another; ``place`` counts from the workflow."""

    source: str
    clause: str
    target: str
    condition: str
    place: Place


@dataclasses.dataclass(frozen=True)
class Workflow:
    """A workflow as its file has it.

    :param name: the whole name, as Mistral lists it.
    :param book: the name of its workbook; empty: it is a plain one.
    :param place: where its file holds it.
    """

    name: str
    book: str
    place: Place
    content: Mapping

    @functools.cached_property
    def spec(self) -> Any:
        """Mistral's own reading of it, unchecked.

        :raises InvalidInput: Mistral cannot make sense of it.
        """
        content = copy.deepcopy({**self.content, 'name': self.place[-1],
                                 'version': '2.0'})

        try:
            return parser.get_workflow_spec(content)
        except mistral_exceptions.MistralException as error:
            raise exceptions.InvalidInput(str(error).rstrip('.') + '.',
                                          workflow=self.name) from None

    @property
    def tasks(self) -> Mapping:
        """The tasks as they are written, by name."""
        tasks: Mapping = self.content['tasks']

        return tasks

    @functools.cached_property
    def inputs(self) -> dict[str, bool]:
        """By name of an input, whether a caller must give it."""
        inputs = {}

        for given in self.content.get('input', ()):
            if isinstance(given, str):
                inputs[given] = True
            else:
                inputs.update(dict.fromkeys(given, False))

        return inputs

    @functools.cached_property
    def transitions(self) -> list[Transition]:
        """What may follow what, the defaults of tasks included."""
        return [] if self.spec.get_type() != 'direct' else [
            transition for task in self.tasks for clause in CLAUSES
            for transition in self._transitions(task, clause)]

    def _transitions(self, task: str, clause: str) -> Iterator[Transition]:
        read = getattr(self.spec, f'get_{clause.replace("-", "_")}_clause')
        place: Place = ('tasks', task, clause)
        written = self.tasks[task].get(clause)

        if written is None:
            place = ('task-defaults', clause)
            written = self.content.get('task-defaults', {}).get(clause)

        if isinstance(written, dict) and 'next' in written:
            place = (*place, 'next')
            written = written['next']

        for number, (target, condition, _) in enumerate(read(task)):
            yield Transition(
                task, clause, target, condition,
                (*place, number) if isinstance(written, list) else place)


@dataclasses.dataclass(frozen=True)
class Definitions:
    """What one file holds: a workbook, or plain workflows."""

    path: pathlib.Path
    content: Mapping

    @property
    def book(self) -> str:
        """Name of the workbook; empty: the file holds plain workflows."""
        return str(self.content.get('name', '')) if self.is_book else ''

    @property
    def is_book(self) -> bool:
        return 'workflows' in self.content

    @functools.cached_property
    def workflows(self) -> list[Workflow]:
        """The workflows; lint says where one is none."""
        place: Place = ('workflows',) if self.is_book else ()
        held = self.content['workflows'] if self.is_book else self.content
        prefix = f'{self.book}.' if self.is_book else ''

        return [Workflow(f'{prefix}{name}', self.book, (*place, name), content)
                for name, content in (
                    held.items() if isinstance(held, dict) else ())
                if name != 'version']

    def line(self, place: Place) -> int:
        """The line of something in the file, or of what it would be in."""
        line = 1
        content: Any = self.content

        for key in place:
            if not isinstance(content, Mapping | Sequence):
                break

            try:
                line = content.lines[key]  # type: ignore[index]
                content = content[key]  # type: ignore[index]
            except LookupError:
                break

        return line


def read(path: pathlib.Path) -> Definitions:
    """Read a file.

    :raises InvalidInput: it cannot be read, or is not a YAML mapping; the
        error's ``where`` may have a ``line``.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise exceptions.InvalidInput(
            f'{path} cannot be read: {error}.', 'Name a text file.') from None

    try:
        content = parse(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise exceptions.InvalidInput(
            f'{error.problem}.', 'Make it YAML.', line=line) from None

    if not isinstance(content, Mapping):
        raise exceptions.InvalidInput(
            'The file holds neither a workbook nor workflows.',
            'Begin it with version, and the name of a workbook or workflow.')

    return Definitions(path, content)


def parse(text: str) -> Any:
    """YAML as Mistral reads it, of :class:`Mapping`, :class:`Sequence`."""
    loader = safe_yaml.SafeLoader(text)

    try:
        return _built(loader, loader.get_single_node())
    finally:
        loader.dispose()


def _built(loader: Any, node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        sequence = Sequence()

        for item in node.value:
            sequence.append(_built(loader, item))
            sequence.lines.append(item.start_mark.line + 1)

        return sequence

    if not isinstance(node, yaml.MappingNode):
        return node and loader.construct_object(node)

    mapping = Mapping()

    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        line = key.start_mark.line + 1

        if not isinstance(name, collections.abc.Hashable):
            raise yaml.constructor.ConstructorError(
                None, None, 'a mapping has a mapping as a key, as an '
                'unquoted {{ … }} makes it', key.start_mark)

        if name in mapping:
            mapping.repeated.append((name, line))

        mapping[name] = _built(loader, value)
        mapping.lines[name] = line

    return mapping


def strings(content: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """All strings that are values somewhere below, with their places."""
    if isinstance(content, str):
        yield place, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from strings(value, (*place, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from strings(value, (*place, number))
