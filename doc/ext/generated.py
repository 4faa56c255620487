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

"""Reference pages that are made from the code they describe."""

import importlib
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tripleo_workflows.pack.lint import checker
from tripleo_workflows.pack.lint import rules


class LintRules(SphinxDirective):
    """The rules that the modules of lint hold, in their order."""

    def run(self) -> list[nodes.Node]:
        lines = []

        for module in checker.MODULES:
            for rule in rules.ALL.values():
                if rule.check.__module__ == module.__name__:
                    lines.append(f'``{rule.name}``')
                    lines.extend(f'    {line}' for line
                                 in rule.description.splitlines())

        return self.parse_text_to_nodes('\n'.join(lines))


class SchemaFields(SphinxDirective):
    """The fields of a JSON schema: ``.. schema-fields:: MODULE NAME``.

    Fields of fields are indented; a list of alternatives shows its first
    that has fields.
    """

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        schema = getattr(importlib.import_module(self.arguments[0]),
                         self.arguments[1])

        return self.parse_text_to_nodes('\n'.join(_fields(schema, '')))


def _fields(schema: dict[str, Any], indent: str) -> Iterator[str]:
    required = schema.get('required', [])

    for name, field in schema.get('properties', {}).items():
        must = ', required' if name in required else ''
        yield f'{indent}``{name}`` ({_kind(field)}{must})'
        yield f'{indent}    {field.get("description", "")}'.rstrip()
        yield ''
        yield from _below(field, f'{indent}    ')


def _below(field: dict[str, Any], indent: str) -> Iterator[str]:
    inner = next((each for each in (
        field, field.get('items', {}), field.get('additionalProperties'))
        if isinstance(each, dict) and 'properties' in each), None)

    # Steps are all alike, and told once, beside the page's table.
    if inner is not None and 'script' not in inner['properties']:
        yield from _fields(inner, indent)


def _kind(field: dict[str, Any]) -> str:
    if 'enum' in field:
        return ' or '.join(f'``{value}``' for value in field['enum'])

    if 'type' not in field:
        return ' or '.join(dict.fromkeys(
            _kind(each) for each in field.get('oneOf', field.get(
                'anyOf', [])))) or 'anything'

    kinds = [field['type']] if isinstance(field['type'], str) else field[
        'type']
    words = {'object': 'map', 'array': 'list', 'string': 'text',
             'integer': 'number', 'boolean': 'true or false'}

    return ' or '.join(dict.fromkeys(words.get(kind, kind)
                                     for kind in kinds))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive('lint-rules', LintRules)
    app.add_directive('schema-fields', SchemaFields)

    return {'parallel_read_safe': True}
