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

"""Ending a unit: what it has reached is recorded, and cleaned up behind."""

from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import steps
from tripleo_workflows.rollout import stored
from tripleo_workflows.rollout import units

Answer = dict[str, Any]


def finish(clients: service_clients.Clients,
           operation: operation_record.Operation, service: str, name: str,
           seconds: float = steps.SLICE_SECONDS) -> Answer:
    """Record what a unit has reached.

    Nodes that the operation goes on without are stopped before.

    :returns: ``done``, and ``nodes`` that have what was wanted.
    :raises StepFailed: a step of the unit is missing.
    """
    unit = steps.Unit(clients, operation, service, name)

    # A site's own workflow answers for what it did.
    if not (units.is_batch(name) and _workflow(unit)):
        unit.require_done()

    lock.require_fence(clients.mistral, operation.plan, operation.fence)
    fallen = unit.fallen() if units.is_batch(name) or (
        name == units.LEAVE) else {}
    halted = _halt(unit, fallen, seconds) if units.is_batch(name) else []

    if halted is None:
        return {'done': False, 'nodes': []}

    state = unit.record.state(operation.fence, service)
    reached = {node: member for node, member in unit.members.items()
               if node not in fallen}
    _note(unit, state, reached)
    states.fail(state, operation.id, name, fallen, halted)

    if state:
        state['seconds'] = estimate.measured(state.get('seconds', {}),
                                             unit.steps)

    unit.record.put_state(operation.fence, service, state)
    unit.clean()

    return {'done': True, 'nodes': sorted(reached)}


def _workflow(unit: steps.Unit) -> str:
    return str(next(iter(unit.entry['lifecycle'].values()))['workflow'])


def _note(unit: steps.Unit, state: states.State, reached: units.Members
          ) -> None:
    if unit.name == units.LEAVE:
        states.leave(state, reached)
    elif unit.name == units.PREPARE:
        states.prepare(state, unit.entry)
    elif unit.name == units.FINISH:
        states.finish(state, unit.entry)
    else:
        states.reach(state, reached, _stored(unit, reached),
                     unit.operation.fence)
        states.roll_on(state, unit.entry, states.open_nodes(
            unit.document, unit.service, state,
            {*states.failed_in(state, unit.operation.id), *unit.fallen()}))


def _stored(unit: steps.Unit, reached: units.Members) -> dict[str, str]:
    digests: dict[int, str] = {}

    for member in reached.values():
        if id(member.lifecycle) not in digests:
            digests[id(member.lifecycle)] = stored.save(unit.record,
                                                        member.lifecycle)

    return {name: digests[id(member.lifecycle)]
            for name, member in reached.items()}


def _halt(unit: steps.Unit, fallen: Mapping[str, Mapping[str, Any]],
          seconds: float) -> list[str] | None:
    """Stop the service where it has failed; None where that takes longer."""
    members = {
        name: units.put_back(unit.document, unit.service, name, units.HALT,
                             unit.load_stored)
        for name, known in fallen.items()
        # Whoever skipped a node, or lost it, looks after it.
        if known['status'] not in (steps.SKIPPED, 'unreachable')}
    halting = steps.Unit(unit.clients, unit.operation, unit.service,
                         f'halt-{unit.name}', members)

    try:
        if members and not halting.run('stop', seconds)['done']:
            return None
    except (exceptions.StepFailed, exceptions.DeadlineExceeded):
        # Where it could not be stopped, it counts as serving.
        pass

    return [name for name, member in members.items()
            if member.steps and name not in halting.fallen()]


def next_batch(clients: service_clients.Clients,
               operation: operation_record.Operation, service: str
               ) -> str | None:
    """The first batch in which a node still has to be rolled.

    :returns: its number; None where the service is done.
    """
    record = operation_record.Record(clients.swift, operation.plan)
    document = record.document(operation.digest)
    state = record.state(operation.fence, service)
    missing = {*states.open_nodes(
        document, service, state,
        states.failed_in(state, operation.id))}

    for number, batch in enumerate(document['services'][service]['batches'],
                                   1):
        if missing.intersection(batch):
            return str(number)

    return None
