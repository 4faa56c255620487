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

"""``plan-environment.yaml``: what a plan passes to Heat beside templates."""

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.plan import documents

FILE = 'plan-environment.yaml'

_MAP: documents.Schema = {'type': ['object', 'null']}

_FIELDS: dict[str, documents.Schema] = {
    'version': {'type': ['number', 'string']},
    'name': {'type': 'string', 'pattern': '^[a-zA-Z0-9-]+$'},
    'description': {'type': ['string', 'null']},
    'template': {'type': 'string'},
    'environments': {
        'type': ['array', 'null'],
        'items': {
            'description': 'must be a map with either path, a file of '
                           'the plan, or data, an environment',
            'oneOf': [
                {'type': 'object', 'required': ['path'],
                 'additionalProperties': False,
                 'properties': {'path': {'type': 'string'}}},
                {'type': 'object', 'required': ['data'],
                 'additionalProperties': False,
                 'properties': {'data': {'type': 'object'}}}]}},
    'parameter_defaults': _MAP,
    'passwords': _MAP,
    # Which rotations were carried out; see the module passwords.
    'password_requests': _MAP,
    'derived_parameters': _MAP,
    'resource_registry': _MAP,
    'lifecycle_policy': _MAP,
    'lifecycle_hooks': {'type': ['object', 'array', 'null']},
    # Written by the predecessor's sample plans; nothing here reads it.
    'workflow_parameters': _MAP,
}

SCHEMA = {
    'type': 'object',
    'required': ['version'],
    'additionalProperties': False,
    'properties': _FIELDS,
}


def load(files: Mapping[str, str]) -> dict[str, Any]:
    """The plan environment out of a plan's files.

    :param files: the plan's files by name.
    :returns: the document with ``template`` filled in, and its empty
        sections as empty maps and lists.
    :raises NotFound: the plan has no plan environment.
    :raises InvalidInput: it is not YAML, or a field is not what it must be.
    """
    if FILE not in files:
        raise exceptions.NotFound(
            f'The plan has no {FILE}.',
            f'Add {FILE} with at least "version: 1.0" to the plan.',
            file=FILE)

    document = documents.parse(FILE, files[FILE])
    documents.check(FILE, document, SCHEMA)

    sections: dict[str, Any] = {
        key: {} for key, rule in _FIELDS.items() if rule is _MAP}
    given = {key: value for key, value in document.items()
             if value is not None}

    return {'template': 'overcloud.yaml', 'environments': [],
            **sections, **given}


def dump(environment: Mapping[str, Any]) -> str:
    """The text to store for a plan environment; empty sections left out."""
    content = {key: value for key, value in environment.items()
               if value not in ({}, [], None)}

    return yaml.safe_dump(content, default_flow_style=False,
                          sort_keys=False)


def merge_parameters(environment: Mapping[str, Any],
                     parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plan environment with other ``parameter_defaults``.

    A parameter takes the new value as a whole: maps are not merged.
    """
    merged = copy.deepcopy(dict(environment))
    merged['parameter_defaults'] = {
        **merged.get('parameter_defaults', {}),
        **copy.deepcopy(dict(parameters))}

    return merged
