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

"""Whether a step may begin now.

It may not while somebody holds the operation, outside its window, before a
person has approved of what needs it, or where a step would break what nodes
still need. Where only time or a person is missing, the operation waits, and
nothing polls.
"""

import time
from typing import TYPE_CHECKING

from tripleo_workflows import exceptions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import window
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import units

if TYPE_CHECKING:
    from tripleo_workflows.rollout import steps


def missing(unit: 'steps.Unit', part: str) -> str | None:
    """What a step of a unit waits for, if it may not begin.

    The operation has been paused then.

    :raises StepFailed: it may not begin at all as things stand.
    """
    held = holding.enforce(unit.clients, unit.operation, unit.decided)

    if held:
        return held

    if part in unit.steps:
        return None

    waits = _window(unit) or _approval(unit, part)

    if not waits and unit.name == units.FINISH:
        _refuse_too_early(unit, part)

    return waits


def _window(unit: 'steps.Unit') -> str | None:
    # What was begun is brought to its end, and what failed is put back.
    if unit.steps or not (units.is_batch(unit.name)
                          or unit.name in lifecycle_format.STEPS):
        return None

    opened = {**(unit.record.get(f'{unit.operation.id}/operation.json') or {}),
              **unit.decided.changes()}
    closed = window.closed(opened, time.time(), _seconds(unit))

    if closed is None:
        return None

    what = f'{closed.why}, to begin with {unit.service}.{unit.name}'
    holding.wait(unit.clients, unit.operation, what, closed.until)

    return what


def _seconds(unit: 'steps.Unit') -> float:
    """How long a unit takes, as far as it is known."""
    known = estimate.of_unit(unit.document, unit.service, unit.name) or 0.0
    soaks = units.is_canary(unit.entry, unit.name)

    return known + (float(unit.rules()['soak']) if soaks else 0.0)


def _approval(unit: 'steps.Unit', part: str) -> str | None:
    if not _says(unit, part, 'approve') or unit.decided.approved(
            unit.service, part):
        return None

    what = f'{holding.APPROVAL}{unit.service}.{part}'
    holding.wait(unit.clients, unit.operation, what)

    return what


def _says(unit: 'steps.Unit', part: str, key: str) -> bool:
    return any(part in member.delivered
               and member.lifecycle['steps'][part].get(key)
               for member in unit.members.values())


def _refuse_too_early(unit: 'steps.Unit', part: str) -> None:
    if _says(unit, part, 'point_of_no_return'):
        _require_backup(unit, part)

    if part in lifecycle_format.AFTER_OLD:
        _require_no_old(unit, part)


def _require_backup(unit: 'steps.Unit', part: str) -> None:
    if 'backup' not in unit.entry['steps'][lifecycle_format.PREPARE]:
        return

    prepared = unit.record.batch(unit.operation, unit.service, units.PREPARE)
    nodes = prepared.get('backup', {}).get('nodes', {}).values()

    if not nodes or any(known['status'] != delivered.DONE for known in nodes):
        raise exceptions.StepFailed(
            'There is no way back after this step, and the declared backup '
            'has not succeeded in this operation.',
            'Start tripleo.operation.v1.abort and preview again: the next '
            'operation makes the backup first.', **unit.where(part))


def _require_no_old(unit: 'steps.Unit', part: str) -> None:
    state = unit.record.state(unit.operation.fence, unit.service)
    old = sorted(states.open_nodes(
        unit.document, unit.service, state, {
            name for name, known in state.get('failed', {}).items()
            if known['halted']}))
    old += sorted(set(unit.entry['skipped']) - set(old))

    if old:
        raise exceptions.StepFailed(
            f'These nodes may still serve the release before, which this '
            f'step would break: {", ".join(old[:10])}.',
            'Bring them to the new release, or stop the service there and '
            'remove them from the plan, then preview again.',
            **unit.where(part))
