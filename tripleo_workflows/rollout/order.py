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

"""The order of the services' phases: who waits for whom.

A phase is named as in ``web.roll``. Within a service ``leave`` comes before
``prepare``, that before ``roll``, and that before ``finish``; ``after`` in the
lifecycles joins the services together.
"""

import graphlib
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import lifecycle as lifecycle_format

#: By phase, the phases before it.
Graph = dict[str, set[str]]


def phase_name(service: str, phase: str) -> str:
    """As in ``web.roll``."""
    return f'{service}.{phase}'


def graph(after: Mapping[str, Mapping[str, Iterable[str]]], plan: str
          ) -> tuple[Graph, dict[str, list[str]]]:
    """Join the phases of all services of a cloud.

    :param after: by service and its own phase, the phases that come first.
    :returns: the graph, and by service what its ``after`` names and this
        cloud does not run.
    :raises InvalidInput: services wait for each other in a circle.
    """
    before: Graph = {}
    not_here: dict[str, list[str]] = {}

    for service in after:
        earlier: set[str] = set()

        for phase in lifecycle_format.PHASES:
            before[phase_name(service, phase)] = earlier
            earlier = {phase_name(service, phase)}

    for service, by_phase in after.items():
        for phase, names in by_phase.items():
            for name in names:
                if name in before:
                    before[phase_name(service, phase)].add(name)
                else:
                    not_here.setdefault(service, []).append(
                        name.partition('.')[0])

    _leave_in_reverse(before, after)
    refuse_circles(before, plan)

    return before, {service: sorted(set(names))
                    for service, names in not_here.items()}


def _leave_in_reverse(before: Graph,
                      after: Mapping[str, Mapping[str, Iterable[str]]]
                      ) -> None:
    """Let who depends on a service be gone before that one moves."""
    pairs = [(phase == lifecycle_format.FINISH, service,
              name.partition('.')[0])
             for service, by_phase in after.items()
             for phase, names in by_phase.items()
             for name in names if name in before]

    for only_its_end, service, other in sorted(pairs):
        # Two may wait for each other where one does so at its end alone.
        if only_its_end and _leaves_before(before, other, service):
            continue

        for phase in (lifecycle_format.LEAVE, lifecycle_format.PREPARE):
            before[phase_name(other, phase)].add(
                phase_name(service, lifecycle_format.LEAVE))


def _leaves_before(before: Graph, first: str, second: str) -> bool:
    wanted = phase_name(first, lifecycle_format.LEAVE)
    seen: set[str] = set()
    ahead = [phase_name(second, lifecycle_format.LEAVE)]

    while ahead:
        name = ahead.pop()
        seen.add(name)
        ahead += before[name] - seen

    return wanted in seen


def refuse_circles(before: Graph, plan: str) -> None:
    """Refuse phases that wait for each other.

    :raises InvalidInput: shows the circle.
    """
    try:
        graphlib.TopologicalSorter(before).prepare()
    except graphlib.CycleError as error:
        names = list(reversed(error.args[1]))
        services = [name.partition('.')[0] for name in names]
        circle = [service for number, service in enumerate(services)
                  if not number or service != services[number - 1]]

        raise exceptions.InvalidInput(
            f'lifecycle.after: services wait for each other in a circle: '
            f'{" → ".join(circle)}.', 'Remove one of these dependencies.',
            plan=plan, field='lifecycle.after') from None


def one_after_the_other(before: Graph, services: Collection[str]) -> None:
    """Let the rolls of some services never meet.

    :param before: changed in place; the order that there is stays.
    """
    previous = ''

    for name in in_order(before):
        service, _, phase = name.partition('.')

        if phase == lifecycle_format.ROLL and service in services:
            if previous:
                before[name].add(previous)

            previous = name


def in_order(before: Graph) -> list[str]:
    """All phases, each behind those before it; equal graphs, equal order."""
    sorter = graphlib.TopologicalSorter(before)
    sorter.prepare()
    ordered: list[str] = []

    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)

    return ordered


def nearest(before: Graph, touched: Collection[str]) -> Graph:
    """By phase of a rollout, those of the rollout that come right before it.

    Phases that have nothing to do pass on what they wait for.
    """
    passed: Graph = {}
    found: Graph = {}

    for name in in_order(before):
        first = set().union(*(
            {other} if other in touched else passed[other]
            for other in before[name])) if before[name] else set()
        passed[name] = first

        if name in touched:
            found[name] = first

    return found
