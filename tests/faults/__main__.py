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

"""Kill something, see that nothing is lost, and again.

``python -m tests.faults [--seeds N] [--seed S] [--tests REGEX]``. The
undercloud is the one that the functional tests left in ``.tox/undercloud``,
or a new one.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time
import traceback

from tests.faults import light as light_service
from tests.faults import seeds
from tests.faults import switches
from tools import ports
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import state as undercloud_state

OURS = pathlib.Path('.tox/undercloud').absolute()


def say(line: str) -> None:
    """Print at once, so that it stands before what programs print."""
    print(line, flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m tests.faults', description=__doc__)
    parser.add_argument('--seeds', type=int, default=20, metavar='N',
                        help='run the seeds from 0 to N - 1')
    parser.add_argument('--seed', type=int, action='append', metavar='S',
                        help='run this seed; may be given again')
    parser.add_argument('--most', type=float, default=seeds.MOST_SECONDS,
                        metavar='SECONDS',
                        help='how long a seed may last '
                             '(default: %(default).0f)')
    parser.add_argument('--tests', default='.', metavar='REGEX',
                        help='run these test modules too; none: no tests')

    return parser.parse_args(arguments)


def run_seeds(wanted: list[int], most: float) -> bool:
    """Run seeds, print a line for each, and return whether all passed."""
    if not wanted:
        return True

    light = light_service.Light()
    light.deploy()
    runner = seeds.Seeds(light, most)
    begun = time.monotonic()
    failed = [seed for seed in wanted if not _run_seed(runner, seed)]
    # In stestr's words, so that both are counted alike.
    say(f'\nSeeds: {len(wanted)} in {time.monotonic() - begun:.1f} s')
    say(f' - Passed: {len(wanted) - len(failed)}')
    say(f' - Failed: {len(failed)}')

    for seed in failed:
        say(f'Run it again: python -m tests.faults --seed {seed} '
            f'--tests none')

    return not failed


def _run_seed(runner: seeds.Seeds, seed: int) -> bool:
    try:
        drawn, run, wrong, seconds = runner.run(seed)
        ended = f'stopped: {run.error}' if run.error else 'as wanted'
        say(f'{drawn}: {seconds:.1f} s, '
            f'{"FAILED" if wrong else "ok"}, {ended}')

        for sentence in wrong:
            say(f'    {sentence}')

        runner.restore()
    except Exception:
        say(f'seed {seed}: FAILED\n{traceback.format_exc()}')
        runner.restore()

        return False

    return not wrong


def run_tests(pattern: str) -> bool:
    """Run the test modules beside the seeds."""
    return subprocess.run(
        ['stestr', 'run', '--serial', pattern],
        env={**os.environ, 'OS_TEST_PATH': 'tests/faults'}).returncode == 0


def main(arguments: list[str]) -> int:
    """Run the seeds, then the tests; return 1 where anything failed."""
    args = parse(arguments)
    os.umask(0o077)
    state = undercloud_state.StateDirectory(OURS)
    os.environ |= {
        'OS_CLIENT_CONFIG_FILE': str(OURS / 'clouds.yaml'),
        'OS_CLOUD': 'undercloud',
        # The undercloud's processes inherit it, Mistral too.
        'PYTHONPATH': str(switches.DIRECTORY),
        'TRIPLEO_TEST_STATE_DIR': str(OURS)}

    # One that runs has started without the switch.
    embedded.down(state)

    try:
        embedded.up(state, {} if OURS.exists() else ports.free(), say)
        passed = run_seeds(args.seed or list(range(args.seeds)), args.most)

        if args.tests != 'none':
            passed = run_tests(args.tests) and passed

        return 0 if passed else 1
    finally:
        embedded.down(state)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
