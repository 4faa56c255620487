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

"""What a benchmark says: a line per figure."""


class Report:
    """Prints figures as they are measured, and remembers the verdicts."""

    def __init__(self) -> None:
        self.missed = 0

    def __call__(self, name: str, value: float, unit: str, target: float,
                 kind: str = 'max') -> None:
        """Print name, value, unit, target and verdict, tab-separated.

        :param kind: ``max`` where the value may not be above the target,
            ``min`` where it may not be below.
        """
        met = value <= target if kind == 'max' else value >= target
        self.missed += not met
        print(name, f'{value:.4g}', unit, f'{target:g}',
              'met' if met else 'missed', sep='\t', flush=True)
