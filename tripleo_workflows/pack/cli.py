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

"""The command ``tripleo-workflows``."""

import argparse
import pathlib
import sys
import warnings

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import watchdog
from tripleo_workflows.pack import check
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import store as plan_store


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Errors end it with one line and exit code 1; so do findings of a check.
    """
    arguments = _parser().parse_args(argv)

    try:
        found = arguments.func(arguments)
    except exceptions.TripleoError as error:
        print(f'tripleo-workflows: {error}', file=sys.stderr)
        return 1

    return int(found or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='tripleo-workflows',
        description='Tools of the workflow pack. The cloud to talk to comes '
                    'from OS_CLOUD or the OS_* variables.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    command = commands.add_parser(
        'sync', help='make Mistral hold exactly the workbooks of this pack')
    command.add_argument(
        'files', type=pathlib.Path, nargs='*', metavar='FILE',
        help='hold exactly these workbooks instead, and leave others alone')
    command.add_argument(
        '--force', action='store_true',
        help='change workbooks even while an operation is open')
    command.set_defaults(func=_sync)

    command = commands.add_parser(
        'check', help='ask the checks of a file from here; ends with the '
                      "worst result's code: 0, 1, 2 or 255")
    command.add_argument('file', type=pathlib.Path, metavar='FILE',
                         help='a YAML list of checks')
    command.add_argument(
        '--fact', action='append', default=[], metavar='NAME=VALUE',
        help='value of a variable that checks use; may be repeated')
    command.set_defaults(func=_check)

    command = commands.add_parser(
        'lint', help='check workbooks and workflows against the code')
    command.add_argument(
        'files', type=pathlib.Path, nargs='*', metavar='FILE',
        help='a workbook, or plain workflows; they may call each other and '
             'the pack (default: the workbooks of this pack)')
    command.add_argument(
        '--ignore', action='append', default=[], metavar='RULE',
        help='leave a rule out; may be repeated')
    command.set_defaults(func=_lint)

    command = commands.add_parser(
        'rehearse', help='run workflows on the real engine, in one process '
                         'and without services')
    command.add_argument('files', type=pathlib.Path, nargs='+',
                         metavar='FILE', help='a file of rehearsals, or a '
                                              'directory of them')
    command.add_argument(
        '--full', action='store_true',
        help='end with 1, too, where something was not covered')
    command.set_defaults(func=_rehearse)

    command = commands.add_parser(
        'watchdog', help='resume operations that an accident has stopped, '
                         'and report the others')
    command.add_argument('--plan', metavar='NAME', default='',
                         help='look at this plan only')
    command.add_argument(
        '--stuck-seconds', type=int, metavar='SECONDS',
        default=watchdog.STUCK_SECONDS,
        help='how long nothing may move in a running execution '
             '(default: %(default)s)')
    command.set_defaults(func=_watch)

    plan = commands.add_parser('plan', help='plans in the object store')
    plan_commands = plan.add_subparsers(required=True, metavar='COMMAND')
    command = plan_commands.add_parser(
        'upload', help='upload a directory of templates as a plan')
    command.add_argument('directory', type=pathlib.Path, metavar='DIR')
    command.add_argument('name', metavar='NAME')
    command.add_argument(
        '-e', '--environment', type=pathlib.Path, action='append',
        default=[], metavar='FILE',
        help='an environment file to add to the plan; may be repeated')
    command.add_argument(
        '--follow-links', action='store_true',
        help='take the files that links out of DIR lead to')
    command.set_defaults(func=_upload)

    return parser


def _sync(arguments: argparse.Namespace) -> None:
    outcome = sync.synchronise(
        service_clients.from_environment(),
        workbooks.load(arguments.files or None),
        whole=not arguments.files, force=arguments.force)

    for name, what in outcome.items():
        print(f'{what:10} {name}')


def _lint(arguments: argparse.Namespace) -> bool:
    _need_mistral()
    from tripleo_workflows.pack.lint import checker

    ours = workbooks.paths()
    found = checker.check(arguments.files or ours,
                          beside=ours if arguments.files else (),
                          ignored=arguments.ignore)

    for finding in found:
        print(finding)

    return bool(found)


def _rehearse(arguments: argparse.Namespace) -> bool:
    _need_mistral()
    from tripleo_workflows.pack.rehearsal import rehearse

    files = [file for path in arguments.files for file in (
        sorted(path.glob('*.yaml')) if path.is_dir() else [path])]

    return rehearse.rehearse(files, workbooks.paths(), arguments.full)


def _need_mistral() -> None:
    """Make Mistral's code ready to be imported.

    Only some commands need it; who talks to a Mistral need not have one.
    """
    try:
        import mistral  # noqa: F401
        from oslo_service import backend
    except ImportError:
        raise exceptions.NotFound(
            'Mistral is not installed here, and this needs its code.',
            'Run it where Mistral runs, or install '
            'tripleo-workflows[undercloud].') from None

    # Its libraries warn of each other.
    warnings.filterwarnings('ignore', r'\s*Eventlet is deprecated')
    backend.register_backend_default_hook(
        lambda: backend.BackendType.THREADING)


def _check(arguments: argparse.Namespace) -> int:
    return check.run(arguments.file, arguments.fact)


def _watch(arguments: argparse.Namespace) -> None:
    outcome = watchdog.watch(service_clients.from_environment(),
                             arguments.plan, arguments.stuck_seconds)

    for what, rows in outcome.items():
        for row in rows:
            print(f'{what:10} {row["plan"]} {row["operation"]} '
                  f'{row["state"]}: {row["reason"]}')


def _upload(arguments: argparse.Namespace) -> None:
    files = plan_store.read_directory(arguments.directory,
                                      arguments.follow_links)
    environment = plan_environment.load(files)

    for path in arguments.environment:
        name = f'environments/{path.name}'

        try:
            files[name] = path.read_text()
        except OSError as error:
            raise exceptions.InvalidInput(
                f'{path}: {error.strerror}.', 'Name a file that can be read.',
                field='environment') from None

        environment.setdefault('environments', []).append({'path': name})

    if arguments.environment:
        files[plan_environment.FILE] = plan_environment.dump(environment)

    store = plan_store.PlanStore(service_clients.from_environment().swift,
                                 arguments.name)

    if not store.exists():
        store.create()

    written = store.write(files)
    print(f'{len(written)} of {len(files)} files written to the plan '
          f'{arguments.name}.')
    print(f'Next: openstack workflow execution create '
          f'tripleo.plan_management.v1.create_deployment_plan '
          f'\'{{"container": "{arguments.name}"}}\'')
