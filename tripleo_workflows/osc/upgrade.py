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

"""``openstack tripleo upgrade …``."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from osc_lib.command import command

from tripleo_workflows.checks import prober
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.osc import options

#: Columns of the table, by their names in a report.
_FIGURES = {'requests': 'Requests', 'failed': 'Failed',
            'median': 'Median ms', 'p99': '99 % ms', 'maximum': 'Most ms',
            'gap': 'Longest gap s'}

Row = dict[str, Any]


class ProbeUpgrade(command.Lister):
    """Measure how available a cloud is while an operation changes it

    Sends requests to the endpoints that the lifecycles of the plan's stack
    name as probes, each on a new connection and once. Ends when the plan's
    open operation has ended, or, if none is open, the next one. The report
    goes into the operation's record. Fails if a request failed.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = options.plan(super().get_parser(prog_name))
        parser.add_argument(
            '--rate', metavar='<number>', type=float, default=prober.RATE,
            help='Requests per second over all endpoints '
                 '(default: %(default)g)')
        parser.add_argument(
            '--seconds', metavar='<seconds>', type=float,
            help='Probe for so long, whatever becomes of the operation')
        parser.add_argument(
            '--url', metavar='<url>', action='append',
            help='Read this URL, instead of what lifecycles name; may be '
                 'repeated')

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        clients = self.app.client_manager.tripleo
        probes = (prober.of_urls(parsed_args.url) if parsed_args.url
                  else probing.probes(clients.heat, parsed_args.plan))
        probe = prober.Prober(probes, parsed_args.rate)
        beside = probing.Probing(
            operation_record.Record(clients.swift, parsed_args.plan), probe)

        # Who has seen enough still gets the report.
        with contextlib.suppress(KeyboardInterrupt):
            for line in beside.follow(parsed_args.seconds):
                print(line, file=sys.stderr, flush=True)

        report = beside.finish()
        found = probe.read_back()
        self._failed = report['failed'] + found.wrong

        if found.rows:
            print(found.verdict(), *found.failures, sep='\n',
                  file=sys.stderr)

        print(f'Report: {beside.name}' if beside.name else
              'No operation was open, so no record has the report.',
              file=sys.stderr)

        return (('Endpoint or step', *_FIGURES.values()),
                [tuple(row.get(name, '') for name in ('where', *_FIGURES))
                 for row in _rows(report)])

    def run(self, parsed_args: argparse.Namespace) -> int:
        status: int = super().run(parsed_args)

        return status or (1 if self._failed else 0)


def _rows(report: Row) -> Iterator[Row]:
    for name, figures in report['endpoints'].items():
        yield {'where': name, **figures}

    if len(report['endpoints']) > 1:
        yield {**report, 'where': 'all endpoints'}

    for step in report['steps']:
        yield {**step, 'where':
               f'{step["service"]}.{step["batch"]} {step["step"]}'}
