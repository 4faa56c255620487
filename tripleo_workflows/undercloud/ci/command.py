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

"""The command ``tripleo-undercloud ci``."""

import argparse
import pathlib
from typing import Any

from tripleo_workflows.checks import prober
from tripleo_workflows.undercloud import node_names
from tripleo_workflows.undercloud import state as undercloud_state

DESCRIPTION = """
Deploy a plan on local nodes and upgrade it while a prober uses it. Each --to
is an upgrade, in the order given; a second plan takes the first one's place
in the first upgrade. Exit code 0: all went well and no request failed; 2:
something that the run needs is missing, and nothing was begun; 1: anything
else. The report is a folder with junit.xml, timings.json, availability.json,
record.json, versions.json and a picture of each upgrade.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to its parser."""
    files: dict[str, Any] = {'type': pathlib.Path, 'action': 'append',
                             'metavar': 'FILE', 'default': []}
    parser.description = DESCRIPTION
    parser.add_argument('plan', type=pathlib.Path, metavar='PLAN',
                        help='directory of the plan that is deployed')
    parser.add_argument('second', type=pathlib.Path, metavar='SECOND_PLAN',
                        nargs='?', help='directory of the plan to upgrade to')
    parser.add_argument('--name', metavar='STACK',
                        help="of the plan's stack (default: the name in its "
                             'environment)')
    parser.add_argument(
        '--from', dest='before', help='environment with parameters of the '
        'first deployment; may be repeated', **files)
    parser.add_argument(
        '--to', dest='after', help='environment with parameters of an '
        'upgrade; may be repeated', **files)
    parser.add_argument(
        '--before-upgrade', metavar='COMMAND', default='',
        help='run by the shell before the first upgrade, with the OS_* '
             'variables of the undercloud and NODE_<name> for the address '
             'of each node')
    parser.add_argument(
        '--packages', help='requirements that the package source must have; '
        'may be repeated', **files)
    parser.add_argument(
        '--program', action='append', metavar='NAME', default=[],
        dest='programs', help='a program that services of the plan are, as '
        'in haproxy; may be repeated')
    _add_load(parser)
    parser.add_argument(
        '--report', type=pathlib.Path, metavar='DIR',
        default=pathlib.Path('ci-report'),
        help='where the report goes (default: %(default)s)')
    parser.add_argument('--keep', action='store_true',
                        help='leave all running at the end')
    parser.add_argument(
        '--subnet', default=node_names.SUBNET, metavar='SUBNET',
        help='loopback subnet for the nodes (default: %(default)s)')
    parser.set_defaults(func=_run)


def _add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--rate', type=float, metavar='N', default=prober.RATE,
        help='requests per second (default: %(default)g)')
    parser.add_argument(
        '--requests', type=int, metavar='N', default=0,
        help='requests in all; the prober goes on after the last upgrade '
             'until it has sent them (default: what the upgrades take)')
    parser.add_argument('--writes', type=int, metavar='N', default=0,
                        help='writes that can be read back in all, likewise')


def _run(arguments: argparse.Namespace) -> int:
    # A second of imports that no other command needs.
    from tripleo_workflows.undercloud.ci import clock
    from tripleo_workflows.undercloud.ci import request
    from tripleo_workflows.undercloud.ci import run
    from tripleo_workflows.undercloud.ci import upgrading

    return run.run(request.Request(
        plan=arguments.plan, second=arguments.second, name=arguments.name,
        before=tuple(arguments.before), after=tuple(arguments.after),
        before_upgrade=arguments.before_upgrade,
        packages=tuple(arguments.packages),
        programs=tuple(arguments.programs), rate=arguments.rate,
        wanted=upgrading.Wanted(arguments.requests, arguments.writes),
        report=arguments.report, keep=arguments.keep,
        subnet=arguments.subnet,
        state=undercloud_state.StateDirectory(arguments.state_dir)),
        clock.Clock())
