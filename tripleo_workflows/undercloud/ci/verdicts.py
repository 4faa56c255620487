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

"""What the upgrades of a run have shown, all of them together."""

import dataclasses
from collections.abc import Sequence

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.undercloud.ci import cloud
from tripleo_workflows.undercloud.ci import upgrading
from tripleo_workflows.undercloud.ci import versions

#: How many findings a text has.
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Totals:
    """What probers have sent in all upgrades."""

    requests: int
    writes: int
    failed: int


def totals(upgrades: Sequence[cloud.Upgrade]) -> Totals:
    """Add up what probers have sent."""
    probed = [upgrade.probed for upgrade in upgrades]

    return Totals(
        sum(each.requests for each in probed),
        sum(each.writes for each in probed),
        sum(each.report.total.failed for each in probed if each.report))


def require_available(upgrades: Sequence[cloud.Upgrade],
                      wanted: upgrading.Wanted) -> None:
    """Refuse requests that failed, or that were too few to tell.

    :raises StepFailed: that is so.
    """
    seen = totals(upgrades)

    if seen.failed:
        failures = [
            f'{failure.probe} {failure.reason}'
            for upgrade in upgrades if upgrade.probed.report
            for failure in upgrade.probed.report.failures]
        raise exceptions.StepFailed(
            f'{availability.verdict(seen.requests, seen.failed)}: '
            f'{"; ".join(failures[:SHOWN])}.',
            'See which steps cost them in availability.json, and the '
            "service's own log at that time.")

    if seen.requests < wanted.requests or seen.writes < wanted.writes:
        raise exceptions.StepFailed(
            f'Only {seen.requests} of {wanted.requests} requests and '
            f'{seen.writes} of {wanted.writes} writes came to an end.',
            'Look for what is slow, or ask for fewer with --requests and '
            '--writes.')


def require_rows(reads: Sequence[availability.ReadBack]) -> None:
    """Refuse rows that are missing, or there twice.

    :raises StepFailed: that is so.
    """
    wrong = sum(read.wrong for read in reads)
    failures = [failure for read in reads for failure in read.failures]

    if wrong or failures:
        rows = sum(read.rows for read in reads)
        raise exceptions.StepFailed(
            f'{wrong} of {rows} rows are not there once: '
            f'{"; ".join(failures[:SHOWN])}.',
            'A write that was confirmed was lost or done twice: see what '
            'ran at that time in record.json.')


def require_versions(upgrades: Sequence[cloud.Upgrade]) -> None:
    """Refuse versions that are not what the upgrades were to bring.

    :raises StepFailed: that is so.
    """
    found = [problem for upgrade in upgrades for problem in versions.problems(
        upgrade.watch.before, upgrade.watch.after, upgrade.old, upgrade.new)]

    if found:
        raise exceptions.StepFailed(
            ' '.join(found), 'See versions.json, and whether the step '
            '"package" of the service installs what its release says.')
