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

"""``openstack tripleo node …``."""

import argparse
from collections.abc import Iterable
from typing import Any

from osc_lib.command import command

from tripleo_workflows import clients as service_clients
from tripleo_workflows.deployments import objects
from tripleo_workflows.osc import executions
from tripleo_workflows.osc import options

WORKFLOW = 'tripleo.deployment.v1.survey'
#: Characters of a revision that people read.
SHORT = 8

Row = dict[str, Any]


class SurveyNodes(command.Lister):
    """Ask all nodes of a plan what they are, run and have completed

    Where a node and the record differ, the column Drift says how. A node
    that does not answer in time makes the command fail after the table.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = options.plan(super().get_parser(prog_name))
        parser.add_argument(
            '--timeout', metavar='<seconds>', type=int, default=60,
            help='How long nodes may take to answer (default: 60)')

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        rows = survey(self.app.client_manager.tripleo, parsed_args.plan,
                      parsed_args.timeout)
        self._silent = [row['node'] for row in rows if not row['answered']]

        return (('Node', 'Answered', 'Fence', 'Services', 'Running', 'Drift'),
                [(row['node'],
                  f'{row["seconds"]} s' if row['answered'] else 'no',
                  row['fence'], _services(row['services']),
                  _running(row['running']), '\n'.join(row['drift']))
                 for row in rows])

    def run(self, parsed_args: argparse.Namespace) -> int:
        status: int = super().run(parsed_args)

        return status or (1 if self._silent else 0)


def survey(clients: service_clients.Clients, plan: str, seconds: int
           ) -> list[Row]:
    """Run the workflow and read the table that it leaves."""
    output = executions.run_quietly(clients.mistral, WORKFLOW, plan=plan,
                                    timeout_seconds=seconds)
    container, _, name = output['table'].partition('/')
    rows: list[Row] = objects.Objects(clients, container).get(name)

    return rows


def _services(services: dict[str, Row]) -> str:
    return '\n'.join(_service(name, service)
                     for name, service in sorted(services.items()))


def _service(name: str, service: Row) -> str:
    if not service.get('revision'):
        return f'{name} {service["step"]} {service["status"]}'

    return f'{name} {service["release"]} {service["revision"][:SHORT]}'


def _running(payloads: Iterable[Row]) -> str:
    return '\n'.join(
        f'{payload["service"]} {payload["step"]} {payload["seconds"]:.0f} s'
        for payload in payloads)
