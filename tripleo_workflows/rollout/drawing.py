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

"""Time as a picture: bars in lanes, what waits for what, requests below.

Knows nothing of rollouts; :mod:`.timeline` says what is drawn.
"""

import collections
import dataclasses
import textwrap
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from xml.sax import saxutils

COLOURS = {
    'check': '#c4c4c4', 'stage': '#a9b8c6', 'backup': '#c9a66b',
    'expand': '#b58fc2', 'drain': '#f6c667', 'stop': '#e58a6b',
    'remove': '#b5651d', 'package': '#9fb8d9', 'configure': '#7a9cc6',
    'start': '#8cc084', 'reload': '#8cc084', 'verify': '#4f9d69',
    'undrain': '#2f7f6f', 'gate': '#8e7cc3', 'soak': '#c9c0e6',
    'migrate': '#c27ba0', 'contract': '#a64d79', 'cleanup': '#d5a6bd'}
OTHER = '#999999'
TEXT, PALE, CRITICAL, FAILED = '#333333', '#f3f3f3', '#c0392b', '#c0392b'
WIDTH, LEFT, RIGHT = 960, 190, 20
LEGEND, STRIP, BAR = 42, 60, 18
#: Pixels that a character takes, as far as one can know.
CHARACTER = 6.2
#: Lines on the axis at most.
MOST_TICKS = 15


@dataclasses.dataclass(frozen=True)
class Bar:
    """Something that takes time.

    :param kind: what its colour tells, the name of a step.
    :param begun: seconds since the epoch, or since any other moment that is
        the same for all bars; ``ended`` likewise.
    :param guessed: whether nobody knows how long it takes; drawn pale.
    """

    lane: str
    kind: str
    begun: float
    ended: float
    text: str = ''
    guessed: bool = False


@dataclasses.dataclass(frozen=True)
class Frame:
    """Bars of a lane that belong together, with a name above them."""

    lane: str
    name: str
    begun: float
    ended: float
    critical: bool = False


@dataclasses.dataclass(frozen=True)
class Arrow:
    """One thing waits for the end of another: lane and time of both."""

    source: tuple[str, float]
    target: tuple[str, float]
    critical: bool = False


@dataclasses.dataclass(frozen=True)
class Mark:
    """A moment that deserves attention."""

    lane: str
    at: float
    text: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a picture shows.

    :param notes: lines below the axis.
    :param requests: when each request was sent, and whether it failed; empty
        where none was.
    """

    title: str
    bars: Sequence[Bar]
    frames: Sequence[Frame] = ()
    arrows: Sequence[Arrow] = ()
    marks: Sequence[Mark] = ()
    notes: Sequence[str] = ()
    requests: Sequence[tuple[float, bool]] = ()


def svg(chart: Chart) -> str:
    """Draw a chart, as the text of an SVG file."""
    return '\n'.join([*_Drawing(chart).parts(), '</svg>', ''])


class _Drawing:

    def __init__(self, chart: Chart):
        self._chart = chart
        moments = [moment for bar in chart.bars
                   for moment in (bar.begun, bar.ended)]
        moments += [at for at, _ in chart.requests]
        self._begun = min(moments, default=0.0)
        self._seconds = max(max(moments, default=0.0) - self._begun, 1.0)
        self._scale = (WIDTH - LEFT - RIGHT) / self._seconds
        self._legend = list(self._words())
        # Names of frames stand above the bars.
        self._above = 14 if chart.frames else 0
        self._row = BAR + 8 + self._above
        self._top = max((y for _, y, _, _ in self._legend), default=0) + 22
        self._lanes = {lane: self._top + number * self._row for number, lane
                       in enumerate(dict.fromkeys(
                           bar.lane for bar in chart.bars))}
        self._bottom = (self._top + self._row * len(self._lanes)
                        + (STRIP + 10 if chart.requests else 0))
        self._notes = [line for note in chart.notes for line
                       in textwrap.wrap(note, int((WIDTH - 24) / CHARACTER))]

    def parts(self) -> Iterator[str]:
        height = self._bottom + 30 + 18 * len(self._notes)
        yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
               f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
               'font-family="sans-serif" font-size="12">')
        yield from _HEAD
        yield _text(12, 24, self._chart.title, size=15)

        for x, y, text, symbol in self._legend:
            yield f'<g transform="translate({x:.1f} {y})">{symbol}</g>'
            yield _text(x + 14, y + 9, text, size=11)

        yield from self._axis()
        yield from self._names()
        yield from (self._bar(bar) for bar in self._chart.bars)
        yield from self._frames()
        yield from (self._arrow(arrow) for arrow in self._chart.arrows)
        yield from (self._mark(mark) for mark in self._chart.marks)
        yield from self._requests()

        for number, note in enumerate(self._notes):
            yield _text(12, self._bottom + 40 + 18 * number, note)

    def _x(self, moment: float) -> float:
        return LEFT + (moment - self._begun) * self._scale

    def _y(self, lane: str) -> float:
        return self._lanes[lane] + self._above + 4

    def _words(self) -> Iterator[tuple[float, int, str, str]]:
        """The legend: place, text and symbol of each of its words."""
        x, y = 12.0, LEGEND

        for text, symbol in self._symbols():
            width = 26 + CHARACTER * len(text)

            if x + width > WIDTH:
                x, y = 12.0, y + 18

            yield x, y, text, symbol
            x += width

    def _symbols(self) -> Iterator[tuple[str, str]]:
        used = {bar.kind for bar in self._chart.bars}

        for name in COLOURS:
            if name in used:
                yield name, _rect(0, 0, 10, 10, COLOURS[name])

        if any(bar.guessed for bar in self._chart.bars):
            yield 'time not known', _rect(0, 0, 10, 10, OTHER,
                                          more='fill-opacity="0.35"')

        if any(frame.critical for frame in self._chart.frames):
            yield 'critical path', _rect(0, 0, 10, 10, 'none',
                                         more=f'stroke="{CRITICAL}"')

        for text in dict.fromkeys(mark.text for mark in self._chart.marks):
            yield text, _diamond(5, 5)

    def _axis(self) -> Iterator[str]:
        every = next((step for step in (1, 2, 5, 10, 30, 60, 300, 600, 1800)
                      if self._seconds / step <= MOST_TICKS), 3600)

        for at in range(0, int(self._seconds) + 1, every):
            x = LEFT + at * self._scale
            yield (f'<line x1="{x:.1f}" y1="{self._top}" x2="{x:.1f}" '
                   f'y2="{self._bottom}" stroke="#e4e4e4"/>')

            # Next to the right edge a label would be cut off.
            if at <= self._seconds * 0.97:
                yield _text(x, self._bottom + 18, _time(at), size=11)

    def _names(self) -> Iterator[str]:
        for lane in self._lanes:
            y = self._y(lane)
            yield _text(12, y + 13, _fitting(lane, LEFT - 24))
            yield _rect(LEFT, y, WIDTH - LEFT - RIGHT, BAR, PALE)

    def _bar(self, bar: Bar) -> str:
        seconds = bar.ended - bar.begun
        told = ('time not known' if bar.guessed else f'{seconds:.1f} s')

        return _rect(self._x(bar.begun), self._y(bar.lane),
                     max(seconds * self._scale, 1.5), BAR,
                     COLOURS.get(bar.kind, OTHER),
                     f'{bar.text or bar.kind}: {told}',
                     'fill-opacity="0.35"' if bar.guessed else '')

    def _frames(self) -> Iterator[str]:
        for frame in self._chart.frames:
            x, y = self._x(frame.begun), self._y(frame.lane)
            width = max((frame.ended - frame.begun) * self._scale, 1.5)
            colour = CRITICAL if frame.critical else '#8a8a8a'
            yield _rect(x, y, width, BAR, 'none', frame.name,
                        f'stroke="{colour}" stroke-width='
                        f'"{2 if frame.critical else 0.8}"')
            name = _fitting(frame.name, width)

            # A lone letter with dots tells nobody anything.
            if name == frame.name or len(name) > 4:
                yield _text(x + 3, y - 3, name, size=11)

    def _arrow(self, arrow: Arrow) -> str:
        x, y = self._x(arrow.source[1]), self._y(arrow.source[0]) + BAR / 2
        to_x, to_y = (self._x(arrow.target[1]),
                      self._y(arrow.target[0]) + BAR / 2)
        way = 1 if to_y > y else -1
        end = to_y - way * (BAR / 2 + 1)
        middle = max((x + to_x) / 2, x + 3)
        colour = CRITICAL if arrow.critical else '#777777'
        path = (f'M{x:.1f} {y:.1f} H{middle:.1f} V{end - way * 5:.1f} '
                f'H{to_x:.1f} V{end:.1f}')

        return (f'<path d="{path}" fill="none" stroke="{colour}" '
                f'marker-end="url(#{"critical" if arrow.critical else "arrow"}'
                f')"/>')

    def _mark(self, mark: Mark) -> str:
        return (f'<g>{_diamond(self._x(mark.at), self._y(mark.lane))}'
                f'<title>{saxutils.escape(mark.text)}</title></g>')

    def _requests(self) -> Iterator[str]:
        """A column per second: what succeeded, and on it what failed."""
        if not self._chart.requests:
            return

        good, bad = (collections.Counter(
            int(at - self._begun) for at, failed in self._chart.requests
            if failed == wanted) for wanted in (False, True))
        unit = STRIP / max((good + bad).values())
        yield _text(12, self._bottom - STRIP / 2, 'requests per second')

        for second in sorted(good | bad):
            x = LEFT + second * self._scale
            low = float(self._bottom)

            for count, colour in ((good[second], COLOURS['start']),
                                  (bad[second], FAILED)):
                low -= count * unit
                yield _rect(x, low, self._scale * 0.85, count * unit, colour)


def _markers() -> Iterable[str]:
    for name, colour in (('arrow', '#777777'), ('critical', CRITICAL)):
        yield (f'<marker id="{name}" viewBox="0 0 6 6" refX="5" refY="3" '
               f'markerWidth="6" markerHeight="6" orient="auto">'
               f'<path d="M0 0L6 3L0 6z" fill="{colour}"/></marker>')


_HEAD = ('<rect width="100%" height="100%" fill="#ffffff"/>',
         f'<defs>{"".join(_markers())}</defs>')


def _time(seconds: int) -> str:
    return f'{seconds} s' if seconds < 120 else f'{seconds / 60:g} min'


def _fitting(text: str, width: float) -> str:
    most = max(int(width / CHARACTER), 1)

    return text if len(text) <= most else f'{text[:most - 1]}…'


def _diamond(x: float, y: float) -> str:
    return (f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z" '
            f'fill="{TEXT}" stroke="#ffffff"/>')


def _text(x: float, y: float, text: str, size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'fill="{TEXT}">{saxutils.escape(text)}</text>')


def _rect(x: float, y: float, width: float, height: float, fill: str,
          title: str = '', more: str = '') -> str:
    said = f'<title>{saxutils.escape(title)}</title>' if title else ''

    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{fill}" {more}>{said}</rect>')
