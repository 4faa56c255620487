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

"""Run checks of any kind, each by the runner of its kind."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import http

Runner = Callable[[Mapping[str, Any], Mapping[str, str]],
                  contract.CheckResult]

#: The kinds of checks; a check has one of these keys beside its name.
RUNNERS: dict[str, Runner] = {'http': http.run}


def run_all(checks: Sequence[Mapping[str, Any]],
            facts: Mapping[str, str]) -> list[contract.CheckResult]:
    """Carry out checks one after the other, all of them.

    :param checks: each ``{name: …, <kind>: {…}}``.
    :param facts: values of the variables that checks may use.
    :returns: one result per check, in their order.
    :raises InvalidInput: a check is not well-formed; none was carried out.
    """
    chosen = [(_runner(check), check) for check in checks]

    return [runner(check, facts) for runner, check in chosen]


def _runner(check: Mapping[str, Any]) -> Runner:
    kinds = sorted(set(check) - {'name'})

    if len(kinds) != 1 or kinds[0] not in RUNNERS:
        raise exceptions.InvalidInput(
            f'A check must have one kind, this has '
            f'{", ".join(kinds) or "none"}.',
            f'Use one of {", ".join(sorted(RUNNERS))}.',
            check=check.get('name'))

    return RUNNERS[kinds[0]]
