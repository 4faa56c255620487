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

"""What a rule is, and where all of them are listed.

A rule is a function whose name is its id and whose docstring is what people
read about it. It yields what it finds: a place and a sentence.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.lint import expressions
from tripleo_workflows.pack.lint import flow as workflow_flow
from tripleo_workflows.pack.lint import known as known_names

Found = Iterator[tuple[definitions.Place, str]]


@dataclasses.dataclass(frozen=True)
class Subject:
    """One workflow, and what rules ask about it."""

    workflow: definitions.Workflow
    known: known_names.Known

    @functools.cached_property
    def flow(self) -> workflow_flow.Flow:
        """Which task may run after or beside which."""
        return workflow_flow.Flow(self.workflow)

    @functools.cached_property
    def expressions(self) -> list[expressions.Expression]:
        """All of its expressions, with their places."""
        return list(expressions.of(self.workflow.content))


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule as people read it.

    :param of_files: whether it is about whole files; the others are about
        workflows, and asked only where Mistral's language was kept.
    """

    name: str
    description: str
    of_files: bool
    check: Callable[[Any], Found]


#: By their names, in the order in which they are documented.
ALL: dict[str, Rule] = {}


def of_files(check: Callable[[definitions.Definitions], Found]
             ) -> Callable[[definitions.Definitions], Found]:
    """Add a rule of files; its places count from the top of the file."""
    _add(check, True)

    return check


def of_workflows(check: Callable[[Subject], Found]
                 ) -> Callable[[Subject], Found]:
    """Add a rule of workflows; its places count from the workflow."""
    _add(check, False)

    return check


def _add(check: Callable[[Any], Found], whole: bool) -> None:
    name = check.__name__.replace('_', '-')
    ALL[name] = Rule(name, inspect.getdoc(check) or '', whole, check)
