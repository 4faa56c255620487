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

"""Draw an operation as its record and a prober saw it, as SVG."""

import collections
from collections.abc import Sequence
from xml.sax import saxutils

from tripleo_workflows.checks import availability

COLOURS = {
    'check': '#bdbdbd', 'drain': '#f6c667', 'stop': '#e58a6b',
    'package': '#9fb8d9', 'configure': '#7a9cc6', 'start': '#8cc084',
    'reload': '#8cc084', 'verify': '#4f9d69', 'undrain': '#2f7f6f',
    'gate': '#8e7cc3'}
OTHER = '#999999'
WIDTH, LEFT, RIGHT = 960, 190, 16
ROW, TOP, STRIP = 26, 66, 60


def draw(title: str, steps: Sequence[availability.Step],
         report: availability.Report) -> str:
    """Draw the steps of each node over time, and the requests below them."""
    seen = [(report.began + outcome.at, outcome.reason)
            for outcome in report.outcomes]
    begun = min([bar.begun for bar in steps] + [at for at, _ in seen])
    ended = max([bar.ended for bar in steps] + [at for at, _ in seen])
    scale = (WIDTH - LEFT - RIGHT) / max(ended - begun, 1)
    lanes = sorted({(bar.node, bar.service) for bar in steps})
    bottom = TOP + ROW * len(lanes) + STRIP + 10

    def x(at: float) -> float:
        return LEFT + (at - begun) * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{bottom + 30}" viewBox="0 0 {WIDTH} {bottom + 30}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        _text(12, 24, title, size=15)]
    parts += _legend({bar.step for bar in steps})

    for number, (node, service) in enumerate(lanes):
        y = TOP + ROW * number
        parts += [_text(12, y + 16, f'{node.partition("-")[2] or node}'
                                    f' · {service}'),
                  _rect(LEFT, y + 2, WIDTH - LEFT - RIGHT, ROW - 6,
                        '#f2f2f2')]
        parts += [_rect(x(bar.begun), y + 2,
                        max((bar.ended - bar.begun) * scale, 1.5), ROW - 6,
                        COLOURS.get(bar.step, OTHER),
                        f'{bar.step}: {bar.ended - bar.begun:.1f} s')
                  for bar in steps if (bar.node, bar.service) ==
                  (node, service)]

    parts += _requests(seen, begun, scale, bottom)
    parts += _axis(ended - begun, scale, bottom)

    return '\n'.join([*parts, '</svg>', ''])


def _legend(used: set[str]) -> list[str]:
    parts, x = [], LEFT

    for step in [name for name in COLOURS if name in used]:
        parts += [_rect(x, 40, 10, 10, COLOURS[step]),
                  _text(x + 14, 50, step)]
        x += 26 + 7 * len(step)

    return parts


def _requests(seen: Sequence[tuple[float, str]], begun: float, scale: float,
              bottom: float) -> list[str]:
    """A column per second: what succeeded, and on top of it what failed."""
    good = collections.Counter(
        int(at - begun) for at, reason in seen if not reason)
    bad = collections.Counter(
        int(at - begun) for at, reason in seen if reason)
    unit = STRIP / max([*(good + bad).values(), 1])
    parts = [_text(12, bottom - STRIP / 2, 'requests per second')]

    for second in sorted(good | bad):
        x = LEFT + second * scale
        high, low = good[second] * unit, bad[second] * unit
        parts += [_rect(x, bottom - high, scale * 0.85, high, '#8cc084'),
                  _rect(x, bottom - high - low, scale * 0.85, low,
                        '#c0392b')]

    return parts


def _axis(seconds: float, scale: float, bottom: float) -> list[str]:
    every = next(step for step in (1, 5, 10, 30, 60, 300, 3600, 86400)
                 if seconds / step <= 15)

    # Next to the right edge a label would be cut off.
    return [_text(LEFT + at * scale, bottom + 18, f'{at} s')
            for at in range(0, int(seconds * 0.97) + 1, every)]


def _text(x: float, y: float, text: str, size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'fill="#333333">{saxutils.escape(text)}</text>')


def _rect(x: float, y: float, width: float, height: float, fill: str,
          title: str = '') -> str:
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{fill}">'
            f'<title>{saxutils.escape(title)}</title></rect>')
