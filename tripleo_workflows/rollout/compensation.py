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

"""Putting the nodes of a batch back that has failed."""

import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import steps
from tripleo_workflows.rollout import units

Answer = dict[str, Any]

#: The entry of a batch's record about it.
COMPENSATE = 'compensate'


def compensate(clients: service_clients.Clients,
               operation: operation_record.Operation, service: str, name: str,
               seconds: float = steps.SLICE_SECONDS) -> Answer:
    """Put the nodes of a batch back that has failed.

    Each gets the revision that it had, by the steps with which it came to
    it; where it had none, or there is no way back, the service is stopped.

    :returns: ``done``, and ``nodes``: by name, ``back``, ``halt`` or how
        the node stands.
    :raises StepFailed: a node could not be put back.
    """
    until = time.time() + seconds
    unit = steps.Unit(clients, operation, service, name)
    lock.require_fence(clients.mistral, operation.plan, operation.fence)
    ways = _ways(unit)

    if not ways:
        return {'done': True, 'nodes': {}}

    entry = unit.steps[COMPENSATE]
    back = steps.Unit(
        clients, operation, service, f'back-{name}-{entry["number"]}', {
            node: units.put_back(unit.document, service, node, way,
                                 unit.load_stored)
            for node, way in ways.items()})

    try:
        for step in units.steps_of_unit(back.name):
            if not back.run(step, until - time.time())['done']:
                return {'done': False, 'nodes': ways}
    except exceptions.TripleoError as error:
        entry['error'] = str(error)
        unit.save()
        raise

    _note_undone(unit, back, ways)

    return {'done': True, 'nodes': ways}


def _ways(unit: steps.Unit) -> dict[str, str]:
    """How each node of a failed batch is put back; noted in the record."""
    entry = unit.steps.get(COMPENSATE, {'number': 0, 'nodes': {}})

    if all(node['status'] == delivered.DONE
           for node in entry['nodes'].values()):
        wanted = _failed(unit)

        if not wanted:
            return {}

        unit.steps[COMPENSATE] = entry = {
            'begun': round(time.time(), 3), 'fence': unit.operation.fence,
            'number': entry['number'] + 1,
            'nodes': {name: {'status': delivered.SENT, 'way': _way(unit, name)}
                      for name in wanted}}
        unit.save()

    return {name: str(node['way']) for name, node in entry['nodes'].items()}


def _failed(unit: steps.Unit) -> list[str]:
    """The nodes of a batch that has failed, without those nobody knows."""
    if not units.is_batch(unit.name):
        return []

    fallen = unit.fallen()
    has_failed = any(
        entry.get('error') and any(node['status'] == 'failed' for node
                                   in entry['nodes'].values())
        for entry in unit.steps.values())
    begun = {name for entry in unit.steps.values()
             for name in entry['nodes']}

    return [name for name in unit.members if has_failed and name in begun
            and fallen.get(name, {}).get('status', 'failed') == 'failed']


def _way(unit: steps.Unit, name: str) -> str:
    node = unit.entry['nodes'][name]
    lifecycle = unit.members[name].lifecycle

    if not node['back'] or not lifecycle['reversible'] or node['base'] in (
            None, revision.UNFINISHED):
        return units.HALT

    before = unit.load_stored(node['back'])['parts']
    kept = all(lifecycle['parts'].get(part) == value
               for part, value in before.items()
               if part.startswith('secret '))

    return units.BACK if kept else units.HALT


def _note_undone(unit: steps.Unit, back: steps.Unit,
                 ways: Mapping[str, str]) -> None:
    state = unit.record.state(unit.operation.fence, unit.service)
    states.reach(
        state, {name: member for name, member in back.members.items()
                if ways[name] == units.BACK},
        {name: unit.entry['nodes'][name]['back'] for name in ways},
        unit.operation.fence)
    unit.record.put_state(unit.operation.fence, unit.service, state)

    for step, entry in unit.steps.items():
        for name in ways:
            if name in entry['nodes']:
                entry['nodes'][name]['status'] = (
                    delivered.DONE if step == COMPENSATE else steps.UNDONE)

    unit.save()
    back.clean()
