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

"""An upgrade while a prober uses the cloud, and what was seen of it."""

import dataclasses
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import availability as operation_availability
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report as operation_report
from tripleo_workflows.rollout import drawing
from tripleo_workflows.rollout import timeline
from tripleo_workflows.undercloud.ci import driving

LOOK_SECONDS = 0.5
#: How long the first users may take, before the upgrade begins all the same.
BEFORE_SECONDS = 30.0
#: How long a prober may go on after an upgrade to reach what was asked for.
PATIENCE_SECONDS = 600.0


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a prober sends at least."""

    requests: int
    writes: int

    def is_reached(self, requests: int, writes: int) -> bool:
        """Whether so many are enough."""
        return requests >= self.requests and writes >= self.writes


class ProbedUpgrade:
    """Carries a rollout out while a prober uses the cloud.

    :param probes: as :func:`probing.probes` gives them.
    :param rate: requests per second.
    """

    def __init__(self, driver: driving.Driver,
                 probes: Sequence[Mapping[str, Any]],
                 rate: float = prober.RATE):
        self.probe = prober.Prober(probes, rate)
        self._driver = driver
        self._leaves_rows = any('left' in probe for probe in probes)
        self._record = operation_record.Record(driver.clients.swift,
                                               driver.plan)
        # Until it has ended well it is the plan's newest operation.
        self._operation = ''
        #: What the prober saw; None until it was stopped.
        self.report: availability.Report | None = None
        #: How long the upgrade took, without what the prober sent after it.
        self.seconds = 0.0

    @property
    def requests(self) -> int:
        """How many requests have ended."""
        return self.probe.report().total.requests

    @property
    def writes(self) -> int:
        """How many writes can be read back.

        Where no probe says what it leaves behind, how many requests were
        sent that may have written something.
        """
        return (self.probe.written if self._leaves_rows
                else self.probe.report().total.writes)

    def run(self, digest: str, wanted: Wanted) -> availability.Report:
        """Run it; the prober goes on until it has sent what is wanted.

        The prober's report goes into the operation's record.

        :returns: that report.

        :raises WorkflowFailed: the upgrade did not end well. There is a
            report all the same.
        """
        self.probe.start()

        try:
            self._let_users_come()
            begun = time.monotonic()

            try:
                self._driver.workflow('tripleo.upgrade.v1.run',
                                      plan=self._driver.plan, digest=digest)
            finally:
                self.seconds = time.monotonic() - begun

            self._go_on(wanted)
        finally:
            self.report = self.probe.stop()

        self._operation = str(self.story().opened['operation'])
        operation_availability.store(self._record, self._operation,
                                     self.availability())

        return self.report

    def _let_users_come(self) -> None:
        """Wait until each request has been answered once.

        The first ones fill the caches of processes that may be fresh, which
        shall not be held against the upgrade.
        """
        _wait_for(lambda: all(
            figures.requests for figures
            in self.probe.report().endpoints.values()), BEFORE_SECONDS)

    def _go_on(self, wanted: Wanted) -> None:
        _wait_for(lambda: wanted.is_reached(self.requests, self.writes),
                  PATIENCE_SECONDS)

    def story(self) -> operation_report.Story:
        """What the record holds of the upgrade."""
        return operation_report.read(self._record, self._operation)

    def availability(self) -> dict[str, Any]:
        """What the prober saw, in all and while each step ran.

        :raises NotFound: nothing was probed.
        """
        if self.report is None:
            raise exceptions.NotFound('The prober was not started.')

        return self.report.to_dict(probing.steps(self.story()))

    def picture(self) -> str:
        """The upgrade and the requests over time, as SVG."""
        report = self.report
        requests = [] if report is None else [
            (report.began + outcome.at, bool(outcome.reason))
            for outcome in report.outcomes]
        verdict = '' if report is None else f': {report.verdict()}'

        return drawing.svg(timeline.of_nodes(
            f'Upgrade of {self._driver.plan}{verdict}', self.story(),
            requests))


def _wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds, or so much time has passed."""
    deadline = time.monotonic() + seconds

    while not condition() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
