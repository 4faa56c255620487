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

"""Checks that run on nodes: what a node is given, and what it answers.

Nothing is sent from here: the rollout delivers the payload, as it delivers
any step, and reads the answer back.
"""

import json
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import schema

#: How long a check may run where it does not say, in seconds.
TIMEOUT = 60
#: Characters of a script's output that its result shows.
DETAILS_CHARACTERS = 1000

# The answer is one line of JSON. What else the command writes comes before
# it, because a shell keeps the line until the command has ended.
_UPGRADE_CHECK = """\
#!/bin/sh
answer=$({command} --json)
code=$?
printf '\\n%s\\n' "$answer"
exit $code
"""

_NO_ANSWER = ('Run it on the node by hand; it must know --json, as commands '
              'made with oslo.upgradecheck do.')
_BROKEN = 'Look at the check, and run it on the node by hand.'

Answer = Mapping[str, Any]


class Payload(NamedTuple):
    """What a node is given.

    :param script: the script's text.
    :param inputs: variables of its environment.
    :param timeout: its time limit, in seconds.
    """

    script: str
    inputs: dict[str, Any]
    timeout: int


def payload(check: Mapping[str, Any]) -> Payload:
    """What a node is given to carry a check out.

    :param check: a well-formed check of one of ``schema.RUN_ON_NODES``.
    """
    options = check[schema.kind_of(check)]
    timeout = options.get('timeout', TIMEOUT)

    if 'upgrade_check' in check:
        return Payload(_UPGRADE_CHECK.format(command=options['command']), {},
                       timeout)

    return Payload(options['script'], dict(options.get('inputs', {})),
                   timeout)


def results(check: Mapping[str, Any], answer: Answer,
            node: str) -> list[contract.CheckResult]:
    """What a node's answer says.

    An upgrade check gives a result for each check of the command, called
    ``<the check's name>: <the command's>``; its own name alone is the
    result's where the command could not be run.

    :param answer: the runner's, with ``status``, and where the payload ran
        ``status_code``, ``output`` and ``seconds``.
    """
    if answer.get('status_code') is None or answer.get('timed_out'):
        found = [(check['name'], _of_no_end(answer))]
    elif 'upgrade_check' in check:
        found = list(_of_upgrade_check(check['name'], answer))
    else:
        found = [(check['name'], _of_script(answer))]

    return [contract.CheckResult(
        name, *finding, seconds=answer.get('seconds', 0.0), node=node)
        for name, finding in found]


def _of_no_end(answer: Answer) -> contract.Finding:
    """The finding where the payload did not run, or not to its end."""
    if answer.get('timed_out'):
        return contract.Finding(
            contract.Code.BROKEN,
            f'It did not end within {answer["seconds"]:.0f} s. '
            f'{_tail(answer)}'.strip(),
            'Give it a longer timeout, or see on the node what it waits for.')

    return contract.Finding(
        contract.Code.BROKEN,
        answer.get('error') or f'It was not run: {answer["status"]}.',
        'Look at the node and its agent.')


def _of_script(answer: Answer) -> contract.Finding:
    code = _code(answer)
    details = _tail(answer)

    if code is contract.Code.BROKEN:
        return contract.Finding(
            code, f'It ended with {answer["status_code"]}, which is no '
                  f'result. {details}'.strip(), _BROKEN)

    return contract.Finding(
        code, details, '' if code is contract.Code.SUCCESS else
        'See what the check says; if that is as it must be, waive it.')


def _of_upgrade_check(name: str, answer: Answer
                      ) -> Iterator[tuple[str, contract.Finding]]:
    try:
        rows = json.loads(answer.get('output', '').splitlines()[-1])['checks']
        found = [(f'{name}: {row["check"]}', _of_row(row)) for row in rows]
    except (ValueError, LookupError, TypeError):
        yield name, contract.Finding(
            contract.Code.BROKEN,
            f'The command ended with {answer["status_code"]} and no JSON of '
            f'oslo.upgradecheck. {_tail(answer)}'.strip(), _NO_ANSWER)
        return

    yield from found or [(name, contract.Finding(
        _code(answer), 'The command has no checks.'))]


def _of_row(row: Mapping[str, Any]) -> contract.Finding:
    code = contract.Code(row['result'])

    return contract.Finding(
        code, row['details'] or '', '' if code is contract.Code.SUCCESS else
        "See the release notes of the service's new release.")


def _code(answer: Answer) -> contract.Code:
    try:
        return contract.Code(answer['status_code'])
    except ValueError:
        return contract.Code.BROKEN


def _tail(answer: Answer) -> str:
    return str(answer.get('output', '')).strip()[-DETAILS_CHARACTERS:]
