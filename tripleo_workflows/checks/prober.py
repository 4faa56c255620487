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

"""Ask endpoints without a break, as their users would."""

import collections
import concurrent.futures
import itertools
import math
import threading
import time
import uuid
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import flow
from tripleo_workflows.checks import http

#: Requests per second over all endpoints together.
RATE = 20.0
#: How many rows are looked for at once, when nothing is probed any more.
READERS = 4


class Prober:
    """Send requests at a steady rate, each once and over a new connection.

    The rate is kept whatever the answers do: a slow one delays no other. An
    answer that the probe does not want, or that comes too late, is a
    failure, as is a connection that is refused or reset.

    :param probes: as :data:`schema.PROBE` has them, asked in turn; requests
        of the same name are one endpoint.
    :param rate: requests per second over all endpoints together.
    :raises InvalidInput: there is no probe, or one is not well-formed.
    """

    def __init__(self, probes: Sequence[Mapping[str, Any]],
                 rate: float = RATE):
        if not probes:
            raise exceptions.InvalidInput(
                'There is no probe.', 'Name at least one endpoint.')

        self._endpoints = [_Endpoint(probe) for probe in probes]
        self._requests = [request for endpoint in self._endpoints
                          for request in endpoint.flow.requests]
        self._written: list[flow.Run] = []
        self._rate = rate
        self._outcomes: list[availability.Outcome] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._began = 0.0
        self._started = 0.0
        self._ended = 0.0
        # Enough threads that a request never waits for another one's.
        self._pool = concurrent.futures.ThreadPoolExecutor(
            math.ceil(rate * max(request.timeout
                                 for request in self._requests)) + 1,
            'prober')
        self._thread = threading.Thread(
            target=self._schedule, name='prober', daemon=True)

    def start(self) -> None:
        """Begin to send requests; a prober starts once."""
        self._began = time.time()
        self._started = time.monotonic()
        self._thread.start()

    def stop(self) -> availability.Report:
        """Send no more, wait for the answers that are due, and report."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()
        self._ended = self._ended or time.monotonic()

        return self.report()

    def report(self) -> availability.Report:
        """Say what has been seen so far."""
        seconds = (self._ended or time.monotonic()) - self._started

        return availability.report(
            self.outcomes(), [request.name for request in self._requests],
            self._began, seconds)

    def outcomes(self, skip: int = 0) -> list[availability.Outcome]:
        """Requests that have ended, in that order.

        :param skip: how many of them the caller knows already.
        """
        with self._lock:
            return self._outcomes[skip:]

    @property
    def written(self) -> int:
        """How many runs have written what can be read back."""
        with self._lock:
            return len(self._written)

    def read_back(self) -> availability.ReadBack:
        """Look for what the flows have written; call it after ``stop``."""
        with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
            problems = pool.map(lambda run: run.flow.problem_of(run.known),
                                self._written)
            wrong = [f'{run.flow.name}: {problem}' for run, problem
                     in zip(self._written, problems, strict=True) if problem]

        return availability.ReadBack(
            len(self._written), len(wrong),
            tuple(wrong[:availability.FAILURES_SHOWN]))

    def _schedule(self) -> None:
        for number, endpoint in enumerate(
                itertools.cycle(self._endpoints), 1):
            self._pool.submit(self._ask, endpoint, endpoint.take())
            due = self._started + number / self._rate

            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return

    def _ask(self, endpoint: '_Endpoint', run: flow.Run) -> None:
        request = run.request
        sent = time.monotonic()

        try:
            reason = run.ask()
        except Exception as error:
            # Whatever it was: a request that is not counted would pass for
            # one that succeeded.
            reason = http.reason(error)

        seconds = time.monotonic() - sent

        if not reason and seconds > request.timeout:
            reason = 'answered too late'

        with self._lock:
            self._outcomes.append(availability.Outcome(
                sent - self._started, seconds, request.name,
                request.is_write, reason))

        if not run.is_over:
            endpoint.give_back(run)
        elif not reason and endpoint.flow.leaves_something:
            with self._lock:
                self._written.append(run)


class _Endpoint:
    """A flow, and those of its runs that have a request to send."""

    def __init__(self, probe: Mapping[str, Any]):
        self.flow = flow.Flow(probe)
        self._due: collections.deque[flow.Run] = collections.deque()

    def take(self) -> flow.Run:
        """The run whose request is next; a new one where none waits."""
        try:
            return self._due.popleft()
        except IndexError:
            return flow.Run(self.flow, str(uuid.uuid4()))

    def give_back(self, run: flow.Run) -> None:
        """Let a run wait for its next turn."""
        self._due.append(run)


def of_urls(urls: Iterable[str]) -> list[dict[str, Any]]:
    """Probes that read URLs, which must answer in the 200s."""
    return [{'name': http.without_secrets(url),
             'http': {'url': url.replace('$', '$$')}} for url in urls]
