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


def of_unit(document: Mapping[str, Any], service: str, unit: str
            ) -> float | None:
    """How many seconds a unit takes; None where nothing is known."""
    entry = document['services'][service]
    known: Seconds = entry['seconds']
    steps = _steps(entry, unit)

    if not known or not steps:
        return None

    return round(sum(known.get(step, 0.0) for step in steps), 1)


def _steps(entry: Mapping[str, Any], unit: str) -> list[str]:
    if unit in entry['steps']:
        return list(entry['steps'][unit])

    wanted = units.steps_of_unit(unit)

    return [step for step in wanted if step in entry['seconds']]


def of_phase(document: Mapping[str, Any], service: str, phase: str) -> float:
    """How many seconds a phase takes, as far as it is known."""
    entry = document['services'][service]
    names = ([str(number) for number in range(1, len(entry['batches']) + 1)]
             if phase == lifecycle_format.ROLL else [phase])
    seconds = sum(of_unit(document, service, name) or 0.0 for name in names)

    if phase == lifecycle_format.ROLL and len(entry['batches']) > 1:
        rules = next(iter(entry['lifecycle'].values()))['policy']
        seconds += rules['soak'] if rules['canary'] else 0.0

    return round(seconds, 1)


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
