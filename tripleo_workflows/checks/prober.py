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

import concurrent.futures
import itertools
import math
import threading
import time
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import http
from tripleo_workflows.checks import schema
from tripleo_workflows.checks import variables

#: Requests per second over all endpoints together.
RATE = 20.0


class Prober:
    """Send requests at a steady rate, each once and over a new connection.

    The rate is kept whatever the answers do: a slow one delays no other. An
    answer that the probe does not want, or that comes too late, is a
    failure, as is a connection that is refused or reset.

    :param probes: checks of the kind ``http``, asked in turn; the ones of
        the same name are one endpoint.
    :param rate: requests per second over all endpoints together.
    :raises InvalidInput: there is no probe, or one is not well-formed.
    """

    def __init__(self, probes: Sequence[Mapping[str, Any]],
                 rate: float = RATE):
        if not probes:
            raise exceptions.InvalidInput(
                'There is no probe.', 'Name at least one endpoint.')

        self._probes = [_Probe(probe) for probe in probes]
        self._rate = rate
        self._outcomes: list[availability.Outcome] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._began = 0.0
        self._started = 0.0
        self._ended = 0.0
        # Enough threads that a request never waits for another one's.
        self._pool = concurrent.futures.ThreadPoolExecutor(
            math.ceil(rate * max(probe.request.timeout
                                 for probe in self._probes)) + 1, 'prober')
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
            self.outcomes(), [probe.name for probe in self._probes],
            self._began, seconds)

    def outcomes(self, skip: int = 0) -> list[availability.Outcome]:
        """Requests that have ended, in that order.

        :param skip: how many of them the caller knows already.
        """
        with self._lock:
            return self._outcomes[skip:]

    def _schedule(self) -> None:
        for number, probe in enumerate(itertools.cycle(self._probes), 1):
            self._pool.submit(self._ask, probe)
            due = self._started + number / self._rate

            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return

    def _ask(self, probe: '_Probe') -> None:
        sent = time.monotonic()

        try:
            reason = probe.ask()
        except Exception as error:
            # Whatever it was: a request that is not counted would pass for
            # one that succeeded.
            reason = http.reason(error)

        seconds = time.monotonic() - sent

        if not reason and seconds > probe.request.timeout:
            reason = 'answered too late'

        with self._lock:
            self._outcomes.append(availability.Outcome(
                sent - self._started, seconds, probe.name,
                probe.request.is_write, reason))


class _Probe:
    """One endpoint as one kind of user sees it."""

    def __init__(self, check: Mapping[str, Any]):
        schema.require(check)
        self.name = str(check['name'])

        if 'http' not in check:
            raise exceptions.InvalidInput(
                f'A probe cannot be of kind {schema.kind_of(check)}.',
                "Write 'http: {url: …}'.", check=self.name)

        self._options = check['http']

        try:
            self.request = http.prepare(self._options, {})
        except variables.Unfilled as error:
            raise exceptions.InvalidInput(
                error.details, 'A probe has no node: write addresses out.',
                check=self.name) from None

    def ask(self) -> str:
        """Send the request; say why it failed, if it did."""
        return http.problem_of(self._options, self.request.send())


def of_urls(urls: Iterable[str]) -> list[dict[str, Any]]:
    """Probes that read URLs, which must answer in the 200s."""
    return [{'name': http.without_secrets(url),
             'http': {'url': url.replace('$', '$$')}} for url in urls]
