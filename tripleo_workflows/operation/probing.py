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

"""A prober beside an operation."""

import time
from collections.abc import Iterator
from typing import Any

from heatclient.v1 import client as heat_client
from keystoneauth1 import exceptions as keystone_exceptions

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability as availability_check
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import availability
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.stack import cloud as stack_cloud

#: Seconds between two lines of progress, and two looks at the operation.
LINE_SECONDS = 1.0
#: Seconds between two writes of the report, unless writing takes long.
WRITE_SECONDS = 15.0
#: How many failures of a second are told.
FAILURES_TOLD = 3

#: What stands between us and the record while a service restarts.
_AWAY = (exceptions.ServiceUnavailable,
         keystone_exceptions.ClientException, OSError)


def probes(heat: heat_client.Client, plan: str) -> list[dict[str, Any]]:
    """The probes that services of a stack name in their lifecycles.

    :returns: checks, each called ``<service>: <its name>``.
    :raises NotFound: there is no such stack, or no service has probes.
    """
    cloud = stack_cloud.read(heat, plan, stack_cloud.roles(heat, plan))
    found: list[dict[str, Any]] = []

    for services in cloud.role_data.values():
        for service, data in services.items():
            for probe in data['lifecycle'].get('probe', []):
                named = {**probe, 'name': f'{service}: {probe.get("name")}'}

                # A service may run in several roles.
                if named not in found:
                    found.append(named)

    if not found:
        raise exceptions.NotFound(
            'No service of the stack names a probe in its lifecycle.',
            'Add the key probe to one, or name URLs.', plan=plan)

    return found


def steps(story: report.Story) -> Iterator[availability_check.Step]:
    """What an operation did on nodes, and when.

    A step that has not ended on a node is as long as it is known.
    """
    for (service, batch), entries in story.batches.items():
        for step, entry in entries.items():
            begun = entry.get('begun')

            for node, known in entry.get('nodes', {}).items():
                if begun is not None:
                    ended = known.get(
                        'known', begun + known.get('seconds', 0))
                    yield availability_check.Step(
                        service, str(batch), step, node, begun,
                        max(begun, ended))


class Probing:
    """Probes while an operation of a plan runs, and reports to its record.

    The operation is the one that is open, or the next that is opened.

    :param probe: one that was not started yet.
    """

    def __init__(self, record: operation_record.Record,
                 probe: prober.Prober):
        self._record = record
        self._probe = probe
        self._operation = ''
        self._told = 0
        self._failed = 0
        self._write_at = 0.0
        #: The object that holds the report; empty: no operation was open.
        self.name = ''

    def follow(self, seconds: float | None = None) -> Iterator[str]:
        """Probe, and tell every second what was seen.

        It ends with the operation, which may yet have to begin; who stops
        earlier closes the iterator.

        :param seconds: probe for so long instead.
        """
        self._probe.start()
        begun = time.monotonic()
        self._write_at = begun + WRITE_SECONDS

        while True:
            time.sleep(LINE_SECONDS)
            now = time.monotonic()
            yield from self._news(now - begun)

            try:
                ended = self._look()

                if self._operation and now >= self._write_at:
                    self._write(self._probe.report())
                    self._write_at = time.monotonic() + max(
                        WRITE_SECONDS, 20 * (time.monotonic() - now))
            except _AWAY as error:
                ended = False
                yield f'{now - begun:6.0f} s  the record is away: {error}'

            if ended if seconds is None else now - begun >= seconds:
                return

    def finish(self) -> dict[str, Any]:
        """Stop, write the report into the operation's record, and return it.

        :raises ServiceUnavailable: it cannot be written.
        """
        return self._write(self._probe.stop())

    def _news(self, seconds: float) -> Iterator[str]:
        news = self._probe.outcomes(self._told)
        self._told += len(news)
        failed = [seen for seen in news if seen.reason]
        self._failed += len(failed)
        slowest = max((seen.seconds for seen in news), default=0.0)
        yield (f'{seconds:6.0f} s  '
               f'{availability_check.verdict(self._told, self._failed)}; '
               f'slowest of the last second {slowest * 1000:.0f} ms')

        for seen in failed[:FAILURES_TOLD]:
            yield f'{seen.at:6.1f} s  {seen.probe} {seen.reason}'

    def _look(self) -> bool:
        """Find the operation; say whether it has ended."""
        if not self._operation:
            names = set(self._record.names(''))
            self._operation = next(
                (operation for name in names
                 if (operation := name.partition('/')[0])
                 and name == f'{operation}/operation.json'
                 and f'{operation}/closed.json' not in names), '')

        return bool(self._operation and self._record.get(
            f'{self._operation}/closed.json'))

    def _write(self, seen: availability_check.Report) -> dict[str, Any]:
        if not self._operation:
            return seen.to_dict()

        form = seen.to_dict(steps(report.read(self._record,
                                              self._operation)))
        self.name = availability.store(self._record, self._operation, form)

        return form
