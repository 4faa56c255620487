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

"""What a prober has seen, in figures: per endpoint, and per step."""

import bisect
import dataclasses
import itertools
import math
import statistics
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

#: How many failures a report describes; the others are only counted.
FAILURES_SHOWN = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How one request ended.

    :param at: when it was sent, in seconds since the prober's start.
    :param seconds: how long it took.
    :param probe: the probe's name.
    :param write: whether it was a write.
    :param reason: why it failed; empty where it succeeded.
    """

    at: float
    seconds: float
    probe: str
    write: bool
    reason: str


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of an operation on a node.

    :param batch: its name in the record: a number, or what comes before and
        after the batches.
    :param begun: seconds since the epoch, like ``ended``.
    """

    service: str
    batch: str
    step: str
    node: str
    begun: float
    ended: float


@dataclasses.dataclass(frozen=True)
class Figures:
    """What requests looked like.

    :param median: median latency of those that succeeded, in milliseconds.
    :param p99: the latency, in milliseconds, that 99 % of them kept.
    :param maximum: the highest of these latencies, in milliseconds.
    :param gap: the longest time without a success at one endpoint, in
        seconds.
    """

    requests: int
    writes: int
    failed: int
    median: float
    p99: float
    maximum: float
    gap: float


@dataclasses.dataclass(frozen=True)
class ReadBack:
    """What was found of what flows have written.

    :param rows: how many runs of flows were looked at.
    :param wrong: of how many something is missing, or there too often.
    :param failures: what is wrong with the first few.
    """

    rows: int
    wrong: int
    failures: tuple[str, ...]

    def verdict(self) -> str:
        """Say the two numbers that matter in one line."""
        return f'{self.rows} writes read back, {self.wrong} wrong'


@dataclasses.dataclass(frozen=True)
class Report:
    """What a prober has seen.

    :param began: when it started, in seconds since the epoch.
    :param seconds: how long it has been running.
    :param outcomes: of all requests that have ended, by the time of sending.
    :param total: over all endpoints.
    :param endpoints: by the probe's name.
    """

    began: float
    seconds: float
    outcomes: tuple[Outcome, ...]
    total: Figures
    endpoints: dict[str, Figures]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The first few requests that failed."""
        return tuple(itertools.islice(
            (seen for seen in self.outcomes if seen.reason), FAILURES_SHOWN))

    def verdict(self) -> str:
        """Say the two numbers that matter in one line."""
        return verdict(self.total.requests, self.total.failed)

    def to_dict(self, steps: Iterable[Step] = ()) -> dict[str, Any]:
        """Give the compact JSON form, with what fell into steps.

        :returns: ``began``, ``seconds``, the figures of the total,
            ``endpoints`` (figures by name), ``steps`` (rows as
            :func:`per_step` gives them) and the first ``failures``.
        """
        return {
            'began': round(self.began, 3), 'seconds': round(self.seconds, 3),
            **_rounded(self.total),
            'endpoints': {name: _rounded(figures) for name, figures
                          in self.endpoints.items()},
            'steps': per_step(self, steps),
            'failures': [{'when': round(self.began + seen.at, 3),
                          'probe': seen.probe, 'reason': seen.reason}
                         for seen in self.failures]}


def verdict(requests: int, failed: int) -> str:
    """Say the two numbers that matter in one line."""
    return f'{requests} requests, {failed} failed requests'


def report(outcomes: Iterable[Outcome], probes: Iterable[str], began: float,
           seconds: float) -> Report:
    """Work the figures out.

    :param probes: names of all probes, also of those without an outcome.
    """
    ordered = tuple(sorted(outcomes, key=lambda seen: seen.at))
    endpoints = {
        name: _figures(group, _longest_gap(_marks(group, seconds)))
        for name, group in _by_probe(ordered, probes).items()}

    return Report(
        began, seconds, ordered, _figures(ordered, max(
            figures.gap for figures in endpoints.values())), endpoints)


def per_step(report: Report, steps: Iterable[Step]) -> list[dict[str, Any]]:
    """What users saw while each step ran, on whatever nodes.

    A request counts where it was under way while the step ran, so steps that
    run side by side share requests.

    :returns: rows of ``service``, ``batch``, ``step``, ``requests``,
        ``failed``, ``gap`` (the longest time within the step without a
        success at one endpoint, in seconds) and ``endpoint`` (which one),
        in order of time.
    """
    spans: dict[tuple[str, str, str], tuple[float, float]] = {}

    for step in steps:
        key = step.service, step.batch, step.step
        begun, ended = spans.get(key, (step.begun, step.ended))
        spans[key] = min(begun, step.begun), max(ended, step.ended)

    windows = _Windows(report)

    return [{'service': service, 'batch': batch, 'step': name,
             **windows.look(begun - report.began, ended - report.began)}
            for (service, batch, name), (begun, ended) in sorted(
                spans.items(), key=lambda item: item[1])]


class _Windows:
    """Looks at the part of a report that lies between two moments."""

    def __init__(self, report: Report):
        self._outcomes = report.outcomes
        self._sent = [seen.at for seen in report.outcomes]
        self._longest = max((seen.seconds for seen in report.outcomes),
                            default=0.0)
        self._marks = {
            name: _marks(group, report.seconds) for name, group in
            _by_probe(report.outcomes, report.endpoints).items()}

    def look(self, begun: float, ended: float) -> dict[str, Any]:
        """Count what was under way; times are seconds since the start."""
        # Only these can have been.
        near = self._outcomes[
            bisect.bisect_left(self._sent, begun - self._longest):
            bisect.bisect_right(self._sent, ended)]
        during = [seen for seen in near if seen.at + seen.seconds >= begun]
        gap, endpoint = max((_longest_gap(marks, begun, ended), name)
                            for name, marks in self._marks.items())

        return {'requests': len(during),
                'failed': sum(bool(seen.reason) for seen in during),
                'gap': round(gap, 3), 'endpoint': endpoint if gap else ''}


def _by_probe(outcomes: Iterable[Outcome], probes: Iterable[str]
              ) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {name: [] for name in probes}

    for seen in outcomes:
        groups[seen.probe].append(seen)

    return groups


def _marks(outcomes: Iterable[Outcome], seconds: float) -> list[float]:
    """When an endpoint gave good answers, between the begin and the end."""
    good = sorted(seen.at + seen.seconds for seen in outcomes
                  if not seen.reason)

    return [0.0, *good, max([seconds, *good[-1:]])]


def _longest_gap(marks: Sequence[float], begun: float = 0.0,
                 ended: float = math.inf) -> float:
    """The longest time between two marks, as far as it lies in a window."""
    first = max(bisect.bisect_right(marks, begun) - 1, 0)
    last = bisect.bisect_left(marks, ended) + 1
    inside = [min(max(mark, begun), ended) for mark in marks[first:last]]

    return max((later - earlier for earlier, later
                in itertools.pairwise(inside)), default=0.0)


def _figures(outcomes: Sequence[Outcome], gap: float) -> Figures:
    latencies = sorted(seen.seconds * 1000 for seen in outcomes
                       if not seen.reason) or [0.0]

    return Figures(
        requests=len(outcomes),
        writes=sum(seen.write for seen in outcomes),
        failed=sum(bool(seen.reason) for seen in outcomes),
        median=statistics.median(latencies),
        p99=latencies[math.ceil(len(latencies) * 0.99) - 1],
        maximum=latencies[-1], gap=gap)


def _rounded(figures: Figures) -> dict[str, Any]:
    return {name: round(value, 3) for name, value
            in dataclasses.asdict(figures).items()}
