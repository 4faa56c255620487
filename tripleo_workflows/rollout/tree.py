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

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import lifecycle as lifecycle_format

#: Nodes of a batch that a line names.
MOST_NODES = 8


def tree(document: Mapping[str, Any], digest: str) -> str:
    """The rollout as text: services in their order, phases, nodes, reasons.

    :param digest: of the document.
    """
    services = document['services']
    lines = [f'Rollout {digest[:12]}: {document["verb"]} of plan '
             f'{document["plan"]}, {_count(len(services), "service")}, '
             f'{_count(len(rollout_document.touched(document)), "node")}']

    for service, last in _with_last(_in_order(services)):
        entry = services[service]
        lines.append(f'{"└" if last else "├"}─ {service} '
                     f'{_releases(entry)}{_waits(service, entry)}'.rstrip())
        lines += [f'{"   " if last else "│  "}{"└" if end else "├"}─ {line}'
                  for line, end in _with_last(_lines(document, service))]

    if not services:
        lines.append('└─ nothing to do: every node has what is wanted')

    return '\n'.join([*lines, *_notes(document)])


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
    lines = [f'leave {name} ({node["why"]})'
             for name, node in entry['leaving'].items()]
    lines += [_phase(document, service, lifecycle_format.PREPARE)] if entry[
        'steps'][lifecycle_format.PREPARE] else []

    for number, batch in enumerate(entry['batches'], 1):
        named = [f'{name} ({_reason(entry["nodes"][name])})'
                 for name in batch[:MOST_NODES]]
        more = len(batch) - len(named)
        lines.append(
            f'{_batch_name(entry, number)}: {", ".join(named)}'
            + (f' and {more} more' if more else '')
            + _about(estimate.of_unit(document, service, str(number))))

    lines += [f'left out {name} ({why})'
              for name, why in entry['skipped'].items()]
    lines += [_phase(document, service, lifecycle_format.FINISH)] if entry[
        'steps'][lifecycle_format.FINISH] else []

    return lines


def _reason(node: Mapping[str, Any]) -> str:
    reload = node['way'] == lifecycle_format.RELOAD

    return f'{node["why"]}{", reload" if reload else ""}'


def _batch_name(entry: Mapping[str, Any], number: int) -> str:
    rules = next(iter(entry['lifecycle'].values()))['policy']
    canary = number == 1 and rules['canary'] and len(entry['batches']) > 1
    soak = f', soaks {rules["soak"]} s' if canary and rules['soak'] else ''

    return f'batch {number}{f" (canary{soak})" if canary else ""}'


def _phase(document: Mapping[str, Any], service: str, phase: str) -> str:
    entry = document['services'][service]
    steps = ', '.join(step + _marks(entry, step)
                      for step in entry['steps'][phase])

    return (f'{phase}: {steps}, bootstrap on {entry["bootstrap"]}'
            + _about(estimate.of_unit(document, service, phase)))


def _marks(entry: Mapping[str, Any], step: str) -> str:
    content = next(lifecycle['steps'][step] for lifecycle
                   in entry['lifecycle'].values()
                   if step in lifecycle['steps'])

    if not isinstance(content, Mapping):
        return ''

    marks = [text for key, text in (
        ('approve', 'needs approval'),
        ('point_of_no_return', 'point of no return')) if content.get(key)]

    return f' ({", ".join(marks)})' if marks else ''


def _notes(document: Mapping[str, Any]) -> Iterator[str]:
    seconds, path = estimate.critical_path(document)

    if seconds:
        yield f'About {seconds:.0f} s: {" → ".join(path)}'

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

    return ' → '.join([*([', '.join(before)] if before else []),
                       entry['release']])


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
