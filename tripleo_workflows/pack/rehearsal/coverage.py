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

"""What of the workflows the cases of a run have seen."""

import dataclasses
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping

from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.rehearsal import engine

_KINDS = ('task', 'transition', 'failure')


@dataclasses.dataclass(frozen=True)
class Row:
    """A workflow: by kind, all there is and what no case has seen."""

    workflow: str
    all: dict[str, set[str]]
    missing: dict[str, set[str]]

    def __str__(self) -> str:
        counts = ', '.join(
            f'{kind}s {len(self.all[kind]) - len(self.missing[kind])}/'
            f'{len(self.all[kind])}' for kind in _KINDS)
        lines = [f'{self.workflow}: {counts}']
        lines.extend(f'    no case has the {kind} {name}'
                     for kind in _KINDS
                     for name in sorted(self.missing[kind]))

        return '\n'.join(lines)

    @property
    def is_full(self) -> bool:
        return not any(self.missing.values())


class Coverage:
    """Tasks that ran, transitions taken, and failures that were handled.

    A failure is handled where a task publishes something on an error, or
    leads somewhere then.
    """

    def __init__(self) -> None:
        self._ran: set[tuple[str, str]] = set()
        self._failed: set[tuple[str, str]] = set()

    def add(self, execution: engine.Execution,
            scripted: Collection[str]) -> None:
        """Count an execution and those below it, except scripted ones."""
        if execution.workflow in scripted:
            return

        for task in execution.tasks:
            self._ran.add((execution.workflow, task.name))

            if task.state == 'ERROR':
                self._failed.add((execution.workflow, task.name))

            for below in task.below:
                self.add(below, scripted)

    def rows(self, workflows: Mapping[str, definitions.Workflow],
             named: Iterable[str], taken: set[tuple[str, str, str, str]]
             ) -> list[Row]:
        """The workflows of all workbooks of which cases name a workflow."""
        books = {workflows[name].book or name for name in named
                 if name in workflows}

        return [self._row(workflow, taken) for workflow in workflows.values()
                if (workflow.book or workflow.name) in books]

    def _row(self, workflow: definitions.Workflow,
             taken: set[tuple[str, str, str, str]]) -> Row:
        name = workflow.name
        transitions = {
            (each.source, each.clause, each.target): _text(
                each.source, each.clause, each.target)
            for each in workflow.transitions}
        handled = {task for task, content in workflow.tasks.items()
                   if 'publish-on-error' in content}
        handled |= {each.source for each in workflow.transitions
                    if each.clause in ('on-error', 'on-complete')}

        return Row(name, {
            'task': set(workflow.tasks),
            'transition': set(transitions.values()),
            'failure': handled,
        }, {
            'task': {task for task in workflow.tasks
                     if (name, task) not in self._ran},
            'transition': {text for key, text in transitions.items()
                           if (name, *key) not in taken},
            'failure': {task for task in handled
                        if (name, task) not in self._failed}})


def _text(source: str, clause: str, target: str) -> str:
    return f'{source} {clause} {target}'
