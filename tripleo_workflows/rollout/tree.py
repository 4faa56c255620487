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

"""A rollout as text for people."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import units

#: Nodes of a batch that a line names.
MOST_NODES = 8


def tree(document: Mapping[str, Any], digest: str) -> str:
    """The rollout as text: services in their order, phases, nodes, reasons.

    :param digest: of the document.
    """
    services = document['services']
    lines = [headline(document, digest)]

    for service, last in _with_last(_in_order(services)):
        entry = services[service]
        lines.append(f'{"└" if last else "├"}─ {service} '
                     f'{_releases(entry)}{_waits(service, entry)}'.rstrip())
        lines += [f'{"   " if last else "│  "}{"└" if end else "├"}─ {line}'
                  for line, end in _with_last(_lines(document, service))]

    if not services:
        lines.append('└─ nothing to do: every node has what is wanted')

    return '\n'.join([*lines, *_notes(document)])


def headline(document: Mapping[str, Any], digest: str) -> str:
    """What a rollout is, in a line."""
    return (f'Rollout {digest[:12]}: {document["verb"]} of plan '
            f'{document["plan"]}, '
            f'{_count(len(document["services"]), "service")}, '
            f'{_count(len(rollout_document.touched(document)), "node")}')


def shortened(text: str, most: int) -> str:
    """As many whole lines of a text as fit into some bytes."""
    kept: list[str] = []

    for line in text.splitlines():
        most -= len(line.encode()) + 1

        if most < 0:
            return '\n'.join([*kept, '… the document has the rest'])

        kept.append(line)

    return '\n'.join(kept)


def _lines(document: Mapping[str, Any], service: str) -> list[str]:
    entry = document['services'][service]

    return [
        *(f'leave {nodes}: {why}' for why, nodes
          in _by_reason(entry['leaving'], _why_left)),
        *_phase(document, service, lifecycle_format.PREPARE),
        *(_batch(document, service, str(number))
          for number in range(1, len(entry['batches']) + 1)),
        *_rules(document, service),
        *(f'left out {nodes}: {why}' for why, nodes
          in _by_reason(entry['skipped'], str)),
        *_stays(entry),
        *_phase(document, service, lifecycle_format.FINISH)]


def _batch(document: Mapping[str, Any], service: str, unit: str) -> str:
    entry = document['services'][service]
    soak = estimate.soak(entry, unit)
    canary = ((f' (canary, soaks {soak:.0f} s)' if soak else ' (canary)')
              if units.is_canary(entry, unit) else '')
    nodes = '; '.join(f'{names} ({why})' for why, names in _by_reason(
        {name: entry['nodes'][name]
         for name in entry['batches'][int(unit) - 1]}, _why_rolled))

    return (f'batch {unit}{canary}: {nodes}'
            + _about(estimate.of_unit(document, service, unit)))


def _by_reason(things: Mapping[str, Any], reason: Callable[[Any], str]
               ) -> Iterator[tuple[str, str]]:
    """Nodes with what they have in common, each reason once."""
    found: dict[str, list[str]] = {}

    for name, thing in things.items():
        found.setdefault(reason(thing), []).append(name)

    return ((why, _some(names)) for why, names in found.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NODES

    return ', '.join(names[:MOST_NODES]) + (
        f' and {more} more' if more > 0 else '')


def _why_rolled(node: Mapping[str, Any]) -> str:
    reload = node['way'] == lifecycle_format.RELOAD

    return f'{node["why"]}{", reload" if reload else ""}'


def _why_left(node: Mapping[str, Any]) -> str:
    return str(node['why'])


def _rules(document: Mapping[str, Any], service: str) -> Iterator[str]:
    """What each batch goes through, and how many nodes may fail there."""
    entry = document['services'][service]

    if not entry['batches']:
        return

    own = next((lifecycle['workflow'] for lifecycle
                in entry['lifecycle'].values()), '')
    steps = ', '.join(_step(entry, step) for step in dict.fromkeys(
        step for number in range(1, len(entry['batches']) + 1)
        for step in estimate.of_steps(document, service, str(number))))
    yield f'each batch: {f"workflow {own}" if own else steps}'

    if (most := units.policy_of(entry)['max_failures']) not in (0, '0%'):
        yield f'goes on while no more than {most} of its nodes fail'


def _stays(entry: Mapping[str, Any]) -> Iterator[str]:
    same = [name for name in entry['members']
            if name not in entry['nodes'] and name not in entry['skipped']
            and name not in entry['left_undone']]

    if same and entry['nodes']:
        yield f'stays on {_some(same)}: has what is wanted'


def _phase(document: Mapping[str, Any], service: str, phase: str
           ) -> Iterator[str]:
    entry = document['services'][service]

    if entry['steps'][phase]:
        steps = ', '.join(_step(entry, step) for step in estimate.of_steps(
            document, service, phase))
        yield (f'{phase}: {steps}, bootstrap on {entry["bootstrap"]}'
               + _about(estimate.of_unit(document, service, phase)))


def _step(entry: Mapping[str, Any], step: str) -> str:
    if step in lifecycle_format.CHECK_STEPS:
        most = max(len(lifecycle['steps'].get(step, ()))
                   for lifecycle in entry['lifecycle'].values())

        return f'{step} ({_count(most, "check")})'

    marks = [text for key, text in (
        ('approve', 'needs approval'),
        ('point_of_no_return', 'point of no return'))
        if units.says(entry, step, key)]

    return f'{step} ({", ".join(marks)})' if marks else step


def _notes(document: Mapping[str, Any]) -> Iterator[str]:
    seconds, path = estimate.critical_path(document)

    if seconds:
        yield f'About {seconds:.0f} s; critical path: {" → ".join(path)}'

    if final := list(_points_of_no_return(document)):
        yield f'No way back after: {", ".join(final)}'

    for service, names in document['left_undone'].items():
        yield f'Left undone by the selection: {service} on {", ".join(names)}'

    for key, text in (('down', 'Not answering'),
                      ('unchanged', 'Unchanged'),
                      ('unmanaged', 'Without a lifecycle, left alone')):
        if document[key]:
            yield f'{text}: {", ".join(document[key])}'

    for service, names in document['not_here'].items():
        yield (f'{service} would wait for {", ".join(names)}, which this '
               f'cloud does not run')


def _points_of_no_return(document: Mapping[str, Any]) -> Iterator[str]:
    for service in _in_order(document['services']):
        entry = document['services'][service]
        steps = [step for step in entry['steps'][lifecycle_format.FINISH]
                 if units.says(entry, step, 'point_of_no_return')]
        reversible = all(lifecycle['reversible'] for lifecycle
                         in entry['lifecycle'].values())

        if not reversible and entry['from_releases'] not in (
                [], [entry['release']]):
            steps.insert(0, lifecycle_format.ROLL)

        yield from (f'{service}.{step}' for step in steps[:1])


def _in_order(services: Mapping[str, Any]) -> list[str]:
    before = {name: {other.rpartition('.')[0] for others
                     in entry['after'].values() for other in others}
              - {name} for name, entry in services.items()}
    ordered: list[str] = []

    while len(ordered) < len(services):
        # Phases may interleave; then the names' order breaks the tie.
        ready = sorted(name for name in services if name not in ordered
                       and before[name] <= set(ordered))
        ordered += ready or [min(set(services) - set(ordered))]

    return ordered


def _releases(entry: Mapping[str, Any]) -> str:
    before = [release for release in entry['from_releases']
              if release != entry['release']]

    text = ' → '.join([*([', '.join(before)] if before else []),
                       entry['release']])

    return text if entry['members'] else f'{text}, retired'


def _waits(service: str, entry: Mapping[str, Any]) -> str:
    others = dict.fromkeys(
        other.removesuffix(f'.{lifecycle_format.FINISH}').removesuffix(
            f'.{lifecycle_format.ROLL}')
        for phase in difference.phases_of(entry)
        for other in entry['after'][phase]
        if other.rpartition('.')[0] != service)

    return f', after {", ".join(others)}' if others else ''


def _about(seconds: float | None) -> str:
    return f', about {seconds:.0f} s' if seconds else ''


def _with_last(things: list[str]) -> list[tuple[str, bool]]:
    return [(thing, number == len(things))
            for number, thing in enumerate(things, 1)]


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'
