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

"""A rollout over time: as it is estimated, or as the record has it."""

import dataclasses
import itertools
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows.operation import report
from tripleo_workflows.rollout import drawing
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import order
from tripleo_workflows.rollout import units

#: What a step counts whose time nobody knows yet.
UNKNOWN_SECONDS = 1.0

Document = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Piece:
    """A step of a unit, from its begin to its end.

    :param begun: seconds since the rollout begins, or, out of a record,
        since the epoch; ``ended`` likewise.
    :param node: empty where all nodes of the unit are meant.
    :param guessed: whether nobody knows how long the step takes.
    :param worked: how many seconds of it the node itself was at work; None
        where that is not known.
    """

    service: str
    unit: str
    step: str
    begun: float
    ended: float
    node: str = ''
    guessed: bool = False
    worked: float | None = None

    @property
    def phase(self) -> str:
        """The phase of the piece, as in ``web.roll``."""
        return order.phase_name(self.service, self.unit if self.unit
                                in lifecycle_format.PHASES
                                else lifecycle_format.ROLL)


def planned(document: Document) -> list[Piece]:
    """The steps of a rollout when they are expected, in order of time."""
    before = graph.phases(dict(document))
    ended: dict[str, float] = {}
    found: list[Piece] = []

    for name in order.in_order(before):
        begun = max((ended[other] for other in before[name]), default=0.0)
        pieces = _planned_phase(document, name, begun)
        found += pieces
        ended[name] = pieces[-1].ended if pieces else begun

    return sorted(found, key=lambda piece: piece.begun)


def _planned_phase(document: Document, name: str, at: float) -> list[Piece]:
    service, _, phase = name.rpartition('.')
    entry = document['services'][service]
    found = []

    for unit in units.of_phase(entry, phase):
        for step, seconds in _seconds(document, service, unit):
            ended = at + (UNKNOWN_SECONDS if seconds is None else seconds)
            found.append(Piece(service, unit, step, at, ended,
                               guessed=seconds is None))
            at = ended

    return found


def _seconds(document: Document, service: str, unit: str
             ) -> Iterator[tuple[str, float | None]]:
    yield from estimate.of_steps(document, service, unit).items()

    if soak := estimate.soak(document['services'][service], unit):
        yield 'soak', soak


def recorded(story: report.Story) -> list[Piece]:
    """The steps of an operation on each node, in order of time."""
    found = []

    for (service, unit), steps in story.batches.items():
        rows = report.in_time(steps)
        following = [*(entry['begun'] for _, entry in rows[1:]), None]

        for (step, entry), later in zip(rows, following, strict=True):
            for node, known in entry['nodes'].items():
                ended = known.get('known') or (
                    entry['begun'] + known['seconds'] if 'seconds' in known
                    else later or entry['begun'])
                found.append(Piece(
                    service, unit, step, entry['begun'],
                    max(ended, entry['begun']), node,
                    worked=known.get('seconds')))

    return sorted(found, key=lambda piece: (piece.begun, piece.node))


def of_nodes(title: str, story: report.Story,
             requests: Iterable[tuple[float, bool]] = ()) -> drawing.Chart:
    """What each node went through in an operation.

    :param requests: see :class:`drawing.Chart`.
    """
    pieces = recorded(story)
    prefix = f'{story.plan}-'
    lanes = {(piece.node, piece.service):
             f'{piece.node.removeprefix(prefix)} · {piece.service}'
             for piece in sorted(pieces, key=lambda piece: (piece.node,
                                                            piece.service))}
    places = list(lanes.values())
    bars = [drawing.Bar(lanes[piece.node, piece.service], piece.step,
                        piece.begun, piece.ended) for piece in pieces]

    return drawing.Chart(title, sorted(
        bars, key=lambda bar: places.index(bar.lane)),
        requests=list(requests))


def of_services(document: Document, title: str,
                story: report.Story | None = None) -> drawing.Chart:
    """The services of a rollout with their units, and who waits for whom.

    :param story: of an operation that ran it, whose times are taken.
    """
    pieces = (planned(document) if story is None
              else _together(recorded(story)))
    phases = _spans(pieces, lambda piece: piece.phase)
    path = _critical({name: others for name, others
                      in graph.phases(dict(document)).items()
                      if name in phases}, phases)

    return drawing.Chart(
        title,
        [drawing.Bar(piece.service, piece.step, piece.begun, piece.ended,
                     f'{piece.service}.{piece.unit} {piece.step}',
                     piece.guessed) for piece in pieces],
        list(_frames(document, pieces, path)),
        list(_arrows(document, phases, path)),
        list(_marks(document, pieces)),
        [f'Critical path: {" → ".join(path)}'] if path else [])


Spans = dict[Any, tuple[float, float]]


def _together(pieces: Iterable[Piece]) -> list[Piece]:
    spans = _spans(pieces, lambda piece: (piece.service, piece.unit,
                                          piece.step))

    return sorted((Piece(service, unit, step, begun, ended)
                   for (service, unit, step), (begun, ended)
                   in spans.items()), key=lambda piece: piece.begun)


def _spans(pieces: Iterable[Piece], place: Any) -> Spans:
    found: Spans = {}

    for piece in pieces:
        begun, ended = found.get(place(piece), (piece.begun, piece.ended))
        found[place(piece)] = min(begun, piece.begun), max(ended, piece.ended)

    return found


def _critical(before: order.Graph, spans: Spans) -> list[str]:
    """The phases on which the end of the rollout depends, the first first."""
    path: list[str] = []
    ready = set(spans)

    while ready:
        path.insert(0, max(sorted(ready), key=lambda name: spans[name][1]))
        ready = before.get(path[0], set()) & spans.keys()

    return path


def _frames(document: Document, pieces: Sequence[Piece], path: Sequence[str]
            ) -> Iterator[drawing.Frame]:
    for (service, unit, phase), span in _spans(
            pieces, lambda piece: (piece.service, piece.unit, piece.phase)
            ).items():
        name = ('canary' if units.is_canary(document['services'][service],
                                            unit) else unit)
        yield drawing.Frame(service, name, *span, phase in path)


def _arrows(document: Document, phases: Spans, path: Sequence[str]
            ) -> Iterator[drawing.Arrow]:
    along = {*itertools.pairwise(path)}

    for name, (begun, _) in phases.items():
        service, _, phase = name.rpartition('.')

        for other in document['services'][service]['after'].get(phase, []):
            lane = other.rpartition('.')[0]

            if lane != service and other in phases:
                yield drawing.Arrow((lane, phases[other][1]),
                                    (service, begun), (other, name) in along)


def _marks(document: Document, pieces: Iterable[Piece]
           ) -> Iterator[drawing.Mark]:
    for piece in pieces:
        entry = document['services'][piece.service]

        if piece.unit == units.FINISH and units.says(
                entry, piece.step, 'point_of_no_return'):
            yield drawing.Mark(piece.service, piece.begun,
                               'point of no return')
