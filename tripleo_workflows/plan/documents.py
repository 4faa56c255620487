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

"""YAML documents of a plan, read and checked against a JSON schema."""

from collections.abc import Mapping
from typing import Any

import jsonschema
import yaml

from tripleo_workflows import exceptions

Schema = Mapping[str, Any]

_TYPES = {'object': 'map', 'array': 'list'}


def parse(name: str, text: str) -> Any:
    """Read the text of one YAML file.

    :param name: the file's name, for the error.
    :raises InvalidInput: it is not YAML; names the file and the line.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        place = f' line {line}' if line else ''

        raise exceptions.InvalidInput(
            f'{name}{place} is not valid YAML: {error.problem}.',
            'Correct the file and upload the plan again.',
            file=name, line=line) from None
    except yaml.YAMLError as error:
        raise exceptions.InvalidInput(
            f'{name} is not valid YAML: {error}.',
            'Correct the file and upload the plan again.',
            file=name) from None


def check(name: str, document: Any, schema: Schema) -> None:
    """Compare a document with its schema.

    :raises InvalidInput: names the file, the field and what belongs there;
        never the value, which may be a secret.
    """
    validator = jsonschema.Draft202012Validator(schema)
    # Not best_match: it would show a part of a choice instead of the choice.
    error = max(validator.iter_errors(document), default=None,
                key=jsonschema.exceptions.relevance)

    if error is None:
        return

    field = _field(error.absolute_path)
    raise exceptions.InvalidInput(
        f'{name}: {field or "the document"} {_explain(error)}.',
        'Correct the field and upload the plan again.',
        file=name, field=field)


def _field(path: Any) -> str:
    field = ''
    for part in path:
        field += f'[{part}]' if isinstance(part, int) else f'.{part}'

    return field.lstrip('.')


def _explain(error: Any) -> str:
    wanted = error.validator_value

    match error.validator:
        case 'type':
            names = wanted if isinstance(wanted, list) else [wanted]
            names = [_TYPES.get(name, name) for name in names
                     if name != 'null']

            return f'must be of type {" or ".join(names)}'
        case 'required':
            missing = [key for key in wanted if key not in error.instance]

            return f'lacks {", ".join(missing)}'
        case 'additionalProperties':
            known = error.schema.get('properties', {})
            unknown = [str(key) for key in error.instance
                       if key not in known]

            return (f'has no field {", ".join(unknown)}; it knows '
                    f'{", ".join(known)}')
        case 'oneOf' | 'anyOf':
            return str(error.schema.get('description', 'has a wrong form'))
        case 'pattern':
            return f'must match {wanted}'
        case 'minimum':
            return f'must be at least {wanted}'
        case 'minItems':
            return 'must not be empty'

    return f'does not fit the rule {error.validator}: {wanted}'


class _Loader(yaml.CSafeLoader):
    """Refuses what plain YAML accepts in silence: a key given twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in getattr(node, 'value', []):
            key = key_node.value
            if isinstance(key, str) and key != '<<':
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f'the key {key} appears twice',
                        key_node.start_mark)
                seen.add(key)

        return super().construct_mapping(node, deep=deep)
