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

"""The lifecycle that a composable service carries in its ``role_data``."""

from collections.abc import Mapping
from typing import Any

import jsonschema

from tripleo_workflows import exceptions

#: The steps that a batch goes through, in their order.
ROLL_STEPS = ('drain', 'stop', 'package', 'configure', 'start', 'verify',
              'undrain')
#: What a batch ends with, before its revisions are recorded.
GATE = 'gate'
#: Steps that make no sense on a node where nothing of the service runs.
LEAVING_STEPS = ('drain', 'stop')
#: Steps that are lists of checks, asked from the undercloud.
CHECK_STEPS = ('verify', GATE)
#: Steps that decide what a service is on a node, and so its revision.
REVISION_STEPS = ('package', 'configure', 'start')

POLICY_DEFAULTS = {'batch': 1, 'initial': 'all', 'check_timeout': 60}

#: What a step may run on a node.
KINDS = ('script', 'playbook')

_PAYLOAD = {
    'type': 'object',
    'oneOf': [{'required': [kind]} for kind in KINDS],
    'additionalProperties': False,
    'properties': {
        **{kind: {'type': 'string', 'minLength': 1} for kind in KINDS},
        'inputs': {
            'type': 'object',
            'propertyNames': {'pattern': '^[A-Za-z_][A-Za-z0-9_]*$'},
            'additionalProperties': {
                'type': ['string', 'number', 'integer', 'boolean']}},
        'timeout': {'type': 'integer', 'minimum': 1},
        'idempotent': {'type': 'boolean'},
    },
}

_CHECKS = {
    'type': 'array',
    'minItems': 1,
    'items': {
        'type': 'object',
        'required': ['name'],
        'minProperties': 2,
        'maxProperties': 2,
        'properties': {'name': {'type': 'string'},
                       'http': {'type': 'object', 'required': ['url']}},
    },
}

SCHEMA: dict[str, Any] = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'title': 'lifecycle of a composable service',
    'type': 'object',
    'required': ['release'],
    'additionalProperties': False,
    'properties': {
        'release': {'type': ['string', 'number', 'integer']},
        'after': {'type': 'array', 'uniqueItems': True,
                  'items': {'type': 'string'}},
        'policy': {
            'type': 'object',
            'additionalProperties': False,
            'properties': {
                'batch': {'oneOf': [
                    {'type': 'integer', 'minimum': 1},
                    {'type': 'string', 'pattern': '^([1-9][0-9]?|100)%$'}]},
                'initial': {'enum': ['all', 'bootstrap_first', 'serial']},
                'check_timeout': {'type': 'integer', 'minimum': 1},
            },
        },
        'secrets': {'type': 'array', 'uniqueItems': True,
                    'items': {'type': 'string'}},
        'roll': {
            'type': 'object',
            'additionalProperties': False,
            'properties': {
                step: _CHECKS if step in CHECK_STEPS else _PAYLOAD
                for step in ROLL_STEPS},
        },
        'gate': _CHECKS,
        'probe': _CHECKS,
    },
}

_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parse(service: str, lifecycle: Mapping[str, Any]) -> dict[str, Any]:
    """A service's lifecycle, checked and with its defaults filled in.

    :param lifecycle: the value of ``role_data.lifecycle``, resolved by Heat.
    :raises InvalidInput: it breaks the format; the text names the field.
    """
    error = jsonschema.exceptions.best_match(
        _VALIDATOR.iter_errors(lifecycle))

    if error is not None:
        field = '.'.join(['lifecycle', *map(str, error.absolute_path)])

        # The validator's own message quotes the value, which may be secret.
        message = ('must be a text, number or boolean'
                   if 'inputs' in error.absolute_path else error.message)

        raise exceptions.InvalidInput(
            f'{field}: {message}.',
            "Correct it in the service's template and preview again.",
            service=service, field=field)

    return {
        'release': str(lifecycle['release']),
        'after': sorted(lifecycle.get('after', [])),
        'policy': {**POLICY_DEFAULTS, **lifecycle.get('policy', {})},
        'secrets': sorted(lifecycle.get('secrets', [])),
        'roll': dict(lifecycle.get('roll', {})),
        'gate': list(lifecycle.get('gate', [])),
    }


def secrets_of(lifecycle: Mapping[str, Any], step: str) -> dict[str, Any]:
    """The inputs of a step that are secret, by name."""
    content = lifecycle['roll'][step]

    return {name: value for name, value in content.get('inputs', {}).items()
            if name in lifecycle['secrets']}


def without_secrets(lifecycle: Mapping[str, Any]) -> dict[str, Any]:
    """A lifecycle that may be stored: secret inputs have no value."""
    steps = {}

    for step, content in lifecycle['roll'].items():
        if step not in CHECK_STEPS and secrets_of(lifecycle, step):
            content = {**content, 'inputs': {
                name: None if name in lifecycle['secrets'] else value
                for name, value in content['inputs'].items()}}

        steps[step] = content

    return {**lifecycle, 'roll': steps}


def kind_of(content: Mapping[str, Any]) -> str:
    """What a step runs on its nodes, as in ``script``."""
    return next(kind for kind in KINDS if kind in content)


def steps_of(lifecycle: Mapping[str, Any], first_time: bool) -> list[str]:
    """The steps that a node goes through, in their order.

    :param first_time: whether nothing of the service runs there yet.
    """
    steps = [step for step in ROLL_STEPS if step in lifecycle['roll']
             and not (first_time and step in LEAVING_STEPS)]

    return [*steps, GATE] if lifecycle['gate'] else steps
