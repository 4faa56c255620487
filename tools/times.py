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

"""Print how long each part of a tox run took, and hold the whole to a limit.

The table is written by ``toxfile.py``.
"""

import argparse
import pathlib
import sys


def main() -> int:
    """Print the table and its total; fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('table', type=pathlib.Path)
    parser.add_argument('--most', type=float, default=1500,
                        help='seconds that all parts may take together')
    arguments = parser.parse_args()
    rows = [line.split('\t')
            for line in arguments.table.read_text().splitlines()]
    total = 0.0
    print(f'{"part":12} {"set-up":>8} {"run":>8}  result')

    for name, setup, run, code in rows:
        total += float(setup) + float(run)
        result = 'passed' if code == '0' else f'failed ({code})'
        print(f'{name:12} {setup:>8} {run:>8}  {result}')

    print(f'{total:.0f} seconds of {arguments.most:.0f} in total')

    return int(total > arguments.most)


if __name__ == '__main__':
    sys.exit(main())
