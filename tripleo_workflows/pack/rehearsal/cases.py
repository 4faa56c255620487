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

"""The format of rehearsals: a schema, and cases read by it."""

import dataclasses
import pathlib
from typing import Any

import jsonschema
import yaml

from tripleo_workflows import exceptions

_SCRIPT = {
    'description': 'How an action or workflow answers. A mapping answers '
                   'every call; of a list each item answers one, the first '
                   'that is left and fits.',
    'oneOf': [{'$ref': '#/$defs/answer'},
              {'type': 'array', 'minItems': 1,
               'items': {'$ref': '#/$defs/answer'}}]}

#: One answer of an action or workflow.
ANSWER = {
    'type': 'object',
    'description': 'An answer; without result and error, the result is '
                   'null.',
    'properties': {
        'result': {'description': 'What it returns.'},
        'error': {'description': 'It fails with this: a text, as actions '
                                 'do, or what a workflow puts into its '
                                 'output-on-error.',
                  'type': ['string', 'object']},
        'task': {'description': 'Answers calls of this task only.',
                 'type': 'string'},
        'input': {'description': 'Inputs that it must be given, by name; '
                                 'others may be anything.',
                  'type': 'object'}},
    'not': {'required': ['result', 'error']},
    'additionalProperties': False}

_TASK = {
    'description': 'A task that ran. Its name alone says that it ended in '
                   'SUCCESS.',
    'oneOf': [
        {'type': 'string'},
        {'type': 'object', 'minProperties': 1, 'maxProperties': 1,
         'additionalProperties': {
             'oneOf': [
                 {'type': 'string',
                  'description': 'The state that it ended in.'},
                 {'type': 'object', 'additionalProperties': False,
                  'required': ['tasks'],
                  'description': 'Of a task that runs a workflow: the state, '
                                 'and the tasks of that workflow.',
                  'properties': {
                      'state': {'type': 'string'},
                      'tasks': {'$ref': '#/$defs/tasks'}}}]}}]}

_TASKS = {
    'description': 'The tasks in the order of their starts, a task in a loop '
                   'once for each round. Those in a list of their own run '
                   'side by side, in any order.',
    'type': 'array',
    'items': {'oneOf': [
        {'$ref': '#/$defs/task'},
        {'type': 'array', 'minItems': 2,
         'items': {'$ref': '#/$defs/task'}}]}}

#: One case.
CASE = {
    'type': 'object',
    'description': 'One run of a workflow, and what must come of it.',
    'properties': {
        'name': {'description': 'What happens in it, for people.',
                 'type': 'string'},
        'workflow': {'description': 'The workflow to run, by its whole name; '
                                    'the file may name one for all cases.',
                     'type': 'string'},
        'input': {'description': 'What it is given.', 'type': 'object'},
        'actions': {
            'description': 'The answers of actions, by their names. '
                           'std.noop, std.echo, std.fail and std.test_dict '
                           'run where they have none; any other action '
                           'without one is a failure of the case.',
            'type': 'object',
            'additionalProperties': {'$ref': '#/$defs/script'}},
        'workflows': {
            'description': 'The answers of workflows that are not to run, by '
                           'their whole names.',
            'type': 'object',
            'additionalProperties': {'$ref': '#/$defs/script'}},
        'definitions': {
            'description': 'Workflows that exist in this case only, by '
                           'their names, such as one that an action would '
                           'have made.',
            'type': 'object'},
        'state': {'description': 'The state that the workflow ends in; '
                                 'SUCCESS unless it is given.',
                  'type': 'string'},
        'tasks': _TASKS,
        'output': {'description': 'The whole output of the workflow.',
                   'type': 'object'}},
    'required': ['name', 'tasks'],
    'additionalProperties': False}

#: A file of rehearsals.
SCHEMA = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'type': 'object',
    'properties': {
        'workbooks': {
            'description': 'Files of workbooks and plain workflows that the '
                           'cases need besides those of the pack, relative '
                           'to this file.',
            'type': 'array', 'items': {'type': 'string'}},
        'workflow': {'description': 'The workflow of the cases that name '
                                    'none.',
                     'type': 'string'},
        'cases': {'description': 'The cases.', 'type': 'array',
                  'minItems': 1, 'items': {'$ref': '#/$defs/case'}}},
    'required': ['cases'],
    'additionalProperties': False,
    '$defs': {
        'case': CASE, 'script': _SCRIPT, 'answer': ANSWER,
        'tasks': _TASKS, 'task': _TASK}}

_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@dataclasses.dataclass(frozen=True)
class Answer:
    """One answer of a script; ``error`` is None where it succeeds."""

    result: Any = None
    error: Any = None
    task: str = ''
    input: dict[str, Any] = dataclasses.field(default_factory=dict)


#: One answer for every call, or one for each.
Script = Answer | list[Answer]


@dataclasses.dataclass(frozen=True)
class Case:
    """A case, as the schema describes it; output None may be anything."""

    file: pathlib.Path
    name: str
    workflow: str
    tasks: list[Any]
    input: dict[str, Any]
    actions: dict[str, Script]
    workflows: dict[str, Script]
    definitions: dict[str, Any]
    state: str
    output: dict[str, Any] | None


@dataclasses.dataclass(frozen=True)
class Rehearsal:
    """A file of cases, and the files of workflows that it names."""

    workbooks: list[pathlib.Path]
    cases: list[Case]


def load(path: pathlib.Path) -> Rehearsal:
    """Read a file of rehearsals.

    :raises InvalidInput: it cannot be read, or is not in the format.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise exceptions.InvalidInput(
            f'{path} cannot be read: {error}.',
            'Name a file of rehearsals.') from None

    wrong = jsonschema.exceptions.best_match(_VALIDATOR.iter_errors(content))

    if wrong:
        raise exceptions.InvalidInput(
            f'{path}: {wrong.message}.', 'See the format of rehearsals.',
            field='.'.join(map(str, wrong.absolute_path)))

    return Rehearsal(
        [path.parent / name for name in content.get('workbooks', ())],
        [_case(path, case, content.get('workflow', ''))
         for case in content['cases']])


def _case(path: pathlib.Path, content: dict[str, Any], workflow: str) -> Case:
    workflow = content.get('workflow', workflow)

    if not workflow:
        raise exceptions.InvalidInput(
            f'{path}: {content["name"]} names no workflow.',
            'Name one in the case or for all cases.', field='workflow')

    return Case(
        path, content['name'], workflow, content['tasks'],
        input=content.get('input', {}),
        actions=_scripts(content.get('actions', {})),
        workflows=_scripts(content.get('workflows', {})),
        definitions=content.get('definitions', {}),
        state=content.get('state', 'SUCCESS'),
        output=content.get('output'))


def _scripts(content: dict[str, Any]) -> dict[str, Script]:
    return {name: _script(script) for name, script in content.items()}


def _script(content: Any) -> Script:
    if isinstance(content, list):
        return [Answer(**answer) for answer in content]

    return Answer(**content)
