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

"""In which order, and beside which others, a workflow's tasks may run."""

import itertools
import re
from collections.abc import Iterator

from tripleo_workflows.pack import definitions

#: Targets that are orders to the engine.
COMMANDS = ('noop', 'fail', 'succeed', 'pause')

#: Clauses that are followed after one and the same end of a task.
_TOGETHER = (('on-success', 'on-complete'), ('on-error', 'on-complete'),
             ('on-skip',))


class Flow:
    """The graph of a workflow's tasks.

    :ivar starts: tasks that nothing leads to.
    """

    def __init__(self, workflow: definitions.Workflow):
        self.transitions = [
            transition for transition in workflow.transitions
            if transition.target in workflow.tasks]
        self._after: dict[str, set[str]] = {
            task: set() for task in workflow.tasks}
        self._before: dict[str, set[str]] = {
            task: set() for task in workflow.tasks}
        self._joins = {name for name, task in workflow.tasks.items()
                       if 'join' in task}

        for transition in self.transitions:
            self._after[transition.source].add(transition.target)
            self._before[transition.target].add(transition.source)

        self.starts = [task for task, before in self._before.items()
                       if not before]

    def before(self, task: str) -> set[str]:
        """The tasks that lead to a task directly."""
        return self._before[task]

    def after(self, task: str, stop: frozenset[str] = frozenset()
              ) -> set[str]:
        """The tasks that may run after a task, in however many steps.

        :param stop: tasks that nothing is followed into.
        """
        found: set[str] = set()
        new = self._after[task] - stop

        while new:
            found |= new
            new = {target for one in new for target in self._after[one]
                   } - found - stop

        return found

    def reachable(self) -> set[str]:
        """All that may run at all."""
        return {*self.starts, *itertools.chain.from_iterable(
            self.after(task) for task in self.starts)}

    def loops(self) -> set[str]:
        """Tasks that may run again after themselves."""
        return {task for task in self._after if task in self.after(task)}

    def beside(self) -> set[str]:
        """Tasks beside which another branch may be running."""
        found: set[str] = set()

        for one, other in self._forks():
            met = frozenset(self._joins & ({one} | self.after(one))
                            & ({other} | self.after(other)))

            for task in {one, other} - met:
                found |= {task} | self.after(task, met)

        return found

    def _forks(self) -> Iterator[tuple[str, str]]:
        """Pairs of tasks that are started beside each other."""
        yield from itertools.combinations(self.starts, 2)

        for task, clauses in itertools.product(self._after, _TOGETHER):
            leaving = [transition for transition in self.transitions
                       if transition.source == task
                       and transition.clause in clauses]

            for one, other in itertools.combinations(leaving, 2):
                if not _exclude(one.condition, other.condition):
                    yield one.target, other.target


def _exclude(one: str, other: str) -> bool:
    """Whether one condition is the other's negation, as far as text shows."""
    first, second = (re.sub(r'^<%\s*|\s*%>$', '', condition)
                     for condition in (one, other))

    return first in _negations(second) or second in _negations(first)


def _negations(condition: str) -> tuple[str, ...]:
    return (f'not {condition}', f'not ({condition})',
            condition.replace(' != ', ' = '),
            condition.replace(' = ', ' != ')) if condition else ()
