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

"""The command ``tripleo-undercloud``."""

import argparse
import os
import pathlib
import shlex
import sys

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import logs
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import command as ci

_NEXT = """
The undercloud is up. Next:
  eval "$(tripleo-undercloud env{option})"
  openstack stack list
  openstack workflow list
  openstack container list
  tripleo-undercloud node add{option} NAME...
  tripleo-undercloud down{option}    # stops everything"""
_ROW = '{:9} {:9} {:8} {:>8} {:>8}  {}'


def main(argv: list[str] | None = None) -> int:
    """Run the command; errors end it with one line and exit code 1."""
    # What is written here may hold secrets, whatever the caller's mask.
    os.umask(0o077)
    arguments = _parser().parse_args(argv)

    try:
        code: int = arguments.func(arguments)
    except exceptions.TripleoError as error:
        print(f'tripleo-undercloud: {error}', file=sys.stderr)
        return 1

    return code


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        '--state-dir', type=pathlib.Path, metavar='DIR',
        default=undercloud_state.default_path(),
        help='where everything is kept (default: %(default)s)')
    parser = argparse.ArgumentParser(
        prog='tripleo-undercloud',
        description='Real Keystone, Swift, Heat and Mistral on loopback, '
                    'without root, broker or database server.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    command = commands.add_parser(
        'up', parents=[common], help='start it, or resume what is there')

    for service, port in undercloud_state.DEFAULT_PORTS.items():
        command.add_argument(f'--{service}-port', type=int, metavar='PORT',
                             help=f'(default: {port})')

    command.set_defaults(func=_up)

    for name, function, text in (
            ('down', _down, 'stop everything'),
            ('status', _status, 'show the services; 0 if all answer'),
            ('env', _env, 'print OS_* variables for a shell')):
        command = commands.add_parser(name, parents=[common], help=text)
        command.set_defaults(func=function)

    logs.add_arguments(commands.add_parser(
        'logs', parents=[common], help='show what services and nodes logged'))
    nodes.add_arguments(commands.add_parser('node', help='local nodes'),
                        common)
    ci.add_arguments(commands.add_parser(
        'ci', parents=[common],
        help='deploy a plan and upgrade it while it is used'))

    return parser


def _state(arguments: argparse.Namespace) -> undercloud_state.StateDirectory:
    return undercloud_state.StateDirectory(arguments.state_dir)


def _say(line: str) -> None:
    print(line, flush=True)


def _up(arguments: argparse.Namespace) -> int:
    chosen = {service: port for service in undercloud_state.SERVICES
              if (port := getattr(arguments, f'{service}_port')) is not None}
    embedded.up(_state(arguments), chosen, _say)
    option = ('' if arguments.state_dir == undercloud_state.default_path()
              else f' --state-dir {shlex.quote(str(arguments.state_dir))}')
    _say(_NEXT.format(option=option))

    return 0


def _down(arguments: argparse.Namespace) -> int:
    embedded.down(_state(arguments))
    _say('The undercloud is down; nothing of it runs.')

    return 0


def _status(arguments: argparse.Namespace) -> int:
    services = embedded.status(_state(arguments))
    _say(_ROW.format('Service', 'State', 'Answers', 'PID', 'RSS', 'URL'))

    for service in services:
        _say(_ROW.format(
            service.name, service.state.lower(),
            'yes' if service.ready else 'no', service.pid or '-',
            f'{service.memory} MiB', service.url))

    return 0 if all(service.ready for service in services) else 1


def _env(arguments: argparse.Namespace) -> int:
    _say(credentials.exports(_state(arguments)))

    return 0
