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
from collections.abc import Iterable
from typing import Any

from cliff import columns
from osc_lib.command import command

from tripleo_workflows.operation import history
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.operation import status
from tripleo_workflows.osc import executions
from tripleo_workflows.osc import options

Row = dict[str, Any]

WORKBOOK = 'tripleo.operation.v1'


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
                [(lock.at(row['time']),
                  *('' if row.get(name) is None else row[name]
                    for name in names))
                 for row in history.log(story)])


class ShowStatus(command.Lister):
    """Show how every service stands on every node"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_operation(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        names = ('service', 'phase', 'node', 'release', 'revision', 'step',
                 'status', 'since', 'why')
        found = status.read(self.app.client_manager.tripleo,
                            parsed_args.plan, parsed_args.operation)

        return (tuple(name.capitalize() for name in names),
                [tuple(row[name] for name in names)
                 for row in found['rows']])


class WatchOperation(command.Command):
    """Follow the open operation of a plan until it ends

    Where somebody goes on with it, the new execution is followed; where the
    undercloud does not answer, it is tried again.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return options.plan(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.watch(self, parsed_args.plan)


class PauseOperation(command.ShowOne):
    """Begin nothing more in an operation; what runs on nodes ends"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_reason(options.plan(super().get_parser(prog_name)))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        output = executions.run_quietly(
            self.app.client_manager.tripleo.mistral, f'{WORKBOOK}.pause',
            plan=parsed_args.plan, reason=parsed_args.reason)

        return zip(*[
            (key, Lines(value) if isinstance(value, list) else value)
            for key, value in output.items()], strict=True)


class ResumeOperation(command.Command):
    """Go on with an operation that was left open, and follow it"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _with_take_over(super().get_parser(prog_name))
        parser.add_argument(
            '--retry-failed', action='store_true',
            help='Give failed and interrupted steps another attempt')
        changed = parser.add_argument_group('what is changed from now on')
        changed.add_argument(
            '--service', metavar='<service>', default='',
            help='Change the policy of this one (default: of all services)')
        changed.add_argument(
            '--max-failures', metavar='<nodes>',
            help='How many nodes may fail, as in 1 or 25%%')
        changed.add_argument(
            '--soak', metavar='<seconds>', type=float,
            help='How long the gate must stay green after the canary')
        changed.add_argument(
            '--concurrency', metavar='<services>', type=int,
            help='How many services are carried out side by side')
        changed.add_argument(
            '--deadline', metavar='<seconds>', type=float,
            help='From now on, after which the operation is expired')
        options.window(changed)

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.run(
            self, parsed_args.plan, f'{WORKBOOK}.resume',
            deadline_seconds=parsed_args.deadline,
            **{name: getattr(parsed_args, name) for name in (
                'take_over', 'retry_failed', 'reason', 'service',
                'max_failures', 'soak', 'concurrency', 'not_before',
                'not_after')})


class SkipNode(command.Command):
    """Leave a service alone on a node, and go on"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = options.plan(super().get_parser(prog_name))
        parser.add_argument('service', metavar='<service>')
        parser.add_argument('node', metavar='<node>')

        return _with_reason(parser, required=True)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.run(self, parsed_args.plan, f'{WORKBOOK}.skip',
                       service=parsed_args.service, node=parsed_args.node,
                       reason=parsed_args.reason)


class ApproveStep(command.Command):
    """Approve of a step that waits for it, and go on"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = options.plan(super().get_parser(prog_name))
        parser.add_argument('service', metavar='<service>')
        parser.add_argument('step', metavar='<step>')

        return _with_reason(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.run(self, parsed_args.plan, f'{WORKBOOK}.approve',
                       service=parsed_args.service, step=parsed_args.step,
                       reason=parsed_args.reason)


class WaiveCheck(command.Command):
    """Let a check fail, and go on"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = options.plan(super().get_parser(prog_name))
        parser.add_argument('check', metavar='<check>',
                            help='The name that its failure shows')

        return _with_reason(parser, required=True)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.run(self, parsed_args.plan, f'{WORKBOOK}.waive',
                       check=parsed_args.check, reason=parsed_args.reason)


class AbortOperation(command.Command):
    """End an operation that was left open, where it stands"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_take_over(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        executions.run(self, parsed_args.plan, f'{WORKBOOK}.abort',
                       take_over=parsed_args.take_over,
                       reason=parsed_args.reason)


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


def _with_operation(parser: argparse.ArgumentParser
                    ) -> argparse.ArgumentParser:
    options.plan(parser).add_argument(
        '--operation', metavar='<id>', default='',
        help="Id of the operation (default: the plan's newest)")

    return parser


def _with_reason(parser: argparse.ArgumentParser, required: bool = False
                 ) -> argparse.ArgumentParser:
    parser.add_argument('--reason', metavar='<text>', default='',
                        required=required, help='Why, for the record')

    return parser


def _with_take_over(parser: argparse.ArgumentParser
                    ) -> argparse.ArgumentParser:
    _with_reason(options.plan(parser)).add_argument(
        '--take-over', action='store_true',
        help='Also end an execution that is RUNNING, since its engine died')

    return parser
