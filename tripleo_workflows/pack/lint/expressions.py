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

"""Expressions: where they are, whether they parse, what they ask for."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from mistral import exceptions as mistral_exceptions
from mistral.expressions import jinja_expression
from mistral.expressions import yaql_expression
from yaql.language import expressions as yaql_expressions

from tripleo_workflows.pack import definitions

JINJA = re.compile(jinja_expression.ANY_JINJA_REGEXP)
#: Mistral knows an expression only where it stands on one line.
YAQL = re.compile(yaql_expression.INLINE_YAQL_REGEXP)

#: Methods whose arguments are evaluated as they stand; with others, `$` may
#: be an item of a list there.
_PLAIN_METHODS = {'get'}


@dataclasses.dataclass(frozen=True)
class Expression:
    """An expression; ``error`` says why there is no ``tree``."""

    place: definitions.Place
    text: str
    tree: Any
    error: str

    @property
    def variables(self) -> set[str]:
        """Names that it reads as ``$.name``, where ``$`` is the context."""
        return set(_variables(self.tree))

    @property
    def tasks(self) -> set[str]:
        """Names of other tasks that it reads as ``task(name)``."""
        return {str(node.args[0].value) for node in _nodes(self.tree)
                if _is_call(node, 'task') and node.args
                and isinstance(node.args[0], yaql_expressions.Constant)}


def of(content: Any) -> Iterator[Expression]:
    """The YAQL expressions of a workflow; descriptions have none."""
    for place, text in definitions.strings(content):
        if place[-1] != 'description' or 'input' in place:
            for found in YAQL.findall(text):
                yield _parsed(place, found)


def _parsed(place: definitions.Place, text: str) -> Expression:
    engine = yaql_expression.get_yaql_engine_class()
    inner = text.strip('<%>')

    try:
        yaql_expression.YAQLEvaluator.validate(inner)
    except mistral_exceptions.YaqlGrammarException as error:
        return Expression(place, text, None, str(error))

    return Expression(place, text, engine(inner), '')


def _children(node: Any) -> tuple[Any, ...]:
    if isinstance(node, yaql_expressions.Function):
        return tuple(node.args)

    if isinstance(node, yaql_expressions.Wrap):
        return (node.expr,)

    if isinstance(node, yaql_expressions.MappingRuleExpression):
        return (node.source, node.destination)

    return ()


def _nodes(node: Any) -> Iterator[Any]:
    yield node

    for child in _children(node):
        yield from _nodes(child)


def _is_call(node: Any, name: str) -> bool:
    return isinstance(node, yaql_expressions.Function) and node.name == name


def _is_access(node: Any) -> bool:
    return _is_call(node, '#operator_.') or _is_call(node, '#operator_?.')


def _variables(node: Any) -> Iterator[str]:
    if not _is_access(node):
        for child in _children(node):
            yield from _variables(child)

        return

    receiver, member = node.args

    if (isinstance(receiver, yaql_expressions.GetContextValue)
            and isinstance(member, yaql_expressions.KeywordConstant)):
        if receiver.path.value in ('$', '$1'):
            yield str(member.value)

    yield from _variables(receiver)

    if (isinstance(member, yaql_expressions.Function)
            and member.name in _PLAIN_METHODS):
        yield from _variables(member)
