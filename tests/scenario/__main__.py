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

``python -m tests.scenario [--all | --variants]``: one upgrade; all that are
known, with more of everything; or upgrades that go wrong, followed by
arguments of stestr. Reports are in ``.tox/scenario-report``.
"""

import os
import pathlib
import shlex
import shutil
import sys
from collections.abc import Sequence

from tests.functional import __main__ as functional
from tests.scenario.variants import figures
from tripleo_workflows.undercloud import cli
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import state as undercloud_state

SAMPLE = pathlib.Path('samples/openstack')
REPORT = functional.WORK / 'scenario-report'
STATE = functional.WORK / 'scenario-cloud'
#: Not where the nodes of the demo are, which may be running.
SUBNET = os.environ.get('TRIPLEO_TEST_SUBNET', '127.5.0.0/24')
PROGRAMS = ('haproxy', 'mariadbd', 'memcached')

#: Where each run begins, its upgrades, and the packages of both: what every
#: run of tox has, and those of the lane.
ONE = ((), ('keystone-29',),
       ('keystone/28.1.0', 'placement/13.0.1',
        'keystone/29.1.0', 'placement/14.0.0'))
CHAIN = ((), ('keystone-29', 'keystone-30'),
         (*ONE[2], 'keystone/30.0.0', 'placement/16.0.0'))
#: Its contraction changes tables; a supported skip over four releases.
SKIP = (('keystone-23',), ('keystone-27',),
        ('keystone/23.0.2', 'keystone/27.1.0', 'placement/13.0.1'))
SEED = f'{shlex.quote(sys.executable)} -m tests.scenario.seed'


def run(before: Sequence[str], after: Sequence[str], packages: Sequence[str],
        report: pathlib.Path, *options: str) -> int:
    """Run the command once; return its exit code."""
    remove(STATE)

    return cli.main([
        'ci', str(SAMPLE),
        *(f'--from={SAMPLE}/releases/{name}.yaml' for name in before),
        *(f'--to={SAMPLE}/releases/{name}.yaml' for name in after),
        *(f'--packages={SAMPLE}/deployment/'
          f'{name.replace("/", "/packages/")}.txt' for name in packages),
        *(f'--program={name}' for name in PROGRAMS),
        f'--report={report}', f'--state-dir={STATE}', f'--subnet={SUBNET}',
        *options])


def remove(path: pathlib.Path) -> None:
    """Take down and remove what a run left that was killed."""
    if path.exists():
        embedded.down(undercloud_state.StateDirectory(path))
        shutil.rmtree(path)


def main(arguments: list[str]) -> int:
    """Run what is asked for; return its exit code."""
    os.umask(0o077)

    if arguments[:1] == ['--variants']:
        return variants(arguments[1:])

    if arguments[:1] == ['--all']:
        more = [f'--before-upgrade={SEED}', *arguments[1:]]

        return max(
            run(*SKIP, REPORT / 'skip', '--requests=1500', '--writes=150',
                *more),
            run(*CHAIN, REPORT / 'chain', '--requests=3000', '--writes=300',
                *more))

    return run(*ONE, REPORT / 'one', '--requests=1000', '--writes=100',
               *arguments)


def variants(arguments: list[str]) -> int:
    """Let the upgrade go wrong on a cloud of its own; stestr's exit code."""
    figures.FILE.unlink(missing_ok=True)

    with functional.undercloud():
        code = functional.run_tests('tests/scenario/variants', arguments)

    if figures.FILE.exists():
        functional.say(figures.FILE.read_text())

    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
