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

"""Run the checks that are asked from here, each by the runner of its kind."""

import concurrent.futures
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import http
from tripleo_workflows.checks import schema
from tripleo_workflows.checks import tcp
from tripleo_workflows.checks import variables
from tripleo_workflows.deployments import table

Runner = Callable[[Mapping[str, Any], Mapping[str, str]], contract.Finding]

#: By kind of the checks, what asks them.
RUNNERS: dict[str, Runner] = {'http': http.ask, 'tcp': tcp.ask}
#: How many checks are asked at once.
AT_ONCE = 64
#: Bytes of results in an answer, which goes through Mistral.
RESULTS_BYTES = 32 * 1024


def run_all(checks: Sequence[Mapping[str, Any]],
            facts: Mapping[str, str]) -> list[contract.CheckResult]:
    """Carry out checks that are asked from here, some of them at once.

    :param checks: each ``{name: …, <kind>: {…}}``.
    :param facts: values of the variables that checks may use;
        ``NODE_NAME`` names the node that the results are about.
    :returns: one result per check, in their order.
    :raises InvalidInput: a check is not well-formed, or runs on nodes; none
        was carried out.
    """
    for check in checks:
        _require(check)

    if not checks:
        return []

    # One that waits for its time limit does not keep the others waiting.
    with concurrent.futures.ThreadPoolExecutor(
            min(len(checks), AT_ONCE), 'check') as pool:
        return list(pool.map(lambda check: _run(check, facts), checks))


def summary(results: Iterable[contract.CheckResult]) -> dict[str, Any]:
    """Results in a form that an execution may carry.

    :returns: ``passed`` (whether none is a failure), ``result`` (the worst
        code), ``results`` (as many as fit, the worst first) and ``left_out``
        (how many did not).
    """
    ordered = sorted(results, key=lambda result: -result.result)
    kept = table.fitting((result.to_dict() for result in ordered),
                         RESULTS_BYTES)

    return {'passed': not any(result.is_failure for result in ordered),
            'result': int(ordered[0].result) if ordered else 0,
            'results': kept, 'left_out': len(ordered) - len(kept)}


def is_asked_from_here(check: Mapping[str, Any]) -> bool:
    """Whether a well-formed check needs no node to run on."""
    return schema.kind_of(check) in RUNNERS


def _require(check: Mapping[str, Any]) -> None:
    schema.require(check)

    if not is_asked_from_here(check):
        raise exceptions.InvalidInput(
            f'A check of kind {schema.kind_of(check)} runs on nodes.',
            f'From here, use one of {", ".join(RUNNERS)}.',
            check=check['name'])


def _run(check: Mapping[str, Any],
         facts: Mapping[str, str]) -> contract.CheckResult:
    kind = schema.kind_of(check)
    started = time.monotonic()

    try:
        found = RUNNERS[kind](check[kind], facts)
    except variables.Unfilled as error:
        found = contract.Finding(contract.Code.BROKEN, error.details,
                                 error.remedy)

    return contract.CheckResult(
        check['name'], *found, seconds=time.monotonic() - started,
        node=facts.get('NODE_NAME', ''))
