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

"""A hop of Keystone to its next release, against its steps done by hand.

By hand, a person has the same scripts on the same nodes, does one after the
other, and never stops to think: what the nodes say that they worked. What is
staged on several nodes at once counts once. That the prober takes a part of
the machine concerns both.
"""

import collections
import json
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tests.bench import report as bench_report
from tests.scenario import __main__ as scenario

SERVICE = 'keystone'
#: What a hop of Keystone takes by hand, as it was measured once: 41 s; and
#: how many times that one of ours may take.
MOST = 3
MOST_SECONDS = 41 * MOST


def run(report: bench_report.Report) -> None:
    """Run the scenario once, and measure the hop in it."""
    if scenario.main([]):
        raise RuntimeError('The scenario failed, see above.')

    timings = json.loads(
        (scenario.REPORT / 'one/timings.json').read_text())
    steps = [step for step in timings['operations'][-1]['steps']
             if step['service'] == SERVICE]
    seconds = (max(step['begun'] + step['seconds'] for step in steps)
               - min(step['begun'] for step in steps))
    hand = by_hand(steps)
    report('hop.seconds', seconds, 's', MOST_SECONDS)
    report('hop.by_hand', hand, 's', MOST_SECONDS)
    report('hop.ratio', seconds / hand, '', MOST)


def by_hand(steps: Iterable[Mapping[str, Any]]) -> float:
    """Seconds of steps, one after the other."""
    nodes = collections.defaultdict(list)

    for step in steps:
        nodes[step['batch'], step['step']].append(step['worked'] or 0.0)

    return sum(max(seconds) if name == 'stage' else sum(seconds)
               for (_, name), seconds in nodes.items())
