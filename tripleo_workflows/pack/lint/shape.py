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

"""Rules about how files and workflows are written."""

import copy
import functools
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
from mistral.lang.v2 import actions
from mistral.lang.v2 import task_defaults
from mistral.lang.v2 import tasks
from mistral.lang.v2 import workbook
from mistral.lang.v2 import workflows

from tripleo_workflows import exceptions
from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.lint import rules

#: More of a value is not needed to find it.
_LONGEST = 160


@rules.of_files
def language(file: definitions.Definitions) -> rules.Found:
    """The file is no YAML, or Mistral's language knows no such form."""
    found = [((*place, key), f'{key} is a name; quote it.')
             for place, mapping in _mappings(file.content, ())
             for key in mapping if not isinstance(key, str)]
    found = found or [*_of_book(file), *(
        each for workflow in file.workflows
        for each in _of_workflow(workflow.place, workflow.content))]
    yield from found

    # Mistral's own reading trusts that its schemas were kept.
    for workflow in () if found else file.workflows:
        try:
            workflow.spec.get_tasks()
        except exceptions.InvalidInput as error:
            yield workflow.place, error.message


@rules.of_files
def duplicate_key(file: definitions.Definitions) -> rules.Found:
    """A mapping has a key twice, and YAML forgets the first."""
    for place, mapping in _mappings(file.content, ()):
        for key, _ in mapping.repeated:
            yield (*place, key), f'{key} stands here more than once.'


@rules.of_workflows
def retry(subject: rules.Subject) -> rules.Found:
    """A task is retried by the engine.

    After an action was lost, a retry runs without token and project, and
    every later task fails. Retry within the action.
    """
    for place, content in _with_policies(subject.workflow):
        if 'retry' in content:
            yield (*place, 'retry'), 'The engine would retry it.'


@rules.of_workflows
def no_description(subject: rules.Subject) -> rules.Found:
    """A workflow does not say what it does."""
    if not subject.workflow.content.get('description'):
        yield (), f'{subject.workflow.name} has no description.'


@rules.of_workflows
def input_not_described(subject: rules.Subject) -> rules.Found:
    """The description of a workflow does not name one of its inputs."""
    description = subject.workflow.content.get('description', '')

    for number, name in enumerate(subject.workflow.inputs):
        if not re.search(rf'\b{re.escape(name)}\b', description):
            yield ('input', number), (
                f'The description does not say what {name} is.')


@rules.of_workflows
def no_output(subject: rules.Subject) -> rules.Found:
    """A workflow lacks ``output`` or ``output-on-error``.

    Without the latter its caller gets no text when it fails.
    """
    for key in ('output', 'output-on-error'):
        if not subject.workflow.content.get(key):
            yield (), f'{subject.workflow.name} has no {key}.'


def _of_book(file: definitions.Definitions) -> rules.Found:
    if file.is_book:
        yield from _against(workbook.WorkbookSpec, file.content, ())
        composed = file.content.get('actions')

        for name, action in (composed if isinstance(composed, dict)
                             else {}).items():
            yield from _against(actions.ActionSpec, action,
                                ('actions', name))


def _of_workflow(place: definitions.Place, content: Any) -> rules.Found:
    if not isinstance(content, dict):
        yield place, 'A workflow is a mapping, with tasks.'
        return

    yield from _against(workflows.DirectWorkflowSpec, content, place)

    if 'task-defaults' in content:
        yield from _against(task_defaults.TaskDefaultsSpec,
                            content['task-defaults'],
                            (*place, 'task-defaults'))

    held = content.get('tasks')

    for name, task in (held if isinstance(held, dict) else {}).items():
        specification = (tasks.ReverseWorkflowTaskSpec
                         if content.get('type') == 'reverse'
                         else tasks.DirectWorkflowTaskSpec)
        yield from _against(specification, task, (*place, 'tasks', name))


def _against(specification: Any, content: Any, place: definitions.Place
             ) -> rules.Found:
    if not isinstance(content, dict):
        yield place, f'{place[-1]} is a mapping.'
        return

    # Mistral adds these two to what it reads.
    errors = _validator(specification).iter_errors(
        {'name': 'name', 'version': '2.0', **content})

    for error in errors:
        best = jsonschema.exceptions.best_match([error])
        where = (*place, *best.absolute_path)

        if best.validator == 'additionalProperties':
            for key in best.instance.keys() - best.schema['properties']:
                yield (*where, key), f'Mistral knows no {key} here.'
        elif len(best.message) > _LONGEST:
            yield where, f'{best.message[:_LONGEST]}…'
        else:
            yield where, f'{best.message}.'


@functools.cache
def _validator(specification: Any) -> Any:
    schema = copy.deepcopy(specification.get_schema())

    return jsonschema.validators.validator_for(schema)(schema)


def _mappings(content: Any, place: definitions.Place
              ) -> Iterator[tuple[definitions.Place, definitions.Mapping]]:
    if isinstance(content, definitions.Mapping):
        yield place, content

    items = (content.items() if isinstance(content, dict)
             else enumerate(content) if isinstance(content, list) else ())

    for key, value in items:
        yield from _mappings(value, (*place, key))


def _with_policies(workflow: definitions.Workflow
                   ) -> Iterator[tuple[definitions.Place, Any]]:
    yield ('task-defaults',), workflow.content.get('task-defaults', {})

    for name, task in workflow.tasks.items():
        yield ('tasks', name), task
