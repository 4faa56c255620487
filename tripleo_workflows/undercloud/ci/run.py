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

"""A run: a plan is deployed and upgraded while it is used, and judged."""

import contextlib
from collections.abc import Iterator
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report as operation_report
from tripleo_workflows.undercloud import node_names
from tripleo_workflows.undercloud.ci import clock as run_clock
from tripleo_workflows.undercloud.ci import cloud as run_cloud
from tripleo_workflows.undercloud.ci import folder as run_folder
from tripleo_workflows.undercloud.ci import junit
from tripleo_workflows.undercloud.ci import preflight
from tripleo_workflows.undercloud.ci import request as run_request
from tripleo_workflows.undercloud.ci import scenario as run_scenario
from tripleo_workflows.undercloud.ci import session
from tripleo_workflows.undercloud.ci import upgrading
from tripleo_workflows.undercloud.ci import verdicts

SUITE = 'release-to-release'
#: Exit codes.
WELL, UNWELL, NOT_BEGUN = 0, 1, 2


def run(request: run_request.Request, clock: run_clock.Clock) -> int:
    """Carry out what is asked for, and write the report.

    :returns: 0 where all is well, 2 where nothing was begun, else 1.
    :raises InvalidInput: the report cannot be written.
    """
    folder = run_folder.Folder(request.report, clock.tell)
    folder.begin()
    suite = junit.Suite(SUITE, request.cases())

    try:
        with (suite.case(run_request.PREFLIGHT),
              clock.part('What the run needs')):
            scenario = examine(request)
    except junit.Stopped:
        clock.tell(suite[run_request.PREFLIGHT].text)
        suite.write(folder.path / run_folder.JUNIT)
        return NOT_BEGUN

    undercloud = session.find(request.state)

    with session.taken_down(undercloud, request.keep):
        work = Run(request, scenario, suite, clock)

        try:
            work.carry_out(undercloud)
        finally:
            work.write(folder)

        work.end(undercloud, folder)

    for line in work.summary():
        clock.tell(line)

    return WELL if suite.passed else UNWELL


def examine(request: run_request.Request) -> run_scenario.Scenario:
    """See whether a run can begin; nothing is changed.

    :raises Failed: it cannot; the text says all that is missing.
    """
    problems: list[exceptions.TripleoError] = [
        *preflight.programs(request.programs),
        *preflight.package_source(request.packages)]

    try:
        node_names.check_subnet(request.subnet)
        scenario = request.scenario()
    except exceptions.TripleoError as error:
        raise preflight.failure([error, *problems]) from None

    problems += preflight.disk_space(
        request.state.root, len(scenario.nodes), scenario.releases)

    if problems:
        raise preflight.failure(problems)

    return scenario


class Run:
    """The part of a run that needs an undercloud."""

    def __init__(self, request: run_request.Request,
                 scenario: run_scenario.Scenario, suite: junit.Suite,
                 clock: run_clock.Clock):
        self._request = request
        self._scenario = scenario
        self._suite = suite
        self._clock = clock
        self._cloud: run_cloud.Cloud | None = None
        self._reads: list[availability.ReadBack] = []

    def carry_out(self, undercloud: session.Undercloud) -> None:
        """Deploy and upgrade as far as it goes, then judge."""
        with contextlib.suppress(junit.Stopped):
            cloud = self._deploy(undercloud)

            for hop in self._scenario.hops:
                with self._suite.case(hop.title):
                    cloud.upgrade(hop, self._request.rate,
                                  self._left(cloud, hop))

        if self._cloud and self._cloud.upgrades:
            self._judge(self._cloud)

    def _deploy(self, undercloud: session.Undercloud) -> run_cloud.Cloud:
        with self._suite.case(run_request.DEPLOY):
            with self._clock.part('A real undercloud'):
                session.start(undercloud, self._clock.tell)

            self._cloud = run_cloud.Cloud(
                self._request.state, self._request.subnet, self._scenario,
                self._clock)
            self._cloud.deploy(run_request.DEPLOY)

            if self._request.before_upgrade:
                self._cloud.run_command(self._request.before_upgrade)

        return self._cloud

    def _left(self, cloud: run_cloud.Cloud, hop: run_scenario.Hop
              ) -> upgrading.Wanted:
        """What an upgrade's prober has to send: the last one, the rest."""
        if hop is not self._scenario.hops[-1]:
            return upgrading.Wanted(0, 0)

        seen = verdicts.totals(cloud.upgrades)

        return upgrading.Wanted(self._request.wanted.requests - seen.requests,
                                self._request.wanted.writes - seen.writes)

    def _judge(self, cloud: run_cloud.Cloud) -> None:
        """Decide what all upgrades have shown, whether or not all ended."""
        upgrades = cloud.upgrades

        with (contextlib.suppress(junit.Stopped),
              self._suite.case(run_request.AVAILABILITY)):
            verdicts.require_available(upgrades, self._request.wanted)

        with (contextlib.suppress(junit.Stopped),
              self._suite.case(run_request.READ_BACK) as case):
            # Last of all, so that later upgrades may have lost them, too.
            self._reads = [upgrade.probed.probe.read_back()
                           for upgrade in upgrades]
            verdicts.require_rows(self._reads)

            if not any(read.rows for read in self._reads):
                case.has_nothing('No probe of the plan says what its writes '
                                 'leave behind.')

        with (contextlib.suppress(junit.Stopped),
              self._suite.case(run_request.VERSIONS) as case):
            verdicts.require_versions(upgrades)

            if not any(upgrade.watch.before or upgrade.watch.after
                       for upgrade in upgrades):
                case.has_nothing('No service that listens is a Python '
                                 'package of its own name.')

    def write(self, folder: run_folder.Folder) -> None:
        """Write the report."""
        self._suite.write(folder.path / run_folder.JUNIT)
        folder.write('timings.json', self._timings)
        cloud = self._cloud

        if cloud is None:
            return

        folder.write('record.json', lambda: [
            {'name': title, **run_folder.record_of(
                cloud.clients, self._scenario.stack, operation)}
            for title, operation in cloud.operations.items()])
        folder.write('versions.json', lambda: [
            {'name': upgrade.title, **upgrade.watch.to_dict()}
            for upgrade in cloud.upgrades])
        folder.write('availability.json', lambda: self._availability(cloud))

        for number, upgrade in enumerate(cloud.upgrades, 1):
            name = f'rollout-{number}.svg' if number > 1 else 'rollout.svg'
            folder.write(name, upgrade.probed.picture)

    def _timings(self) -> dict[str, Any]:
        return {
            'seconds': round(self._clock.seconds, 1),
            'parts': [{'name': title, 'seconds': round(seconds, 1)}
                      for title, seconds in self._clock.parts],
            'operations': list(self._operations())}

    def _operations(self) -> Iterator[dict[str, Any]]:
        if self._cloud is None:
            return

        record = operation_record.Record(self._cloud.clients.swift,
                                         self._scenario.stack)
        seconds = {upgrade.title: upgrade.probed.seconds
                   for upgrade in self._cloud.upgrades}

        for title, operation in self._cloud.operations.items():
            taken = seconds.get(title, self._suite[title].seconds)
            yield {'name': title, 'seconds': round(taken, 1),
                   'steps': list(run_folder.steps_of(
                       operation_report.read(record, operation)))}

    def _availability(self, cloud: run_cloud.Cloud) -> dict[str, Any]:
        seen = verdicts.totals(cloud.upgrades)

        return {
            'requests': seen.requests, 'writes': seen.writes,
            'failed': seen.failed,
            'rows_read_back': sum(read.rows for read in self._reads),
            'rows_wrong': sum(read.wrong for read in self._reads),
            'upgrades': [
                {'name': upgrade.title, **upgrade.probed.availability()}
                for upgrade in cloud.upgrades]}

    def end(self, undercloud: session.Undercloud, folder: run_folder.Folder
            ) -> None:
        """Keep logs of what went wrong, and clean up after what went well.

        Only an undercloud that stays has to be cleaned.
        """
        if not self._suite.passed:
            folder.keep_logs(undercloud.state)
        elif (self._cloud and undercloud.was_there
                and not self._request.keep):
            self._cloud.take_off()

    def summary(self) -> Iterator[str]:
        """The last lines: what went wrong, then the figures."""
        yield '\n== Summary'
        yield from self._clock.summary()

        for case in self._suite.cases:
            if case.outcome == junit.FAILED:
                yield f'\n{case.name} failed: {case.text}'

        # As stestr counts, so that both can be read alike.
        yield '\nCases:'
        yield f' - Passed: {self._suite.count(junit.PASSED)}'
        yield f' - Failed: {self._suite.count(junit.FAILED)}'
        yield f'The report is in {self._request.report}.\n'

        if self._request.keep:
            yield ('All was left running: eval "$(tripleo-undercloud env '
                   f'--state-dir {self._request.state.root})"\n')

        if not (self._cloud and self._cloud.upgrades):
            return

        for upgrade in self._cloud.upgrades:
            yield f'{upgrade.title}: {upgrade.probed.seconds:.1f} s'

        if any(read.rows for read in self._reads):
            yield availability.ReadBack(
                sum(read.rows for read in self._reads),
                sum(read.wrong for read in self._reads), ()).verdict()

        seen = verdicts.totals(self._cloud.upgrades)
        yield availability.verdict(seen.requests, seen.failed)
