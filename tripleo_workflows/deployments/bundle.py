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

"""The program that travels to nodes, made one text with its request."""

import base64
import functools
import importlib.resources
import io
import json
import tokenize
import zlib
from collections.abc import Mapping
from typing import Any

#: Modules of :mod:`tripleo_workflows.deployments.node`, each after what it
#: imports.
MODULES = ('history', 'journal', 'attempts', 'output', 'playbook', 'payload',
           'survey', 'transfer', 'runner')

#: What may stand before a docstring.
_BEGINNINGS = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)

TEMPLATE = """\
#!/usr/bin/env python3
# A step that tripleo-workflows sends to this node. REQUEST says what it is.
# PROGRAM is tripleo_workflows/deployments/node/ without comments, compressed;
# run this file with the argument "source" to read it. What was done here is
# in /var/lib/tripleo-workflows/journal.jsonl.
import base64, json, sys, types, zlib

REQUEST = json.loads({request!r})
PROGRAM = {program!r}
NAME = {package!r}

sources = json.loads(zlib.decompress(base64.b64decode(PROGRAM)))

if sys.argv[1:] == ['source']:
    print('\\n\\n'.join(sources.values()))
    sys.exit()

parts = NAME.split('.')
for name in ['.'.join(parts[:end + 1]) for end in range(len(parts))]:
    sys.modules[name] = types.ModuleType(name)

package = sys.modules[NAME]
for name, source in sources.items():
    module = types.ModuleType(NAME + '.' + name)
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, '<' + module.__name__ + '>', 'exec'),
         module.__dict__)

package.runner.main(REQUEST)
"""


def runner_text(request: Mapping[str, Any]) -> str:
    """The runner with a request inside it: the text of a script config.

    :param request: ``key`` (``plan``, ``operation``, ``service``, ``batch``,
        ``step``, ``node``, ``attempt``), ``fence``, ``kind`` (``script``,
        ``playbook``, ``survey`` or ``abort``), ``payload``, ``timeout``
        (seconds), ``idempotent``, ``environment``, ``secrets_url``,
        ``lifetime`` (seconds), ``accepted_url``, ``result_url``,
        ``output_url``, ``separate`` and ``completes``; without ``payload``
        where there is none to run.
    """
    return TEMPLATE.format(
        request=json.dumps(request, separators=(',', ':')),
        program=_program(), package=f'{__package__}.node')


@functools.cache
def _program() -> str:
    """The modules' sources, as small as they get."""
    directory = importlib.resources.files(f'{__package__}.node')
    sources = {name: _bare((directory / f'{name}.py').read_text())
               for name in MODULES}

    return base64.b64encode(
        zlib.compress(json.dumps(sources).encode(), 9)).decode()


def _bare(source: str) -> str:
    """A module's source without comments, docstrings and empty lines.

    Its syntax tree would do, but in Python 3.11 threads that make one at the
    same time break each other's (CPython gh-106905), and not all are ours.
    """
    lines = source.splitlines()
    dropped: set[int] = set()
    before = tokenize.NEWLINE

    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        (row, column), (last, _) = token.start, token.end
        number = row - 1

        if token.type == tokenize.COMMENT:
            lines[number] = lines[number][:column].rstrip()
        elif token.type == tokenize.NL:
            if not lines[number].strip():
                dropped.add(number)
        else:
            if token.type == tokenize.STRING and before in _BEGINNINGS:
                # A body may have nothing else.
                lines[number] = lines[number][:column] + "''"
                dropped.update(range(row, last))

            before = token.type

    return '\n'.join(line for number, line in enumerate(lines)
                     if number not in dropped)
