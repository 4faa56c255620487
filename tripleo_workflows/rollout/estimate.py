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

"""How long a rollout takes, from what its steps took before."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import order
from tripleo_workflows.rollout import units

#: By step, the seconds that it took on all nodes of a unit together.
Seconds = dict[str, float]


def measured(known: Mapping[str, float], steps: Mapping[str, Any]
             ) -> Seconds:
    """What is known of a service's steps after one of its units.

    :param known: what was known before; the newest counts half.
    :param steps: of the unit, as the record has them.
    """
    found = dict(known)

    for step, entry in steps.items():
        ends = [node.get('known') or entry['begun'] + node.get('seconds', 0)
                for node in entry['nodes'].values()
                if node.get('status') == 'done']

        if ends:
            seconds = max(max(ends) - entry['begun'], 0.0)
            found[step] = round((found.get(step, seconds) + seconds) / 2, 1)

    return found


def of_steps(document: Mapping[str, Any], service: str, unit: str
             ) -> dict[str, float | None]:
    """By step of a unit, the seconds that it takes; None where unknown."""
    known: Seconds = document['services'][service]['seconds']

    return {step: known.get(step)
            for step in _steps(document, service, unit)}


def of_unit(document: Mapping[str, Any], service: str, unit: str
            ) -> float | None:
    """How many seconds a unit takes; None where nothing is known."""
    known = [seconds for seconds in of_steps(document, service, unit).values()
             if seconds is not None]

    return round(sum(known), 1) if known else None


def _steps(document: Mapping[str, Any], service: str, unit: str
           ) -> Iterator[str]:
    entry = document['services'][service]

    if unit == units.LEAVE:
        # What nodes have of them, their stored lifecycles say.
        yield from units.steps_of_unit(unit)
    elif units.is_batch(unit):
        ways = {(document['nodes'][name]['role'], entry['nodes'][name]['way'])
                for name in entry['batches'][int(unit) - 1]}
        found = {role: lifecycle_format.steps_of(entry['lifecycle'][role],
                                                 way) for role, way in ways}
        yield from _with_hooks(entry, [
            step for step in units.steps_of_unit(unit)
            if any(step in steps for steps in found.values())])
    else:
        yield from _with_hooks(entry, entry['steps'][unit])


def _with_hooks(entry: Mapping[str, Any], steps: Iterable[str]
                ) -> Iterator[str]:
    for step in steps:
        yield from dict.fromkeys(
            part for lifecycle in entry['lifecycle'].values()
            for part in lifecycle_format.sequence(lifecycle, step))


def of_phase(document: Mapping[str, Any], service: str, phase: str) -> float:
    """How many seconds a phase takes, as far as it is known."""
    entry = document['services'][service]

    return round(sum((of_unit(document, service, unit) or 0.0)
                     + soak(entry, unit)
                     for unit in units.of_phase(entry, phase)), 1)


def soak(entry: Mapping[str, Any], unit: str) -> float:
    """How many seconds the gate of a unit has to stay green."""
    return (float(units.policy_of(entry)['soak'])
            if units.is_canary(entry, unit) else 0.0)


def critical_path(document: Mapping[str, Any]) -> tuple[float, list[str]]:
    """The longest way through a rollout: its seconds and its phases."""
    services = document['services']
    before = {order.phase_name(name, phase): set(entry['after'][phase])
              for name, entry in services.items()
              for phase in difference.phases_of(entry)}
    longest: dict[str, tuple[float, list[str]]] = {}

    for phase_name in order.in_order(before):
        seconds, path = max((longest[other] for other
                             in before[phase_name]), default=(0.0, []))
        name, _, phase = phase_name.rpartition('.')
        longest[phase_name] = (
            round(seconds + of_phase(document, name, phase), 1),
            [*path, phase_name])

    return max(longest.values(), default=(0.0, []))
