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

"""Rules about the actions and workflows that tasks run."""

from collections.abc import Iterator
from typing import Any

from tripleo_workflows.pack.lint import expressions
from tripleo_workflows.pack.lint import known
from tripleo_workflows.pack.lint import rules


@rules.of_workflows
def unknown_action(subject: rules.Subject) -> rules.Found:
    """A task runs an action that is not installed where the check runs."""
    for task, kind, name in _called(subject):
        if kind == 'action':
            try:
                found = subject.known.action(name, subject.workflow.book)
            except ImportError as error:
                yield ('tasks', task, kind), (
                    f'{name} cannot be imported: {error}.')
                continue

            if found is None:
                yield ('tasks', task, kind), f'There is no action {name}.'


@rules.of_workflows
def unknown_workflow(subject: rules.Subject) -> rules.Found:
    """A task runs a workflow that neither the pack nor a given file has."""
    for task, kind, name in _called(subject):
        if (kind == 'workflow' and subject.known.workflow(
                name, subject.workflow.book) is None):
            yield ('tasks', task, kind), f'There is no workflow {name}.'


@rules.of_workflows
def missing_input(subject: rules.Subject) -> rules.Found:
    """A task leaves out an input that has no default."""
    for task, called, given in _inputs(subject):
        missing = [name for name, required in called.inputs.items()
                   if required and name not in given]

        if missing:
            yield ('tasks', task, 'input'), (
                f'{task} does not give {", ".join(missing)}.')


@rules.of_workflows
def unknown_input(subject: rules.Subject) -> rules.Found:
    """A task gives an input that the action or workflow does not take."""
    for task, called, given in _inputs(subject):
        for name in given:
            if name not in called.inputs and not called.open:
                yield ('tasks', task, 'input', name), (
                    f'{task} gives {name}; there are '
                    f'{", ".join(called.inputs) or "no inputs"}.')


def _called(subject: rules.Subject) -> Iterator[tuple[str, str, str]]:
    """Task, ``action`` or ``workflow``, and the name, where it is fixed."""
    for spec in subject.workflow.spec.get_tasks():
        workflow = spec.get_workflow_name()
        name = workflow or spec.get_action_name()

        if not expressions.YAQL.search(name):
            yield spec.get_name(), 'workflow' if workflow else 'action', name


def _inputs(subject: rules.Subject
            ) -> Iterator[tuple[str, known.Signature, dict[str, Any]]]:
    """Task, what it runs, and the inputs that it gives by name."""
    book = subject.workflow.book

    for task, kind, name in _called(subject):
        given = subject.workflow.spec.get_tasks()[task].get_input()

        try:
            called = (subject.known.workflow(name, book)
                      if kind == 'workflow'
                      else subject.known.action(name, book))
        except ImportError:
            called = None

        # An input that is one expression shows its names only when it runs.
        if called is not None and isinstance(given, dict):
            yield task, called, given
