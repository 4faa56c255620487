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

"""Stopping what still runs on nodes when an operation is aborted."""

import time
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: How long one call may take; an action answers within 25 s.
SLICE_SECONDS = 15.0
POLL_SECONDS = 0.5
#: How long nodes have to answer, by default.
TIMEOUT_SECONDS = 60
#: The units of a service that no node's state tells about.
AROUND = ('prepare', 'finish')


def stop(clients: service_clients.Clients,
         operation: operation_record.Operation,
         timeout: int = TIMEOUT_SECONDS) -> dict[str, Any]:
    """Stop the payloads of an operation on the nodes that may run one.

    From then on these nodes refuse what a worker under an older lock sends.

    It is called again until it is done; what was sent is remembered in the
    record, as ``<operation>/<n>/stopping.json``.

    :param timeout: seconds that nodes have to answer.
    :returns: ``done``; then ``stopped``, the nodes on which something was
        stopped, and ``silent``, those that did not answer.
    :raises FenceLost: somebody has taken the operation over.
    """
    lock.require_fence(clients.mistral, operation.plan, operation.fence)
    record = operation_record.Record(clients.swift, operation.plan)
    name = f'{operation.id}/{operation.fence}/stopping.json'
    known = record.get(name)
    # The number of the lock: another abort asks the nodes anew.
    step = delivery.Step(
        plan=operation.plan, operation=operation.id, service='operation',
        batch='0', step='abort', fence=operation.fence, kind='abort',
        attempt=operation.fence, timeout=timeout)

    if known is None:
        targets = _targets(record, operation)

        if not targets:
            return {'done': True, 'stopped': [], 'silent': []}

        dispatcher = delivery.Dispatcher(clients, record.container)
        known = {'until': time.time() + timeout,
                 'nodes': sorted(target.name for target in targets),
                 'sent': list(dispatcher.send(step, targets).values())}
        record.put(name, known)
    else:
        dispatcher = delivery.Dispatcher(clients, record.container)

    until = min(time.time() + SLICE_SECONDS, known['until'])

    while True:
        answers = dispatcher.answers(step, known['nodes'])
        all_known = len(answers) == len(known['nodes'])

        if all_known or time.time() > until:
            break

        time.sleep(POLL_SECONDS)

    if not all_known and time.time() < known['until']:
        return {'done': False}

    dispatcher.clean(step.prefix, known['sent'])

    return {'done': True,
            'stopped': sorted(node for node, answer in answers.items()
                              if answer.get('stopped')),
            'silent': sorted(set(known['nodes']) - set(answers))}


def _targets(record: operation_record.Record,
             operation: operation_record.Operation
             ) -> list[delivery.Target]:
    """The nodes that may run something."""
    document = record.document(operation.digest)
    names = {name for service, entry in document['services'].items()
             for name in (*_rolling(record, operation, service, entry),
                          *_asked(record, operation, service))}

    return [delivery.Target(name, document['nodes'][name]['server_id'])
            for name in sorted(names)]


def _rolling(record: operation_record.Record,
             operation: operation_record.Operation, service: str,
             entry: Mapping[str, Any]) -> Iterator[str]:
    """The nodes in the middle of a batch, or of their leave.

    A node's state says so before anything is sent to it; so what a worker
    has sent, and had no time to record, is stopped as well.
    """
    states = record.state(operation.fence, service).get('nodes', {})

    for name, known in states.items():
        wanted = entry['nodes'].get(name, {}).get('wanted')

        if known.get('fence', 0) >= operation.first and (
                known.get('revision') != wanted) and (
                name in entry['nodes'] or name in entry['leaving']):
            yield name


def _asked(record: operation_record.Record,
           operation: operation_record.Operation, service: str
           ) -> Iterator[str]:
    """The nodes that were sent a step before the batches, or after them."""
    for unit in AROUND:
        for step in record.batch(operation, service, unit).values():
            for name, node in step['nodes'].items():
                if node['status'] == 'sent':
                    yield name
