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

"""``openstack tripleo operation …``."""

import argparse
import datetime
from collections.abc import Iterable
from typing import Any

from cliff import columns
from osc_lib.command import command

from tripleo_workflows.operation import progress
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.osc import executions

Row = dict[str, Any]


class ListOperations(command.Lister):
    """List operations, the newest first"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('--plan', metavar='<plan>',
                            help='Only of this plan (default: all plans)')

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        clients = self.app.client_manager.tripleo
        names = ([parsed_args.plan] if parsed_args.plan
                 else report.plans(clients))
        rows = [row for name in names
                for row in report.operations(clients, name)]
        rows.sort(key=lambda row: row['since'], reverse=True)

        return (('Operation', 'Plan', 'Verb', 'Person', 'Since', 'State'),
                [tuple(row[key] for key in (
                    'operation', 'plan', 'verb', 'person', 'since', 'state'))
                 for row in rows])


class ShowOperation(command.ShowOne):
    """Show how an operation stands, and what is to be decided"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_operation(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        shown = report.show(self.app.client_manager.tripleo,
                            parsed_args.plan, parsed_args.operation)

        return zip(*[
            (key, Lines(value) if isinstance(value, list | dict) else value)
            for key, value in shown.items()], strict=True)


class ShowOperationLog(command.Lister):
    """Show everything that happened in an operation, in order of time"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_operation(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        story = report.read(operation_record.Record(
            self.app.client_manager.tripleo.swift, parsed_args.plan),
            parsed_args.operation)
        names = ('service', 'batch', 'step', 'node', 'what', 'seconds')

        return (('Time', *(name.capitalize() for name in names)),
                [(_moment(row['time']),
                  *('' if row.get(name) is None else row[name]
                    for name in names))
                 for row in report.log(story)])


class ResumeOperation(command.Command):
    """Go on with an operation that was left open, and follow it"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_decision(parser)
        parser.add_argument(
            '--retry-failed', action='store_true',
            help='Give failed and interrupted steps another attempt')

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        _run(self, 'tripleo.operation.v1.resume', parsed_args,
             retry_failed=parsed_args.retry_failed)


class AbortOperation(command.Command):
    """End an operation that was left open, where it stands"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_decision(parser)

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        _run(self, 'tripleo.operation.v1.abort', parsed_args)


class Lines(columns.FormattableColumn):
    """Rows as lines for people, and as they are for machines."""

    def human_readable(self) -> str:
        rows = (self._value if isinstance(self._value, list)
                else [f'{key}: {value}' for key, value
                      in self._value.items() if value])

        return '\n'.join(_line(row) for row in rows)

    def machine_readable(self) -> Any:
        return self._value


def _line(row: Row | str) -> str:
    if isinstance(row, str):
        return row

    return ' '.join(_words(row))


def _words(row: Row) -> Iterable[str]:
    for key, value in row.items():
        if value in ('', None, False):
            continue

        if key == 'nodes':
            yield ', '.join(f'{count} {status}'
                            for status, count in value.items())
        elif key in ('batch', 'fence'):
            yield f'{key} {value}'
        elif key in ('take_over', 'retry_failed'):
            yield key.replace('_', ' ')
        else:
            yield str(value)


def _moment(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(
        epoch, datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def _with_operation(parser: argparse.ArgumentParser
                    ) -> argparse.ArgumentParser:
    parser.add_argument('plan', metavar='<plan>', help='Name of the plan')
    parser.add_argument(
        '--operation', metavar='<id>', default='',
        help="Id of the operation (default: the plan's newest)")

    return parser


def _add_decision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('plan', metavar='<plan>', help='Name of the plan')
    parser.add_argument(
        '--take-over', action='store_true',
        help='Also end an execution that is RUNNING or PAUSED')
    parser.add_argument('--reason', metavar='<text>', default='',
                        help='Why, for the record')


def _run(cmd: command.Command, workflow: str,
         parsed_args: argparse.Namespace, **inputs: Any) -> None:
    clients = cmd.app.client_manager.tripleo
    execution = clients.mistral.executions.create(
        workflow, workflow_input={
            'plan': parsed_args.plan, 'reason': parsed_args.reason,
            'take_over': parsed_args.take_over, **inputs}).id

    for line in progress.follow(clients, parsed_args.plan, execution):
        print(line, file=cmd.app.stdout, flush=True)

    output = executions.output_of(clients.mistral, execution)
    print(output['message'], file=cmd.app.stdout)
