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

"""JSON schemas of what people write about the life of a service.

``LIFECYCLE`` is ``role_data.lifecycle`` of a service's template, ``POLICY``
and ``HOOKS`` are ``lifecycle_policy`` and ``lifecycle_hooks`` of a plan's
environment. The reference pages are made from their descriptions.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema

from tripleo_workflows import exceptions
from tripleo_workflows.checks import schema as checks_schema
from tripleo_workflows.plan import documents
from tripleo_workflows.plan import environment as plan_environment

Schema = dict[str, Any]

PREPARE_STEPS = ('check', 'stage', 'backup', 'expand')
ROLL_STEPS = ('drain', 'stop', 'package', 'configure', 'start', 'reload',
              'verify', 'undrain')
FINISH_STEPS = ('migrate', 'contract', 'cleanup')

#: What a step may run on a node.
KINDS = ('script', 'playbook')

#: What a step's environment holds beside its inputs; no input is named so.
RESERVED = ('NODE_NAME', 'NODE_ADDRESS', 'NODE_ROLE', 'NODE_INDEX',
            'OPERATION', 'BATCH', 'ATTEMPT', 'FROM_RELEASE')

_INPUT_NAME = f'^(?!({"|".join(RESERVED)})$)[A-Za-z_][A-Za-z0-9_]*$'
_SCALAR: Schema = {'type': ['string', 'number', 'boolean']}
_NAMES: Schema = {'type': 'array', 'uniqueItems': True,
                  'items': {'type': 'string'}}
_WAITED: Schema = {
    'type': 'array', 'uniqueItems': True,
    'items': {'type': 'string',
              'pattern': r'^[\w-]+(\.(prepare|roll|finish))?$'}}
_AMOUNT: Schema = {'oneOf': [
    {'type': 'integer', 'minimum': 0},
    {'type': 'string', 'pattern': '^([0-9]{1,2}|100)%$'}]}
_POSITIVE: Schema = {'oneOf': [
    {'type': 'integer', 'minimum': 1},
    {'type': 'string', 'pattern': '^([1-9][0-9]?|100)%$'}]}

_RUN: Schema = {
    'script': {'description': 'The text of a script.',
               'type': 'string', 'minLength': 1},
    'playbook': {'description': 'The text of a playbook.',
                 'type': 'string', 'minLength': 1},
    'inputs': {
        'description': 'Values of variables in the environment of the '
                       'script, or extra variables of the playbook. A list '
                       'is passed on with spaces between its items.',
        'type': 'object',
        'propertyNames': {'pattern': _INPUT_NAME},
        'additionalProperties': {'anyOf': [
            _SCALAR, {'type': 'array', 'items': _SCALAR}]}},
    'timeout': {'description': 'Seconds, 600 where it is absent.',
                'type': 'integer', 'minimum': 1},
    'idempotent': {'description': 'Whether the node may run it again by '
                                  'itself where it was interrupted.',
                   'type': 'boolean'},
}
_RUNS_ONE = [{'required': [kind]} for kind in KINDS]
_ON: Schema = {'description': 'The nodes that carry it out: the first one '
                              'that answers, or all.',
               'enum': ['bootstrap', 'all']}


def _payload(description: str, **more: Schema) -> Schema:
    return {'description': description, 'type': 'object',
            'oneOf': _RUNS_ONE, 'additionalProperties': False,
            'properties': {**_RUN, **more}}


_ONCE: dict[str, Schema] = {
    'on': _ON,
    'approve': {'description': 'Whether a person must approve of it first.',
                'type': 'boolean'},
    'point_of_no_return': {
        'description': 'Whether there is no way back afterwards. A declared '
                       'backup must have succeeded in the same operation.',
        'type': 'boolean'},
}
#: All fields that steps may have; the last three only in ``prepare`` and
#: ``finish``.
STEP: Schema = {'properties': {**_RUN, **_ONCE}}


def _once(description: str) -> Schema:
    return _payload(description, **_ONCE)


def _checks(description: str) -> Schema:
    return {'description': description, 'type': 'array', 'minItems': 1,
            'items': checks_schema.CHECK}


POLICY_FIELDS: dict[str, Schema] = {
    'batch': {**_POSITIVE, 'description':
              'How many nodes at once: a number, or a percentage, at least '
              'one node.'},
    'initial': {'description':
                'The same where no node has the service yet.',
                'enum': ['all', 'bootstrap_first', 'serial']},
    'canary': {'description':
               'Size of the first batch; 0: like the others.',
               'type': 'integer', 'minimum': 0},
    'soak': {'description':
             'Seconds for which the gate must stay green after the first '
             'batch.', 'type': 'number', 'minimum': 0},
    'on_flap': {'description':
                'What happens where the gate fails while it soaks: the '
                'time begins again, or the batch has failed.',
                'enum': ['restart', 'fail']},
    'max_failures': {**_AMOUNT, 'description':
                     'How many nodes may fail over the whole rollout before '
                     'the service stops: a number, or a percentage of the '
                     'nodes that are rolled.'},
    'max_unavailable': {**_AMOUNT, 'description':
                        'How many nodes may be out of service at once, those '
                        'that do not answer counted: a number, or a '
                        'percentage of the nodes that run the service.'},
    'unreachable': {'description':
                    'What happens to a node that does not answer: the '
                    'rollout fails, or the node is left out and counts as '
                    'failed.', 'enum': ['fail', 'skip']},
    'check_timeout': {'description':
                      'Seconds for which checks are asked again before they '
                      'have failed.', 'type': 'integer', 'minimum': 1},
}

_POLICY: Schema = {
    'description': 'How carefully the service is rolled.',
    'type': 'object', 'additionalProperties': False,
    'properties': POLICY_FIELDS}

LIFECYCLE: Schema = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'title': 'lifecycle of a composable service',
    'type': 'object',
    'required': ['release'],
    'additionalProperties': False,
    'properties': {
        'release': {'description': "A word that people know the service's "
                                   'version by.',
                    'type': ['string', 'number']},
        'from': {'description': 'Releases that it can come from; any where '
                                'it is absent.',
                 'type': 'array', 'items': {'type': ['string', 'number']}},
        'reversible': {'description': 'Whether a node may go back from this '
                                      'release to the one before. True '
                                      'where it is absent.',
                       'type': 'boolean'},
        'after': {
            'description': 'What comes first. A list of services, which '
                           'must have finished before this one prepares; or '
                           'such lists by the phase of this service that '
                           'waits, of names as in nova_compute.roll.',
            'oneOf': [_WAITED, {
                'type': 'object', 'additionalProperties': False,
                'properties': {phase: _WAITED for phase in
                               ('prepare', 'roll', 'finish')}}]},
        'policy': _POLICY,
        'secrets': {**_NAMES, 'description': 'Names of inputs of steps that '
                                             'are secret. Checks have none.'},
        'sets': {**_NAMES, 'description': 'Names of inputs that are lists in '
                                          'which the order means nothing.'},
        'probe': {'description': 'Requests that measure whether the service '
                                 'can be used, sent during operations.',
                  'type': 'array', 'minItems': 1,
                  'items': checks_schema.PROBE},
        'prepare': {
            'description': 'Steps before the first node is touched.',
            'type': 'object', 'additionalProperties': False,
            'properties': {
                'check': _checks('Whether the service may be changed now.'),
                'stage': _once('Fetches what the other steps need; nothing '
                               'changes.'),
                'backup': _once('Saves what the following steps change.'),
                'expand': _once('Changes what the old release can live '
                                'with, such as a column added.')}},
        'roll': {
            'description': 'Steps that each batch goes through, in this '
                           'order.',
            'type': 'object', 'additionalProperties': False,
            'properties': {
                'drain': _payload('Takes the node out of service.'),
                'stop': _payload('Stops the service.'),
                'package': _payload('Changes the installed release.'),
                'configure': _payload('Writes the configuration.'),
                'start': _payload('Starts the service.'),
                'reload': _payload(
                    'Lets the running service take its configuration over. '
                    'Where only that differs, a node gets configure, reload '
                    'and verify, and nothing else.'),
                'verify': _checks(
                    'Asked of each node itself before it serves again.'),
                'undrain': _payload('Puts the node back into service.')}},
        'gate': _checks('Asked of the service as a whole, after each '
                        'batch.'),
        'finish': {
            'description': 'Steps after the last batch.',
            'type': 'object', 'additionalProperties': False,
            'properties': {
                'migrate': _once('Moves data to the new form.'),
                'contract': _once('Removes what only the old release '
                                  'needed.'),
                'cleanup': _once('Removes what is left over.')}},
        'remove': _payload('Removes the service from a node that it leaves '
                           'for good, after drain and stop.'),
        'workflow': {'description': "A site's own workflow that rolls the "
                                    'service, with the inputs of '
                                    'tripleo.rollout.v1.roll.',
                     'type': 'string', 'minLength': 1},
    },
}

POLICY: Schema = {
    'type': 'object', 'additionalProperties': False,
    'properties': {
        'services': {
            'description': "Overrides of the policies of the services' "
                           'templates, by service.',
            'type': 'object', 'additionalProperties': _POLICY},
        'roles': {
            'description': 'What holds for all services of a role together.',
            'type': 'object', 'additionalProperties': {
                'type': 'object', 'additionalProperties': False,
                'properties': {
                    'max_unavailable': {
                        **_POSITIVE, 'description':
                        'How many nodes of the role may be out of service at '
                        'once. Services that share the role are rolled one '
                        'after the other.'}}}},
    },
}

HOOK: Schema = {
    'type': 'object', 'required': ['name'],
    'oneOf': _RUNS_ONE,
    'anyOf': [{'required': ['before']}, {'required': ['after']}],
    'additionalProperties': False,
    'properties': {
        'name': {'description': 'Unique among the hooks of a step.',
                 'type': 'string', 'pattern': '^[a-z0-9-]+$'},
        'before': {'description': 'The step, as in web.drain, before which '
                                  'it runs.',
                   'type': 'string', 'pattern': r'^[\w-]+\.[a-z]+$'},
        'after': {'description': 'The step after which it runs.',
                  'type': 'string', 'pattern': r'^[\w-]+\.[a-z]+$'},
        'roles': {**_NAMES, 'description': 'Only on nodes of these roles.'},
        **_RUN},
}
HOOKS: Schema = {'type': 'array', 'items': HOOK}

_OF_PLAN = {'lifecycle_policy': POLICY, 'lifecycle_hooks': HOOKS}
_LIFECYCLE = jsonschema.Draft202012Validator(LIFECYCLE)


def require(service: str, content: Any) -> None:
    """Refuse a lifecycle that breaks the format.

    :raises InvalidInput: the text names the field.
    """
    error = jsonschema.exceptions.best_match(_LIFECYCLE.iter_errors(content))

    if error is None:
        return

    field = '.'.join(['lifecycle', *map(str, error.absolute_path)])

    # The text never quotes a value, which may be secret.
    raise exceptions.InvalidInput(
        f'{field} {checks_schema.problem(error)}.',
        "Correct it in the service's template and preview again.",
        service=service, field=field)


def require_environment(environment: Mapping[str, Any]) -> None:
    """Refuse policies or hooks of a plan that break the format.

    :raises InvalidInput: the text names the field.
    """
    documents.check(plan_environment.FILE, {
        key: environment[key] for key in _OF_PLAN if key in environment},
        {'type': 'object', 'properties': _OF_PLAN})
