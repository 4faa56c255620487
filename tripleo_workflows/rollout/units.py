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

"""The units in which a service is carried out, and what each node does there.

A unit is ``prepare``, a batch by its number, ``finish``, or ``leave``; and
``back-2-1`` is the first time that batch 2 was put back.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.rollout import lifecycle as lifecycle_format

PREPARE, FINISH, LEAVE = (lifecycle_format.PREPARE, lifecycle_format.FINISH,
                          lifecycle_format.LEAVE)

#: What a node whose batch failed may be brought to: the revision that it
#: had, or a stop where it had none.
BACK, HALT = 'back', 'halt'

#: Gives a stored lifecycle by its digest.
Stored = Callable[[str], lifecycle_format.Lifecycle]


@dataclasses.dataclass(frozen=True)
class Member:
    """What a node does in a unit.

    :param facts: of the node, as the document has them.
    :param steps: the steps that it goes through, hooks included.
    :param completes: ``revision``, ``release`` and ``parts`` that it has
        when they are done; None where it has what it had.
    :param from_release: the release that it had, empty where none.
    """

    facts: Mapping[str, Any]
    lifecycle: lifecycle_format.Lifecycle
    steps: tuple[str, ...]
    completes: Mapping[str, Any] | None = None
    from_release: str = ''

    @property
    def delivered(self) -> list[str]:
        """The steps that are carried out on the node."""
        return [step for step in self.steps
                if step not in lifecycle_format.CHECK_STEPS]


Members = dict[str, Member]


def is_batch(unit: str) -> bool:
    """Whether a unit is a batch of the roll."""
    return unit.isdigit()


def steps_of_unit(unit: str) -> tuple[str, ...]:
    """All steps that a unit may have, in their order, without hooks."""
    phase = (unit if unit in lifecycle_format.STEPS
             else lifecycle_format.ROLL)

    return lifecycle_format.STEPS[phase]


def of_phase(entry: Mapping[str, Any], phase: str) -> list[str]:
    """The units of a phase of a service, in their order."""
    return ([str(number) for number in range(1, len(entry['batches']) + 1)]
            if phase == lifecycle_format.ROLL else [phase])


def policy_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The policy of a service that has nodes: the first role's."""
    policy: Mapping[str, Any] = next(iter(entry['lifecycle'].values()))[
        'policy']

    return policy


def is_canary(entry: Mapping[str, Any], unit: str) -> bool:
    """Whether a unit is a batch that goes first, and others wait for it."""
    return (unit == '1' and len(entry['batches']) > 1
            and bool(policy_of(entry)['canary']))


def says(entry: Mapping[str, Any], step: str, key: str) -> bool:
    """Whether a step has a key that is true, in the lifecycle of any role."""
    found = [lifecycle['steps'].get(step) for lifecycle
             in entry['lifecycle'].values()]

    return any(isinstance(content, Mapping) and content.get(key)
               for content in found)


def members(document: Mapping[str, Any], service: str, unit: str,
            lifecycles: Stored) -> Members:
    """The nodes of a unit that the document knows."""
    entry = document['services'][service]

    if unit == LEAVE:
        return {name: _leaving(document['nodes'][name],
                               lifecycles(node['lifecycle']),
                               node['from_release'])
                for name, node in entry['leaving'].items()}

    if is_batch(unit):
        return {name: _rolled(document, entry, name)
                for name in entry['batches'][int(unit) - 1]}

    return _once(document, entry, unit)


def _rolled(document: Mapping[str, Any], entry: Mapping[str, Any], name: str
            ) -> Member:
    facts, node = document['nodes'][name], entry['nodes'][name]
    lifecycle = entry['lifecycle'][facts['role']]

    return Member(
        facts, lifecycle, _with_hooks(lifecycle, lifecycle_format.steps_of(
            lifecycle, node['way'])),
        {'revision': node['wanted'], 'release': lifecycle['release'],
         'parts': lifecycle['parts']}, node['from_release'] or '')


def _once(document: Mapping[str, Any], entry: Mapping[str, Any], unit: str
          ) -> Members:
    everywhere = (entry['nodes'] if unit == PREPARE else
                  [name for name in entry['members']
                   if name not in entry['skipped']])
    before = ' '.join(entry['from_releases'])
    found = {}

    for name in dict.fromkeys((entry['bootstrap'], *everywhere)):
        facts = document['nodes'][name]
        lifecycle = entry['lifecycle'][facts['role']]
        steps = [step for step in entry['steps'][unit]
                 if step in lifecycle['steps'] and (
                     name in everywhere
                     if lifecycle_format.runs_on(lifecycle, step) == 'all'
                     else name == entry['bootstrap'])]

        if steps:
            found[name] = Member(facts, lifecycle,
                                 _with_hooks(lifecycle, steps),
                                 from_release=before)

    return found


def _leaving(facts: Mapping[str, Any],
             lifecycle: lifecycle_format.Lifecycle, release: str) -> Member:
    return Member(facts, lifecycle, _with_hooks(lifecycle, [
        step for step in lifecycle_format.STEPS[LEAVE]
        if step in lifecycle['steps']]), from_release=release)


def put_back(document: Mapping[str, Any], service: str, name: str, way: str,
             lifecycles: Stored) -> Member:
    """What a node does whose batch has failed.

    :param way: ``back`` to the revision that it had, or ``halt``.
    """
    facts = document['nodes'][name]
    entry = document['services'][service]
    node = entry['nodes'][name]

    if way == HALT:
        lifecycle = entry['lifecycle'][facts['role']]

        return Member(facts, lifecycle,
                      ('stop',) if 'stop' in lifecycle['steps'] else ())

    lifecycle = lifecycles(node['back'])

    return Member(
        facts, lifecycle, _with_hooks(lifecycle, lifecycle_format.steps_of(
            lifecycle, lifecycle_format.WHOLE)),
        {'revision': node['base'], 'release': lifecycle['release'],
         'parts': lifecycle['parts']})


def _with_hooks(lifecycle: lifecycle_format.Lifecycle, steps: list[str]
                ) -> tuple[str, ...]:
    return tuple(part for step in steps
                 for part in lifecycle_format.sequence(lifecycle, step)
                 if part in lifecycle['steps'])


def parts_of(found: Members, step: str) -> list[str]:
    """A step of a unit with the hooks around it, in their order."""
    return list(dict.fromkeys(
        part for member in found.values()
        for part in lifecycle_format.sequence(member.lifecycle, step)))
