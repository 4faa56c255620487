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

"""Asking all nodes before anything is computed or begun."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import survey as node_survey
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import correction
from tripleo_workflows.rollout import document as rollout_document


def look(clients: service_clients.Clients, wanted: lock.Holder, plan: str,
         digest: str = '', known_only: bool = False,
         timeout: int = node_survey.TIMEOUT) -> dict[str, Any]:
    """Survey the nodes of a plan, some seconds long, and learn from them.

    It takes the plan's lock, or keeps it, with a number above all that the
    nodes have seen, and corrects the record where they know more.

    :param digest: of the document that is to be run; empty: of none. Only
        nodes on which it has something to do are waited for then.
    :param known_only: wait for the nodes only that the record knows. Others
        may not have got their agents yet.
    :param timeout: seconds that nodes have to answer.
    :returns: ``done``; then ``answered`` and ``nodes`` (how many),
        ``silent`` (those that were waited for in vain) and ``corrected``
        (nodes by service).
    :raises OperationInProgress: somebody else holds the plan.
    """
    record = operation_record.Record(clients.swift, plan)
    document = record.document(digest) if digest else None

    if document:
        wanted = dataclasses.replace(wanted, verb=document['verb'])

    fence, holder = lifetime.enter(clients, plan, wanted)
    required = (_needed(document, decisions.read(record, holder.operation))
                if document else _known(record.states(fence)) if known_only
                else None)
    survey = node_survey.Survey(clients, record.container, plan,
                                f'{holder.root}-{fence}', timeout, required)

    if not survey.advance():
        return {'done': False}

    rows = survey.rows()
    floor = correction.highest_fence(rows, holder.operation)

    if floor >= fence:
        fence, holder = lifetime.enter(clients, plan, wanted, floor)

    answered = {row['node'] for row in rows if row['answered']}
    silent = {row['node'] for row in rows
              if required is None or row['node'] in required} - answered
    found = {'done': True, 'answered': len(answered), 'nodes': len(rows),
             'silent': sorted(silent),
             'corrected': correction.correct(record, fence, holder.operation,
                                             rows)}

    if digest:
        record.put(_name(holder, fence), found)

    return found


def _known(services: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {node for service in services.values()
            for node in service.get('nodes', {})}


def require_answers(record: operation_record.Record, holder: lock.Holder,
                    fence: int, document: Mapping[str, Any]) -> None:
    """Make sure that a document's nodes have answered under a fence.

    :raises DeadlineExceeded: a node did not answer.
    """
    found = record.get(_name(holder, fence))

    if found is None:
        raise exceptions.Conflict(
            'The nodes were not surveyed under this lock.',
            'Start tripleo.upgrade.v1.run, which does so.',
            plan=record.plan, fence=fence)

    decided = decisions.read(record, holder.operation)
    silent = sorted(_needed(document, decided) & {*found['silent']})

    if silent:
        raise exceptions.DeadlineExceeded(
            f'{len(silent)} nodes of the rollout do not answer: '
            f'{", ".join(silent[:10])}.',
            'Look at them and at os-collect-config there, then start the '
            'workflow again.', plan=record.plan)


def _needed(document: Mapping[str, Any], decided: decisions.Decisions
            ) -> set[str]:
    """The nodes on which a service still has something to do."""
    return {name for service in document['services']
            for name in rollout_document.concerned(document, service)
            if name not in decided.skipped(service)}


def _name(holder: lock.Holder, fence: int) -> str:
    return f'{holder.operation}/{fence}/survey.json'
