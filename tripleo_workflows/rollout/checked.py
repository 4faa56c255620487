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

"""A step of a batch that is a list of checks, asked from the undercloud."""

import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import runner as check_runner
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import lifecycle as lifecycle_format

POLL_SECONDS = 0.4

Entry = dict[str, Any]


def carry_out(step: str, lifecycles: Mapping[str, Mapping[str, Any]],
              nodes: Mapping[str, Mapping[str, Any]], entry: Entry,
              until: float, where: Mapping[str, object]) -> None:
    """Ask until all checks pass, or the slice or the checks' time is over.

    :param lifecycles: of the service, by role.
    :param nodes: of the batch that have the step, by name.
    :param entry: of the step in the record; changed in place.
    :param until: epoch seconds.
    :param where: plan, service, batch and step, for the error's text.
    :raises StepFailed: a check did not pass within ``check_timeout``.
    """
    first = lifecycles[next(iter(nodes.values()))['role']]
    timeout = first['policy']['check_timeout']

    while True:
        results = (check_runner.run_all(first['gate'], {})
                   if step == lifecycle_format.GATE
                   else _ask_nodes(lifecycles, nodes))
        bad = [result for result in results
               if result.result >= contract.Code.FAILURE]
        failed = {result.node for result in bad}
        entry['checks'] = [result.to_dict() for result in results]
        entry['nodes'] = {
            name: {'status': 'sent' if {name, ''} & failed else 'done',
                   'seconds': round(time.time() - entry['begun'], 3)}
            for name in nodes}

        if not bad:
            return

        if time.time() > entry['begun'] + timeout:
            worst = bad[0]

            raise exceptions.StepFailed(
                f'Check {worst.name} did not pass within {timeout} s: '
                f'{worst.details}', worst.remedy,
                **{**where, 'node': worst.node})

        if time.time() > until:
            return

        time.sleep(POLL_SECONDS)


def _ask_nodes(lifecycles: Mapping[str, Mapping[str, Any]],
               nodes: Mapping[str, Mapping[str, Any]]
               ) -> list[contract.CheckResult]:
    return [result for node in nodes.values()
            for result in check_runner.run_all(
                lifecycles[node['role']]['roll']['verify'],
                rollout_document.facts_of(node))]
