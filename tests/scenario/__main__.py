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

"""Bring real services from release to release while they are used.

``python -m tests.scenario [--all]``: one upgrade; or all that are known, with
more of everything. The report is in ``.tox/scenario-report``.
"""

import os
import pathlib
import shutil
import sys
from collections.abc import Sequence

from tests.functional import __main__ as functional
from tripleo_workflows.undercloud import cli
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import state as undercloud_state

SAMPLE = pathlib.Path('samples/openstack')
REPORT = functional.WORK / 'scenario-report'
STATE = functional.WORK / 'scenario-cloud'
#: Not where the nodes of the demo are, which may be running.
SUBNET = os.environ.get('TRIPLEO_TEST_SUBNET', '127.5.0.0/24')
PROGRAMS = ('haproxy', 'mariadbd', 'memcached')

#: What the runs of a lane are, and what every run of tox has: where it
#: begins, the upgrades, and the packages of both.
ONE = ((), ('keystone-29',),
       ('keystone/28.1.0', 'placement/13.0.1',
        'keystone/29.1.0', 'placement/14.0.0'))
CHAIN = ((), ('keystone-29', 'keystone-30'),
         (*ONE[2], 'keystone/30.0.0', 'placement/16.0.0'))


def run(before: Sequence[str], after: Sequence[str], packages: Sequence[str],
        *options: str) -> int:
    """Run the command once; return its exit code."""
    remove(STATE)

    return cli.main([
        'ci', str(SAMPLE),
        *(f'--from={SAMPLE}/releases/{name}.yaml' for name in before),
        *(f'--to={SAMPLE}/releases/{name}.yaml' for name in after),
        *(f'--packages={SAMPLE}/deployment/'
          f'{name.replace("/", "/packages/")}.txt' for name in packages),
        *(f'--program={name}' for name in PROGRAMS),
        f'--report={REPORT}', f'--state-dir={STATE}', f'--subnet={SUBNET}',
        *options])


def remove(path: pathlib.Path) -> None:
    """Take down and remove what a run left that was killed."""
    if path.exists():
        embedded.down(undercloud_state.StateDirectory(path))
        shutil.rmtree(path)


def main(arguments: list[str]) -> int:
    """Run what is asked for; return its exit code."""
    os.umask(0o077)

    if arguments[:1] == ['--all']:
        return run(*CHAIN, '--requests=3000', '--writes=300', *arguments[1:])

    return run(*ONE, '--requests=1000', '--writes=100', *arguments)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
