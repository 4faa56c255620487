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

"""Rules about expressions and values."""

import re
from collections.abc import Iterator

from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.lint import expressions
from tripleo_workflows.pack.lint import rules

_SECRET_NAME = re.compile(
    r'(passw(or)?d|passphrase|secret|token|(api|private)_?key)s?$', re.I)
_SECRET_TEXT = re.compile(
    r'-----BEGIN [A-Z ]*PRIVATE KEY-----|\w+://[^\s/:@]*:[^\s/@<]+@')

_PUBLISHING = ('publish', 'publish-on-error', 'publish-on-skip')
#: What Mistral itself adds to the context.
_BUILT_IN = ('__env', '__execution', '__task_execution', 'openstack')


@rules.of_files
def split_expression(file: definitions.Definitions) -> rules.Found:
    """An expression is not closed, as where an inline map cuts it.

    ``{a: <% $.get(b, c) %>}`` has the value ``<% $.get(b`` and one more key:
    YAML splits inline maps and lists at their commas. Write them in lines of
    their own.
    """
    for place, text in definitions.strings(file.content):
        if len(re.findall('<%', text)) != len(re.findall('%>', text)):
            yield place, f'{text.strip()!r} opens or closes an expression '\
                         f'only.'


@rules.of_workflows
def expression_syntax(subject: rules.Subject) -> rules.Found:
    """An expression does not parse, or is none as it spans lines."""
    for expression in subject.expressions:
        if expression.error:
            yield expression.place, (
                f'{expression.text}: {expression.error}.')

    for place, text in definitions.strings(subject.workflow.content):
        if '<%' in expressions.YAQL.sub('', text):
            yield place, ('Mistral takes an expression that spans lines as '
                          'plain text; fold it with >-.')


@rules.of_workflows
def jinja(subject: rules.Subject) -> rules.Found:
    """An expression in Jinja, which hardened sites have disabled.

    Write it in YAQL, between ``<%`` and ``%>``.
    """
    for place, text in definitions.strings(subject.workflow.content):
        if expressions.JINJA.search(text):
            yield place, f'{text.strip()!r} is Jinja; write it in YAQL.'


@rules.of_workflows
def undefined_variable(subject: rules.Subject) -> rules.Found:
    """An expression reads a variable that nothing defines or publishes."""
    defined = {*subject.workflow.inputs, *_BUILT_IN,
               *subject.workflow.content.get('vars', ()),
               *_published(subject.workflow)}

    for spec in subject.workflow.spec.get_tasks():
        defined |= spec.get_with_items().keys()

    for expression in subject.expressions:
        for name in sorted(expression.variables - defined):
            yield expression.place, (
                f'{expression.text} reads {name}, which is no input and '
                f'never published.')


@rules.of_workflows
def secret_literal(subject: rules.Subject) -> rules.Found:
    """A value is a secret, for all to read who may read the workflow.

    Let an action fetch it where it is kept.
    """
    for place, text in definitions.strings(subject.workflow.content):
        named = any(isinstance(key, str) and _SECRET_NAME.search(key)
                    for key in place[-2:])

        if _SECRET_TEXT.search(text) or (
                named and text and not expressions.YAQL.search(text)):
            # The value itself goes nowhere.
            yield place, f'The value of {place[-1]} looks like a secret.'


def _published(workflow: definitions.Workflow) -> Iterator[str]:
    """Names of all variables that some task publishes."""
    for task in (*workflow.tasks.values(),
                 workflow.content.get('task-defaults', {})):
        for key in _PUBLISHING:
            yield from task.get(key, ())

        for clause in definitions.CLAUSES:
            followed = task.get(clause)

            if isinstance(followed, dict):
                for names in followed.get('publish', {}).values():
                    yield from names
