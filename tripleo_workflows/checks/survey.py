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

"""A survey's rows as results of a check."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.checks import contract

NAME = 'node.survey'


def results(rows: Iterable[Mapping[str, Any]]) -> list[contract.CheckResult]:
    """One result a node, the worst first.

    :param rows: of ``deployments.survey.with_drift``. A node that does not
        answer, answers for another server or belongs to another plan is a
        failure, other drift a warning: an operation corrects the record.
    """
    found = [_result(row) for row in rows]

    return sorted(found, key=lambda result: -result.result)


def _result(row: Mapping[str, Any]) -> contract.CheckResult:
    code, remedy = _code_and_remedy(row)

    return contract.CheckResult(
        name=NAME, result=code, details=' '.join(row['drift']),
        remedy=remedy, seconds=row['seconds'] or 0.0, node=row['node'])


def _code_and_remedy(row: Mapping[str, Any]) -> tuple[contract.Code, str]:
    if not row['answered']:
        return contract.Code.FAILURE, (
            'Look at the node and at os-collect-config on it, or take the '
            'node out of the plan.')

    if row['foreign']:
        return contract.Code.FAILURE, (
            'Enroll the node anew, with an empty directory of the runner, '
            'if it is meant to be in this plan.')

    if row['drift']:
        return contract.Code.WARNING, (
            'Nothing is to be done: the next operation corrects the record, '
            'and its preview shows what follows.')

    return contract.Code.SUCCESS, ''
