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

"""Running cases, and what came of them beside what was expected."""

import dataclasses
import difflib
import itertools
import json
import pathlib
import time
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import yaml
from mistral import exceptions as mistral_exceptions

from tripleo_workflows import exceptions
from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.rehearsal import cases
from tripleo_workflows.pack.rehearsal import engine
from tripleo_workflows.pack.rehearsal import scripts

#: A case that takes longer hangs.
SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of a case; without problems it passed."""

    case: cases.Case
    problems: list[str]
    seconds: float
    execution: engine.Execution | None


class Stage:
    """An engine that knows all workflows, and runs case after case."""

    def __init__(self, files: Iterable[pathlib.Path]):
        self.engine = engine.Engine()
        self._numbers = itertools.count(1)
        self.workflows: dict[str, definitions.Workflow] = {}

        for path in files:
            try:
                self.engine.define(path.read_text())
                self.workflows.update(
                    (workflow.name, workflow)
                    for workflow in definitions.read(path).workflows)
            except mistral_exceptions.MistralException as error:
                raise exceptions.InvalidInput(
                    f'{path}: {error}.',
                    'See what tripleo-workflows lint says.') from None

    def run(self, case: cases.Case) -> Verdict:
        """Run a case and compare."""
        begun = time.monotonic()
        answers = scripts.Scripts(case)
        execution = None

        try:
            execution = self.engine.run(case.workflow, case.input,
                                        self._prepare(case), answers.answer,
                                        SECONDS)
        except exceptions.InvalidInput as error:
            problems = [error.message]
        else:
            problems = list(_differences(case, execution))

        answers.finish()

        return Verdict(case, [*answers.problems, *problems],
                       time.monotonic() - begun, execution)

    def _prepare(self, case: cases.Case) -> str:
        """Define what exists in one case only, in a namespace of its own."""
        namespace = f'case-{next(self._numbers)}'
        texts = [json.dumps({'version': '2.0', name: content})
                 for name, content in case.definitions.items()]

        for name, script in case.workflows.items():
            known = self.workflows.get(name)
            texts.append(scripts.stand_in(
                name, script, known.content.get('input', []) if known else []))

        for text in texts:
            try:
                self.engine.define(text, namespace)
            except mistral_exceptions.MistralException as error:
                raise exceptions.InvalidInput(f'{error}.') from None

        return namespace


def _differences(case: cases.Case, execution: engine.Execution
                 ) -> Iterator[str]:
    if execution.state != case.state:
        yield (f'It ended in {execution.state} instead of {case.state}. '
               f'{_first_line(execution.info)}').strip()

    tasks = list(_happened(execution.tasks, case.tasks))
    expected = list(_expected(case.tasks))

    if tasks != expected:
        yield _diff('tasks', expected, tasks)

    if case.output is not None:
        output = dict(execution.output)

        # Mistral adds its own account of a failure.
        if execution.state == 'ERROR' and 'result' not in case.output:
            output.pop('result', None)

        if output != case.output:
            yield _diff('output', _dumped(case.output), _dumped(output))


def _expected(items: list[Any]) -> Iterator[str]:
    for item in items:
        for one in item if isinstance(item, list) else [item]:
            name, state, below = _parts(one)
            yield _line(name, state)
            yield from (f'  {line}' for line in _expected(below or []))


def _happened(tasks: list[engine.Task], items: list[Any]) -> Iterator[str]:
    """What ran, with as much of it as is expected."""
    left = list(tasks)

    for item in items:
        group = item if isinstance(item, list) else [item]
        names = [_parts(one)[0] for one in group]
        taken, left = left[:len(group)], left[len(group):]
        # What runs side by side has the order in which it is expected.
        taken.sort(key=lambda task: names.index(task.name)
                   if task.name in names else len(names))

        for task, one in zip(taken, group, strict=False):
            yield _line(task.name, task.state)
            below = _parts(one)[2]

            if below is not None:
                yield from (f'  {line}' for execution in task.below
                            for line in _happened(execution.tasks, below))

    yield from (_line(task.name, task.state) for task in left)


def _parts(item: Any) -> tuple[str, str, list[Any] | None]:
    """Name, state and tasks below of a task as a case has it."""
    if isinstance(item, str):
        return item, 'SUCCESS', None

    [(name, told)] = item.items()

    if isinstance(told, str):
        return name, told, None

    return name, told.get('state', 'SUCCESS'), told['tasks']


def _line(name: str, state: str) -> str:
    return name if state == 'SUCCESS' else f'{name}: {state}'


def _dumped(value: Any) -> list[str]:
    return yaml.safe_dump(value, default_flow_style=False,
                          allow_unicode=True, width=1000).splitlines()


def _diff(what: str, expected: list[str], happened: list[str]) -> str:
    lines = [line for line in difflib.ndiff(expected, happened)
             if not line.startswith('?')]

    return '\n'.join([f'{what}: - expected, + happened',
                      *(f'  {line}'.rstrip() for line in lines)])


def _first_line(text: str) -> str:
    return text.strip().partition('\n')[0]
