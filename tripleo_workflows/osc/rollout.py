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

"""``openstack tripleo upgrade preview`` and ``… run``."""

import argparse
import json
import sys
from typing import Any

from osc_lib import exceptions as osc_exceptions
from osc_lib.command import command

from tripleo_workflows import clients as service_clients
from tripleo_workflows.checks import contract
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.osc import executions
from tripleo_workflows.osc import options
from tripleo_workflows.rollout import comparison
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import drawing
from tripleo_workflows.rollout import timeline
from tripleo_workflows.rollout import tree

WORKBOOK = 'tripleo.upgrade.v1'
#: Columns of a table of checks.
COLUMNS = ('result', 'service', 'step', 'node', 'name', 'details', 'remedy')


class PreviewUpgrade(command.Command):
    """Show what bringing a cloud to its plan would do, and why

    The plan's stack is updated, which only computes; no node is touched.
    The rollout that is shown is saved, and "openstack tripleo upgrade run"
    carries it out.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _with_selection(super().get_parser(prog_name))
        parser.add_argument(
            '-f', '--format', choices=('tree', 'json', 'svg'), default='tree',
            help='A tree for people, the document, or a drawing of its '
                 'services over time (default: %(default)s)')
        parser.add_argument(
            '--digest', metavar='<digest>', default='',
            help='Show this rollout, which was computed before; a drawing '
                 'has the times of the operation that ran it')
        parser.add_argument(
            '--diff', action='store_true',
            help='Show which inputs and scripts change, too; of secrets, '
                 'only the names')
        parser.add_argument(
            '--check-only', action='store_true',
            help='Ask whether the cloud is ready for it instead: the nodes, '
                 'the checks before and the gates; fail if one fails')

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if parsed_args.check_only:
            self._check(parsed_args)
            return

        clients = self.app.client_manager.tripleo
        record = operation_record.Record(clients.swift, parsed_args.plan)
        digest = (_whole(record, parsed_args.digest) if parsed_args.digest
                  else _preview(clients, parsed_args))
        document = record.document(digest)
        print(_FORMATS[parsed_args.format](record, document, digest),
              file=self.app.stdout)

        if parsed_args.diff:
            print(comparison.diff(record, document), file=self.app.stdout)

    def _check(self, parsed_args: argparse.Namespace) -> None:
        clients = self.app.client_manager.tripleo
        output = executions.run_quietly(
            clients.mistral, f'{WORKBOOK}.check', **_inputs(parsed_args))
        record = operation_record.Record(clients.swift, parsed_args.plan)
        found = record.get(output['table'].partition('/')[2]) or {}

        for row in found.get('checks', output['checks']):
            print(_result(row), file=self.app.stdout)

        counts = ', '.join(f'{count} {word}' for word, count
                           in output['counts'].items())
        print(f'Checks: {counts or "none"}', file=self.app.stdout)

        if output['failed']:
            raise osc_exceptions.CommandError(
                f'{output["failed"]} of the checks say that the upgrade must '
                f'not begin.')


class RunUpgrade(command.Command):
    """Carry a rollout out, exactly as it was shown, and follow it

    Without a digest, the rollout is computed and shown, and it begins when
    you agree.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _with_selection(super().get_parser(prog_name))
        parser.add_argument(
            'digest', metavar='<digest>', nargs='?', default='',
            help='What a preview showed; its first characters are enough')
        parser.add_argument('--yes', action='store_true',
                            help='Do not ask before it begins')
        options.window(parser)

        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        clients = self.app.client_manager.tripleo
        record = operation_record.Record(clients.swift, parsed_args.plan)
        digest = (_whole(record, parsed_args.digest) if parsed_args.digest
                  else _preview(clients, parsed_args))

        if not parsed_args.digest:
            print(tree.tree(record.document(digest), digest),
                  file=self.app.stdout, flush=True)

            if not (parsed_args.yes or self._agreed()):
                raise osc_exceptions.CommandError('Nothing was begun.')

        executions.run(self, parsed_args.plan, f'{WORKBOOK}.run',
                       digest=digest, not_before=parsed_args.not_before,
                       not_after=parsed_args.not_after)

    def _agreed(self) -> bool:
        print('Run it? [y/N] ', end='', file=self.app.stdout, flush=True)

        return self.app.stdin.readline().strip().lower() in ('y', 'yes')


def _preview(clients: service_clients.Clients,
             parsed_args: argparse.Namespace) -> str:
    """Compute the rollout; return its digest."""
    output = executions.run_quietly(
        clients.mistral, f'{WORKBOOK}.preview', **_inputs(parsed_args))

    if output['silent']:
        print(f'Nodes that do not answer: {", ".join(output["silent"])}',
              file=sys.stderr)

    return str(output['digest'])


def _inputs(parsed_args: argparse.Namespace) -> dict[str, Any]:
    return {'plan': parsed_args.plan, 'verb': parsed_args.verb,
            'selected': {kind: names for kind in ('services', 'roles',
                                                  'nodes')
                         if (names := getattr(parsed_args, kind))}}


def _whole(record: operation_record.Record, begin: str) -> str:
    """The digest that begins with some characters.

    :raises CommandError: none does, or several do.
    """
    found = [name.removeprefix('documents/').removesuffix('.json')
             for name in record.names(f'documents/{begin}')]

    if len(found) != 1:
        raise osc_exceptions.CommandError(
            f'{len(found) or "No"} rollouts of {record.plan} begin with '
            f'{begin}. Give the digest that a preview showed.')

    return found[0]


def _tree(record: operation_record.Record, document: dict[str, Any],
          digest: str) -> str:
    return tree.tree(document, digest)


def _json(record: operation_record.Record, document: dict[str, Any],
          digest: str) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _svg(record: operation_record.Record, document: dict[str, Any],
         digest: str) -> str:
    story = report.newest_of(record, digest)

    return drawing.svg(timeline.of_services(document, tree.headline(
        document, digest), story))


_FORMATS = {'tree': _tree, 'json': _json, 'svg': _svg}


def _result(row: dict[str, Any]) -> str:
    words = {**row, 'result': contract.Code(row['result']).name.lower()}

    return ' '.join(str(words[name]) for name in COLUMNS if words[name])


def _with_selection(parser: argparse.ArgumentParser
                    ) -> argparse.ArgumentParser:
    options.plan(parser)
    # The client takes --verb for its own --verbose.
    parser.add_argument(
        '--expect', choices=rollout_document.VERBS, default='upgrade',
        dest='verb',
        help='What you expect: an update that would change a release is '
             'refused, for example (default: %(default)s)')

    for kind in ('service', 'role', 'node'):
        parser.add_argument(
            f'--{kind}', metavar=f'<{kind}>', action='append',
            dest=f'{kind}s', default=[],
            help=f'Only this {kind}; may be repeated')

    return parser
