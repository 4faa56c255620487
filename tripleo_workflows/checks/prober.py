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

"""Measure the availability of endpoints as their users see it."""

import concurrent.futures
import dataclasses
import itertools
import math
import statistics
import threading
import time
from collections.abc import Sequence

from tripleo_workflows.checks import http as http_check

#: How many failures a report describes; the others are only counted.
FAILURES_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How one request ended.

    :param at: when it was sent, in seconds since the prober's start.
    :param seconds: how long it took.
    :param url: the base URL of the endpoint that was asked.
    :param write: whether it was a write.
    :param reason: why it failed; empty where it succeeded.
    """

    at: float
    seconds: float
    url: str
    write: bool
    reason: str


@dataclasses.dataclass(frozen=True)
class Report:
    """What a prober has seen.

    :param outcomes: of all requests that have ended, by the time of sending.
    :param gaps: by endpoint, the longest time without a success, in seconds.
    :param seconds: how long the prober has been running.
    :param requests: how many requests have ended.
    :param writes: how many of these were writes.
    :param failed: how many of these failed.
    :param failures: the first few that failed.
    :param median: median latency of the requests that succeeded, in
        milliseconds.
    :param p99: the latency, in milliseconds, that 99 % of them kept.
    :param maximum: the highest of these latencies, in milliseconds.
    """

    outcomes: tuple[Outcome, ...]
    gaps: dict[str, float]
    seconds: float
    requests: int
    writes: int
    failed: int
    failures: tuple[Outcome, ...]
    median: float
    p99: float
    maximum: float

    def verdict(self) -> str:
        """Say the two numbers that matter in one line."""
        return f'{self.requests} requests, {self.failed} failed requests'


class Prober:
    """Send requests at a steady rate, each once and over a new connection.

    The rate is kept whatever the answers do: a slow one delays no other.
    Anything but an answer of the 200s in time is a failure.

    :param urls: the endpoints' base URLs, asked in turn.
    :param rate: requests per second over all endpoints together.
    :param write_every: every how many requests one is a write (a POST).
    :param write_path: the path of writes, below the base URL.
    :param timeout: after how many seconds an answer is too late.
    """

    def __init__(self, urls: Sequence[str], rate: float = 20,
                 write_every: int = 10, write_path: str = '/items',
                 timeout: float = 5):
        self._urls = [url.rstrip('/') for url in urls]
        self._rate = rate
        self._write_every = write_every
        self._write_path = write_path
        self._timeout = timeout
        self._outcomes: list[Outcome] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._started = 0.0
        self._ended = 0.0
        # Enough threads that a request never waits for another one's.
        self._pool = concurrent.futures.ThreadPoolExecutor(
            math.ceil(rate * timeout) + 1, 'prober')
        self._thread = threading.Thread(
            target=self._schedule, name='prober', daemon=True)

    def start(self) -> None:
        """Begin to send requests; a prober starts once."""
        self._started = time.monotonic()
        self._thread.start()

    def stop(self) -> Report:
        """Send no more, wait for the answers that are due, and report."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()
        self._ended = self._ended or time.monotonic()

        return self.report()

    def report(self) -> Report:
        """Say what has been seen so far."""
        seconds = (self._ended or time.monotonic()) - self._started

        with self._lock:
            outcomes = sorted(self._outcomes, key=lambda seen: seen.at)

        failed = [seen for seen in outcomes if seen.reason]
        latencies = sorted(
            seen.seconds * 1000 for seen in outcomes
            if not seen.reason) or [0.0]

        return Report(
            outcomes=tuple(outcomes),
            gaps={url: _longest_gap(outcomes, url, seconds)
                  for url in self._urls},
            seconds=seconds,
            requests=len(outcomes),
            writes=sum(seen.write for seen in outcomes),
            failed=len(failed),
            failures=tuple(failed[:FAILURES_SHOWN]),
            median=statistics.median(latencies),
            p99=latencies[math.ceil(len(latencies) * 0.99) - 1],
            maximum=latencies[-1])

    def _schedule(self) -> None:
        # Writes take turns of their own, so that they reach every endpoint
        # whatever the two numbers' common divisors.
        reads, writes = (itertools.cycle(self._urls) for _ in range(2))

        for number in itertools.count(1):
            write = number % self._write_every == 0
            url = next(writes if write else reads)
            self._pool.submit(self._ask, url, number, write)
            due = self._started + number / self._rate

            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return

    def _ask(self, url: str, number: int, write: bool) -> None:
        sent = time.monotonic()
        reason = ''

        try:
            if write:
                answer = http_check.request(
                    url + self._write_path, 'POST',
                    f'probe {number}'.encode(), timeout=self._timeout)
            else:
                answer = http_check.request(url, timeout=self._timeout)

            if not 200 <= answer.status < 300:
                reason = f'answered {answer.status}'
        except Exception as error:
            # Whatever it was: a request that is not counted would pass for
            # one that succeeded.
            reason = http_check.reason(error)

        seconds = time.monotonic() - sent

        if not reason and seconds > self._timeout:
            reason = 'answered too late'

        with self._lock:
            self._outcomes.append(Outcome(
                sent - self._started, seconds, url, write, reason))


def _longest_gap(outcomes: Sequence[Outcome], url: str,
                 seconds: float) -> float:
    """The longest time in which an endpoint gave no good answer."""
    good = sorted(seen.at + seen.seconds for seen in outcomes
                  if seen.url == url and not seen.reason)

    return max(later - earlier for earlier, later
               in itertools.pairwise([0.0, *good, seconds]))
