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

"""The ends of an operation: guard before it, and close behind it."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions as keystone_exceptions

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import availability
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import preview as rollout_preview
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import survey as rollout_survey

Grant = Callable[[float], dict[str, Any]]

#: Seconds after which an operation that has not ended is expired.
DEADLINE_SECONDS = 24 * 3600
#: How much longer than the operation its trust lasts.
TRUST_SECONDS = 3600


def guard(clients: service_clients.Clients, wanted: lock.Holder, plan: str,
          digest: str, grant: Grant,
          deadline_seconds: int = DEADLINE_SECONDS,
          window: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Open an operation, or go on with it, and compile its graph.

    :param wanted: who wants the lock; where its root execution holds the
        lock already, what is stored there counts.
    :param digest: of the document to run, as :func:`preview` returned it.
    :param grant: finds or makes a trust that lasts some seconds; returns
        its id as ``trust``, and whether it was ``made`` for the operation.
    :param deadline_seconds: after which an operation that has not ended is
        expired, counted from its opening.
    :param window: the maintenance window that it is opened with, as
        :func:`tripleo_workflows.operation.window.window` gives it.
    :returns: ``operation`` (what all tasks are given) and ``graph`` (the
        name of the compiled workflow).
    :raises OperationInProgress: somebody else holds the plan.
    :raises DocumentOutdated: the cloud is not what was previewed.
    """
    record = operation_record.Record(clients.swift, plan)
    document = record.document(digest)
    fence, holder = lifetime.enter(clients, plan, dataclasses.replace(
        wanted, verb=document['verb']))
    rollout_survey.require_answers(record, holder, fence, document)
    opened = lifetime.opened_with(record, holder.operation)
    _require_unchanged(clients, record, document, digest,
                       going_on=opened is not None)

    if opened is None:
        opened = {**dataclasses.asdict(holder), 'digest': digest,
                  'verb': document['verb'], 'fence': fence,
                  'begun': round(time.time(), 3),
                  'deadline': round(time.time()) + deadline_seconds,
                  **(window or {})}
        record.put(f'{holder.operation}/operation.json', opened)
    elif opened['digest'] != digest:
        raise exceptions.DocumentOutdated(
            f'The operation runs another document, {opened["digest"]}.',
            'Give that digest, or end the operation first.', plan=plan,
            operation=holder.operation)

    operation = operation_record.Operation(
        holder.operation, plan, fence, opened['fence'], digest,
        _trust(record, holder, fence, opened['deadline'], grant),
        holder.root)
    record.carry_over(fence, document['services'])
    delivery.prepare_container(clients.swift, record.container)
    name = graph.workflow_name(operation)

    compiled = graph.compile_workflows(
        document, name, opened.get('concurrency', graph.AT_ONCE))

    for part, text in compiled.items():
        _store_workflow(clients, part, text)

    return {'operation': dataclasses.asdict(operation), 'graph': name}


def _trust(record: operation_record.Record, holder: lock.Holder, fence: int,
           deadline: float, grant: Grant) -> str:
    # A guard that is rerun finds what it made; who goes on makes a new one.
    name = f'{holder.operation}/{fence}/opened.json'
    made = record.get(name)

    if made is None:
        made = grant(deadline - time.time() + TRUST_SECONDS)
        record.put(name, made)

    return str(made['trust'])


def _require_unchanged(clients: service_clients.Clients,
                       record: operation_record.Record,
                       document: rollout_document.Document, digest: str,
                       going_on: bool) -> None:
    plan = record.plan
    now = rollout_preview.compute_again(clients, record, document)

    # What is done already has left the computation; nothing may have come
    # into it.
    unchanged = (_wanted(now) <= _wanted(document) if going_on
                 else revision.digest(now) == digest)

    if not unchanged:
        raise exceptions.DocumentOutdated(
            'The stack or the record has changed since this rollout was '
            'computed.', 'Start tripleo.upgrade.v1.preview again and run the '
            'digest that it returns.', plan=plan, digest=digest)


def _wanted(document: rollout_document.Document
            ) -> set[tuple[str, str, str]]:
    rolled = {(service, name, node['wanted'])
              for service, entry in document['services'].items()
              for name, node in entry['nodes'].items()}

    return rolled | {(service, name, difference.LEFT)
                     for service, entry in document['services'].items()
                     for name in entry['leaving']}


def _store_workflow(clients: service_clients.Clients, name: str, text: str
                    ) -> None:
    # python-mistralclient cannot ask to skip the validation, which costs
    # up to 0.6 s per task; the graph comes out of our own compiler.
    # A guard that is rerun finds the same graph there.
    with contextlib.suppress(keystone_exceptions.Conflict):
        clients.mistral.workflows.http_client.post(
            '/workflows?skip_validation&scope=private&namespace=', text,
            headers={'content-type': 'text/plain'})


def close(clients: service_clients.Clients,
          operation: operation_record.Operation) -> dict[str, Any]:
    """Compare the record with the document and end the operation.

    :returns: ``services`` and ``nodes`` that were rolled, ``seconds``, and
        ``exceptions``: by service, the nodes that it went on without, and
        ``availability``, what each prober has seen so far.
    :raises StepFailed: something of the document was not reached.
    """
    lock.require_fence(clients.mistral, operation.plan, operation.fence)
    record = operation_record.Record(clients.swift, operation.plan)
    document = record.document(operation.digest)
    opened: Mapping[str, Any] = record.get(
        f'{operation.id}/operation.json') or {}
    exempt = {service: sorted({*entry['skipped'], *_require_reached(
        record, operation, document, service)})
        for service, entry in document['services'].items()}
    summary = {'operation': operation.id, 'plan': operation.plan,
               'services': len(document['services']),
               'nodes': len(rollout_document.touched(document)),
               'exceptions': {service: names for service, names
                              in exempt.items() if names},
               'seconds': round(time.time() - opened['begun'], 1),
               'availability': availability.verdicts(record, operation.id)}
    _, holder = lock.current(clients.mistral, operation.plan)
    lifetime.close(clients, record, dict(opened), 'finished',
                   holder.person if holder else '', summary=summary)

    return summary


def _require_reached(record: operation_record.Record,
                     operation: operation_record.Operation,
                     document: Mapping[str, Any], service: str) -> set[str]:
    entry = document['services'][service]
    state = record.state(operation.fence, service)
    without = {*states.failed_in(state, operation.id)}
    where: dict[str, object] = {'plan': operation.plan, 'service': service}

    missing = states.open_nodes(document, service, state, without)

    if missing:
        raise exceptions.StepFailed(
            'The node is not recorded with the revision that the document '
            'wants.', 'Start tripleo.operation.v1.resume.', **where,
            node=missing[0])

    left = sorted({*entry['leaving']} & {*state.get('nodes', {})} - without)
    ends = entry['steps'][lifecycle_format.FINISH]

    if left or (ends and state.get('phase') != difference.FINISHED):
        raise exceptions.StepFailed(
            'The service is not recorded as finished.',
            'Start tripleo.operation.v1.resume.', **where,
            node=', '.join(left))

    return without


def failure(clients: service_clients.Clients,
            operation: operation_record.Operation) -> exceptions.StepFailed:
    """Why a rollout could not be carried out, from its record."""
    record = operation_record.Record(clients.swift, operation.plan)
    document = record.document(operation.digest)
    errors = [entry['error']
              for service in document['services']
              for unit in _units(document, service)
              for entry in record.batch(operation, service, unit).values()
              if 'error' in entry]

    if errors:
        return exceptions.StepFailed(' '.join(errors))

    return exceptions.StepFailed(
        'The rollout stopped without a recorded failure: an action or its '
        'worker was lost, or somebody cancelled an execution.',
        'Start tripleo.operation.v1.resume to go on.', plan=operation.plan)


def _units(document: Mapping[str, Any], service: str) -> list[str]:
    """All units of a service that the document has, in their order."""
    entry = document['services'][service]

    return [unit for phase in difference.phases_of(entry) for unit in (
        map(str, range(1, len(entry['batches']) + 1))
        if phase == lifecycle_format.ROLL else [phase])]
