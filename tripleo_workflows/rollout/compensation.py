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
from collections.abc import Iterable
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

    _note_back(unit, back, ways)

    return {'done': True, 'nodes': ways}


def _ways(unit: steps.Unit) -> dict[str, str]:
    """How each node of a failed batch is put back; noted in the record."""
    entry = unit.steps.get(COMPENSATE, {'number': 0, 'nodes': {}})
    failed = _failed(unit)

    if failed:
        # What an earlier compensation has not ended is begun anew, too.
        fallen = unit.fallen()
        failed += [name for name in _unended(entry) if fallen.get(
            name, {}).get('status') == steps.UNDONE]
        unit.steps[COMPENSATE] = entry = {
            'begun': round(time.time(), 3), 'fence': unit.operation.fence,
            'number': entry['number'] + 1,
            'nodes': {name: {'status': delivered.SENT, 'way': _way(unit, name)}
                      for name in failed}}
        _note_undone(unit, failed)
        unit.save()

    return {name: str(node['way']) for name, node in entry['nodes'].items()
            } if _unended(entry) else {}


def _unended(entry: Mapping[str, Any]) -> list[str]:
    return [name for name, node in entry['nodes'].items()
            if node['status'] != delivered.DONE]


def _failed(unit: steps.Unit) -> list[str]:
    """The nodes of a batch that has failed, without those nobody knows."""
    if not units.is_batch(unit.name) or not any(
            _has_failed(entry) for entry in unit.steps.values()):
        return []

    fallen = unit.fallen()
    begun = {name for entry in unit.steps.values()
             for name, node in entry['nodes'].items()
             if node['status'] in (delivered.DONE, steps.FAILED)}

    return [name for name in unit.members if name in begun and fallen.get(
        name, {'status': steps.FAILED})['status'] == steps.FAILED]


def _has_failed(entry: Mapping[str, Any]) -> bool:
    statuses = {node['status'] for node in entry['nodes'].values()}

    # Nobody knows what becomes of a node that has not answered yet.
    return ('error' in entry and steps.FAILED in statuses
            and delivered.SENT not in statuses)


def _note_undone(unit: steps.Unit, names: Iterable[str]) -> None:
    """Note that a node has to go the whole way again, if it does."""
    wanted = set(names)

    for step, entry in unit.steps.items():
        for name in wanted & entry['nodes'].keys():
            if step != COMPENSATE:
                entry['nodes'][name]['status'] = steps.UNDONE


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


def _note_back(unit: steps.Unit, back: steps.Unit,
               ways: Mapping[str, str]) -> None:
    state = unit.record.state(unit.operation.fence, unit.service)
    states.reach(
        state, {name: member for name, member in back.members.items()
                if ways[name] == units.BACK},
        {name: unit.entry['nodes'][name]['back'] for name in ways},
        unit.operation.fence)
    unit.record.put_state(unit.operation.fence, unit.service, state)
    entry = unit.steps[COMPENSATE]
    entry.pop('error', None)

    for node in entry['nodes'].values():
        node['status'] = delivered.DONE

    unit.save()
    back.clean()
