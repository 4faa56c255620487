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

"""Measure: ``tox -e bench [-- NAME...]``; without a name, everything.

A module of this package is a benchmark where it has ``run(report)``.
"""

import importlib
import pathlib
import sys

from tests.bench import report as bench_report

HERE = pathlib.Path(__file__).parent
NOT_BENCHMARKS = {'__init__', '__main__', 'report', 'simulated_cloud',
                  'simulated_nodes'}


def names() -> list[str]:
    """Names of all benchmarks."""
    return sorted({path.stem for path in HERE.glob('*.py')} - NOT_BENCHMARKS)


def main(wanted: list[str]) -> int:
    """Run benchmarks; exit code 1 means that a figure missed its target."""
    unknown = sorted(set(wanted) - set(names()))

    if unknown:
        print(f'There is no benchmark {", ".join(unknown)}; there are '
              f'{", ".join(names())}.', file=sys.stderr)
        return 2

    report = bench_report.Report()

    for name in wanted or names():
        importlib.import_module(f'tests.bench.{name}').run(report)

    return int(report.missed > 0)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
