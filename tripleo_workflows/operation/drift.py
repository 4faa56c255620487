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

"""A survey of a plan's nodes, held against the plan's record."""

from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.checks import survey as survey_check
from tripleo_workflows.deployments import survey as node_survey
from tripleo_workflows.deployments import table
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: Bytes that an answer has for the nodes' rows, and for the checks.
ROWS_BYTES = 36 * 1024
CHECKS_BYTES = 16 * 1024


def survey(clients: service_clients.Clients, plan: str, survey_id: str,
           timeout: int = node_survey.TIMEOUT) -> dict[str, Any]:
    """Ask a plan's nodes for some seconds; compare when all is known.

    :param survey_id: the same for all calls that belong together.
    :returns: ``done`` and, when it is, ``counts``; ``rows``, the nodes that
        drift or do not answer, as many as fit; ``table``, where all rows
        are; ``checks``, the same as results of checks, as many as fit.
    :raises NotFound: the plan has no stack.
    """
    record = operation_record.Record(clients.swift, plan)
    asked = node_survey.Survey(clients, record.container, plan, survey_id,
                               timeout)

    if not asked.advance():
        return {'done': False}

    fence, _ = lock.current(clients.mistral, plan)
    rows = node_survey.with_drift(plan, asked.rows(), record.states(fence),
                                  fence)
    name = f'survey-{survey_id}/table.json'
    asked.keep(name, rows)

    return {
        'done': True, 'counts': table.counts(rows),
        'rows': table.fitting((row for row in rows
                               if row['status'] != 'done'), ROWS_BYTES),
        'table': f'{record.container}/{name}',
        'checks': table.fitting(
            (result.to_dict() for result in survey_check.results(rows)),
            CHECKS_BYTES)}
