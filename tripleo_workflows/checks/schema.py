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

"""The format of checks, as JSON schemas, and errors that name the field."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import jsonschema

from tripleo_workflows import exceptions

Schema = dict[str, Any]

_TEXT: Schema = {'type': 'string', 'minLength': 1}
# An action, which may ask several checks, answers within 25 seconds.
_TIMEOUT: Schema = {
    'type': 'number', 'exclusiveMinimum': 0, 'maximum': 10,
    'description': 'Seconds for the whole exchange, 5 where it is absent.'}
_SCALAR: Schema = {'type': ['string', 'number', 'boolean']}

HTTP: Schema = {
    'description': 'Sends one request over a connection of its own and '
                   'follows no redirect.',
    'type': 'object',
    'required': ['url'],
    'additionalProperties': False,
    'properties': {
        'url': {**_TEXT, 'description':
                'An http or https URL. Facts such as $NODE_ADDRESS are '
                'replaced; $$ is a dollar sign.'},
        'method': {**_TEXT, 'description':
                   'GET where it is absent, and POST where there is a '
                   'body.'},
        'body': {'type': 'string', 'description':
                 'What is sent. Facts are replaced.'},
        'headers': {'type': 'object',
                    'additionalProperties': {'type': 'string'},
                    'description': 'Headers by name.'},
        'status': {'type': ['integer', 'string'],
                   'pattern': '^[1-5][0-9][0-9]$',
                   'minimum': 100, 'maximum': 599,
                   'description': 'The status that is wanted. Any of '
                                  'the 200s where it is absent.'},
        'contains': {**_SCALAR, 'description':
                     'What must stand in the first 64 KiB of the body.'},
        'timeout': _TIMEOUT,
    },
}

TCP: Schema = {
    'description': 'Opens a connection; with send or expect it also '
                   'talks.',
    'type': 'object',
    'required': ['host', 'port'],
    'additionalProperties': False,
    'properties': {
        'host': {**_TEXT, 'description':
                 'A name or an address. Facts such as $NODE_ADDRESS are '
                 'replaced.'},
        'port': {'type': ['integer', 'string'],
                 'pattern': '^[0-9]{1,5}$',
                 'minimum': 1, 'maximum': 65535,
                 'description': 'Its TCP port.'},
        'send': {**_TEXT, 'description':
                 'What is sent first. Facts are replaced.'},
        'expect': {**_TEXT, 'description':
                   'What must stand in the first 64 KiB of the answer.'},
        'timeout': _TIMEOUT,
    },
}

SCRIPT: Schema = {
    'description': 'Runs a script on a node: exit code 0 is success, 1 a '
                   'warning, 2 a failure; with any other the check '
                   'itself is broken. Its output are the details.',
    'type': 'object',
    'required': ['script'],
    'additionalProperties': False,
    'properties': {
        'script': {**_TEXT, 'description':
                   'The text of the script; /bin/sh runs it where its '
                   'first line names nothing else.'},
        'inputs': {
            'type': 'object',
            'propertyNames': {'pattern': '^[A-Za-z_][A-Za-z0-9_]*$'},
            'additionalProperties': _SCALAR,
            'description': 'Variables of its environment, beside the '
                           "node's facts."},
        'timeout': {'type': 'integer', 'minimum': 1, 'description':
                    'Seconds, 60 where it is absent.'},
    },
}

UPGRADE_CHECK: Schema = {
    'description': 'Runs an upgrade check of an OpenStack service on a '
                   'node, with --json; each of the checks in its answer '
                   'is a result.',
    'type': 'object',
    'required': ['command'],
    'additionalProperties': False,
    'properties': {
        'command': {**_TEXT, 'description':
                    'As in keystone-status upgrade check.'},
        'timeout': {'type': 'integer', 'minimum': 1, 'description':
                    'Seconds, 60 where it is absent.'},
    },
}

#: The kinds that are asked from the undercloud, each with its schema.
ASKED_FROM_HERE: dict[str, Schema] = {'http': HTTP, 'tcp': TCP}
#: The kinds that run on nodes, each with its schema.
RUN_ON_NODES: dict[str, Schema] = {'script': SCRIPT,
                                   'upgrade_check': UPGRADE_CHECK}
KINDS: dict[str, Schema] = {**ASKED_FROM_HERE, **RUN_ON_NODES}

#: One check: a name, and one of the kinds.
CHECK: Schema = {
    'type': 'object',
    'required': ['name'],
    'oneOf': [{'required': [kind]} for kind in KINDS],
    'additionalProperties': False,
    'properties': {
        'name': {**_TEXT, 'description':
                 'What people call it; unique among the checks of a '
                 'service, so that one may be waived.'},
        'on': {'enum': ['bootstrap', 'all'], 'description':
               'The nodes on which a script or upgrade_check runs: the '
               'bootstrap node unless it is all. verify asks each node of '
               'its batch.'},
        **KINDS,
    },
}


_VARIABLE = '^(?!UNIQUE$)[A-Za-z_][A-Za-z0-9_]*$'

#: One request of a flow.
_REQUEST: Schema = {
    'type': 'object',
    'required': ['name', 'http'],
    'additionalProperties': False,
    'properties': {
        'name': {**_TEXT, 'description': 'What people call the request.'},
        'http': {**HTTP, 'description':
                 'As in a check; variables are replaced in its url, headers '
                 'and body.'},
        'keep': {
            'description': 'Variables that get their values from the answer: '
                           'from a header, or from a place in the JSON body '
                           'such as user.id or items.0.name.',
            'type': 'object', 'propertyNames': {'pattern': _VARIABLE},
            'additionalProperties': {
                'type': 'object', 'additionalProperties': False,
                'oneOf': [{'required': ['header']}, {'required': ['json']}],
                'properties': {'header': _TEXT, 'json': _TEXT}}},
    },
}

#: What measures a service while it is changed.
PROBE: Schema = {
    'type': 'object',
    'required': ['name'],
    'oneOf': [{'required': ['http']}, {'required': ['flow']}],
    'additionalProperties': False,
    'properties': {
        'name': {**_TEXT, 'description': 'What people call it.'},
        'http': HTTP,
        'inputs': {
            'description': 'Values of variables. They may be secret: a probe '
                           'stands in no document and no report.',
            'type': 'object', 'propertyNames': {'pattern': _VARIABLE},
            'additionalProperties': _SCALAR},
        'flow': {'description': 'Requests that follow each other; one that '
                                'fails ends the run. $UNIQUE is a UUID of '
                                'the run.',
                 'type': 'array', 'minItems': 1, 'items': _REQUEST},
        'left': {
            'description': 'Asked at the end, for each run that came to its '
                           'own end: what it has written is there.',
            'type': 'object', 'required': ['http', 'find'],
            'additionalProperties': False,
            'properties': {
                'http': HTTP,
                'find': {**_TEXT, 'description':
                         'What must stand in the answer.'},
                'times': {'type': 'integer', 'minimum': 0, 'description':
                          'How often, once where it is absent.'}}},
    },
}


def require(check: Any) -> None:
    """Refuse a check that breaks the format.

    :raises InvalidInput: the text names the field.
    """
    _require(_VALIDATOR, check)


def require_probe(probe: Any) -> None:
    """Refuse a probe that breaks the format.

    :raises InvalidInput: the text names the field.
    """
    _require(_PROBE_VALIDATOR, probe)


def _require(validator: jsonschema.Draft202012Validator, check: Any) -> None:
    error = jsonschema.exceptions.best_match(validator.iter_errors(check))

    if error is not None:
        field = '.'.join(map(str, error.absolute_path))
        name = check.get('name') if isinstance(check, Mapping) else None

        raise exceptions.InvalidInput(
            f'The check {problem(error)}.' if not field else
            f'The field {field} of a check {problem(error)}.',
            'Correct it; the format is in the reference of checks.',
            check=name, field=field)


def problem(error: jsonschema.ValidationError) -> str:
    """What is wrong with a field, without its value, which may be secret.

    :returns: the end of a sentence, as in ``lacks url``.
    """
    limit: Any = error.validator_value
    instance: Any = error.instance

    match error.validator:
        case 'required':
            return f'lacks {_listed(set(limit) - set(instance))}'
        case 'additionalProperties':
            schema: Any = error.schema
            known = set(schema['properties'])
            return (f'has no {_listed(set(instance) - known)}; it may have '
                    f'{_listed(known)}')
        case 'oneOf' if all('required' in each for each in limit):
            kinds = [name for each in limit for name in each['required']]
            return f'needs exactly one of {", ".join(kinds)}'
        case 'type':
            kinds = [limit] if isinstance(limit, str) else limit
            return f'must be of type {" or ".join(kinds)}'
        case 'enum':
            return f'must be one of {", ".join(map(str, limit))}'
        case 'minimum' | 'exclusiveMinimum' | 'maximum':
            sign = {'minimum': 'at least', 'maximum': 'at most'}.get(
                str(error.validator), 'more than')
            return f'must be {sign} {limit}'
        case 'pattern':
            return f'does not match {limit}'
        case 'minLength' | 'minItems' | 'minProperties':
            return 'must not be empty'

    return f'breaks the rule {error.validator}'


def kind_of(check: Mapping[str, Any]) -> str:
    """The kind of a well-formed check."""
    return next(kind for kind in KINDS if kind in check)


def _listed(names: Iterable[object]) -> str:
    return ', '.join(sorted(map(str, names)))


_VALIDATOR = jsonschema.Draft202012Validator(CHECK)
_PROBE_VALIDATOR = jsonschema.Draft202012Validator(PROBE)
