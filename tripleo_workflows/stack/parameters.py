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

"""Values of parameters, compared with what the templates allow.

Heat's validation does not look at values in ``parameter_defaults``; it
refuses them only when the stack is brought to the plan.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions

_BOOLEANS = ('true', 'false', 't', 'f', '1', '0', 'on', 'off', 'yes', 'no',
             'y', 'n')


def check(template: str, declared: Mapping[str, Any],
          values: Mapping[str, Any]) -> None:
    """Check values against one template's section ``parameters``.

    :param template: the template's name, for the error.
    :param values: by name; those that the template does not declare are not
        its business.
    :raises InvalidInput: names the parameter and the rule that it breaks,
        never the value, which may be a secret.
    """
    for name in sorted(declared.keys() & values.keys()):
        schema = declared[name]
        value = values[name]

        if value is None or not isinstance(schema, Mapping):
            continue

        problem = _problem(schema, value)
        if problem:
            raise exceptions.InvalidInput(
                f'The parameter {name} {problem}, says {template}.',
                f'Correct {name} under parameter_defaults in '
                'plan-environment.yaml, or in the environment that sets it.',
                parameter=name, file=template)


def _problem(schema: Mapping[str, Any], value: Any) -> str | None:
    try:
        typed = _typed(schema.get('type', 'string'), value)
    except (TypeError, ValueError):
        return f'must be of type {schema.get("type")}'

    for constraint in schema.get('constraints') or ():
        for kind, rule in constraint.items():
            problem = _broken(kind, rule, typed)
            if problem:
                described = constraint.get('description')

                return f'{problem} ({described})' if described else problem

    return None


def _typed(kind: str, value: Any) -> Any:
    """The value as Heat takes it; ValueError or TypeError if it cannot."""
    match kind:
        case 'number':
            return float(value)
        case 'boolean':
            if str(value).lower() not in _BOOLEANS:
                raise ValueError
        case 'json':
            content = json.loads(value) if isinstance(value, str) else value
            if not isinstance(content, dict | list):
                raise ValueError

            return content
        case 'comma_delimited_list':
            if isinstance(value, dict):
                raise ValueError

            return ([part.strip() for part in value.split(',')]
                    if isinstance(value, str) else value)
        case 'string':
            if isinstance(value, dict | list):
                raise ValueError

            return str(value)

    return value


def _broken(kind: str, rule: Any, value: Any) -> str | None:
    match kind:
        case 'allowed_values':
            items = value if isinstance(value, list) else [value]
            like = float if isinstance(value, float) else str
            allowed = [like(entry) for entry in rule]
            if any(like(item) not in allowed for item in items):
                return f'must be one of {", ".join(map(str, rule))}'
        case 'range':
            return _outside(rule, value, 'must be')
        case 'length':
            return _outside(rule, len(value), 'must have a length of')
        case 'allowed_pattern':
            if not re.fullmatch(rule, value):
                return f'must match {rule}'

    return None


def _outside(rule: Mapping[str, Any], value: float, words: str
             ) -> str | None:
    if 'min' in rule and value < float(rule['min']):
        return f'{words} at least {rule["min"]}'

    if 'max' in rule and value > float(rule['max']):
        return f'{words} at most {rule["max"]}'

    return None
