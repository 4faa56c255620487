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

``python -m tests.faults [--seeds N] [--seed S] [--tests REGEX] [--few]``. The
undercloud lives in ``.tox/undercloud``, as that of the functional tests;
with ``--tests none`` it is the one that they left there, if they did.
"""

import argparse
import os
import sys
import time
import traceback

from tests.faults import light as light_service
from tests.faults import seeds
from tests.faults import switches
from tests.functional import __main__ as functional
from tests.variants import __main__ as variants

NO_TESTS = 'none'
say = functional.say


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
    parser.add_argument('--few', action='store_true',
                        help='run the variants that every run of tox has')
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

        runner.restore(left_open=bool(run.error or wrong))
    except Exception:
        say(f'seed {seed}: FAILED\n{traceback.format_exc()}')
        runner.restore(left_open=True)

        return False

    return not wrong


def main(arguments: list[str]) -> int:
    """Run the seeds, then what else is wanted; return 1 if any failed."""
    args = parse(arguments)
    # The undercloud's processes inherit the path of the switch, Mistral too.
    os.environ['PYTHONPATH'] = str(switches.DIRECTORY)

    # The tests deploy the sample, which must not be there already.
    with functional.undercloud(anew=args.tests != NO_TESTS):
        passed = run_seeds(args.seed or list(range(args.seeds)), args.most)

        if args.tests != NO_TESTS:
            passed = not functional.run_tests(
                'tests/faults', [args.tests]) and passed

        if args.few:
            passed = not functional.run_tests(
                'tests/variants', [variants.FEW]) and passed

        return 0 if passed else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
