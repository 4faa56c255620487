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

"""How carefully a service is rolled: batches, and what may fail."""

import math
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

Policy = dict[str, Any]

DEFAULTS: Policy = {
    'batch': 1, 'initial': 'all', 'canary': 0, 'soak': 0,
    'on_flap': 'restart', 'max_failures': 0, 'max_unavailable': '100%',
    'unreachable': 'fail', 'check_timeout': 60}


def of_service(given: Mapping[str, Any], overrides: Mapping[str, Any]
               ) -> Policy:
    """A service's policy with its defaults, and what the plan overrides."""
    return {**DEFAULTS, **given, **overrides}


def amount(value: int | str, total: int) -> int:
    """A number of nodes, which may be given as a percentage.

    Percentages are rounded down.
    """
    if isinstance(value, str):
        return math.floor(total * int(value.rstrip('%')) / 100)

    return value


def batches(nodes: Sequence[str], total: int, policy: Mapping[str, Any],
            most: int) -> list[list[str]]:
    """Divide nodes that have the service already.

    :param total: how many nodes run the service.
    :param most: how many may be out of service at once.
    """
    size = min(max(1, amount(policy['batch'], total)), most)
    canary = min(policy['canary'] or size, size)

    return _divided(list(nodes), canary, size)


def first_batches(nodes: Sequence[str], policy: Mapping[str, Any]
                  ) -> list[list[str]]:
    """Divide the nodes of a service that runs nowhere yet."""
    if policy['initial'] == 'all':
        return _divided(list(nodes), len(nodes), max(1, len(nodes)))

    size = 1 if policy['initial'] == 'serial' else max(1, len(nodes) - 1)

    return _divided(list(nodes), 1, size)


def _divided(nodes: list[str], first: int, size: int) -> list[list[str]]:
    return [batch for batch in (
        nodes[:first], *(nodes[start:start + size] for start
                         in range(first, len(nodes), size))) if batch]
