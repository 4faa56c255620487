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

"""A gate over time: checks that must not only pass, but keep passing.

A gate is shown the results of its checks now and then, and says whether it
waits, has passed or has failed. What it remembers is plain JSON, kept in the
record, so that any worker goes on with it. Time in which nobody looked is
not counted, neither as green nor against a limit.
"""

import dataclasses
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.checks import contract

WAITING = 'waiting'
PASSED = 'passed'
FAILED = 'failed'

RESTART = 'restart'
#: What may be done where checks fail that had passed.
ON_FLAP = (RESTART, 'fail')

#: The longest time between two looks that is counted, in seconds.
MOST_SECONDS = 10.0

State = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Policy:
    """How long a gate must be green, and how long it may take.

    :param soak: seconds for which all checks must keep passing once they
        have; 0: they pass once.
    :param on_flap: whether checks that fail meanwhile begin the soak anew
        (``restart``), or fail the gate (``fail``).
    :param check_timeout: seconds after which checks that do not pass fail
        the gate, at its begin and after each flap. The soak that counts
        must begin within ``check_timeout`` and one more soak, so that a
        gate that keeps flapping ends.
    """

    soak: float = 0
    on_flap: str = RESTART
    check_timeout: float = 60


def look(state: Mapping[str, Any] | None,
         results: Iterable[contract.CheckResult], now: float,
         policy: Policy) -> State:
    """Show a gate what its checks answer now.

    :param state: what the last look returned; None at the first.
    :param now: epoch seconds.
    :returns: ``decision`` (waiting, passed or failed), ``reason`` (of a
        failure, as a sentence), ``green`` (seconds for which it has been,
        None where it is not), ``red`` (seconds for which it has not been),
        ``elapsed`` (seconds), ``flaps`` (how often it failed after it had
        passed) and ``looked`` (epoch seconds).
    """
    before = state or {'green': None, 'red': 0.0, 'elapsed': 0.0, 'flaps': 0,
                       'looked': now}
    interval = min(max(now - before['looked'], 0.0), MOST_SECONDS)
    bad = next((result for result in results if result.is_failure), None)
    was_green = before['green'] is not None
    after: State = {
        'decision': WAITING, 'reason': '', 'green': None, 'red': 0.0,
        'elapsed': before['elapsed'] + interval, 'flaps': before['flaps'],
        'looked': now}

    if bad is None:
        after['green'] = before['green'] + interval if was_green else 0.0

        if after['green'] >= policy.soak:
            after['decision'] = PASSED

        return after

    after['red'] = 0.0 if was_green else before['red'] + interval
    after['flaps'] += was_green
    reason = _reason(before['green'], after, policy)

    if reason:
        after.update(decision=FAILED,
                     reason=f'Check {bad.name} {reason}: {bad.details}')

    return after


def _reason(green: float | None, after: State, policy: Policy) -> str:
    """Why checks that do not pass now fail the gate, if they do."""
    if green is not None and policy.on_flap != RESTART:
        return f'failed after {green:.0f} s of {policy.soak:.0f} s'

    if after['red'] >= policy.check_timeout:
        return f'did not pass within {policy.check_timeout:.0f} s'

    if after['elapsed'] > policy.check_timeout + policy.soak:
        return (f'did not keep passing for {policy.soak:.0f} s; it failed '
                f'{after["flaps"]} times after it had passed')

    return ''
