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

"""What a person who goes on with an operation changes about it."""

import dataclasses
import re
import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.operation import window

_PERCENT = re.compile('(100|[1-9]?[0-9])%')


@dataclasses.dataclass(frozen=True)
class Changes:
    """Changes, as they are given: None and empty leave things as they are.

    :param service: whose policy it is; empty: that of all services.
    :param max_failures: how many nodes may fail, or a percentage of them.
    :param soak: seconds for which the gate must stay green after the canary.
    :param concurrency: how many services are carried out side by side.
    :param deadline_seconds: from now on, after which the operation is
        expired.
    :param not_before: when the maintenance window opens, ISO 8601 with a
        time zone.
    :param not_after: when it closes.
    """

    service: str = ''
    max_failures: int | str | None = None
    soak: float | None = None
    concurrency: int | None = None
    deadline_seconds: float | None = None
    not_before: str = ''
    not_after: str = ''

    def policy(self) -> dict[str, Any]:
        """What is changed of the policy.

        :raises InvalidInput: a value is not what it must be.
        """
        given = {'max_failures': _nodes(self.max_failures, 'max_failures'),
                 'soak': _number(self.soak, 'soak', 0)}

        return {name: value for name, value in given.items()
                if value is not None}

    def of_operation(self, opened: Mapping[str, Any]) -> dict[str, Any]:
        """What is changed of the operation itself.

        :param opened: the operation as it is.
        :raises InvalidInput: a value is not what it must be.
        """
        given: dict[str, Any] = {
            name: value for name in ('not_before', 'not_after')
            if (value := getattr(self, name))}

        if given:
            # One side of the window that was not given stays.
            kept = {name: opened.get(name, '') for name in (
                'not_before', 'not_after')}
            given = dict(window.window(**{**kept, **given}))

        if (most := _number(self.concurrency, 'concurrency', 1)) is not None:
            given['concurrency'] = int(most)

        seconds = _number(self.deadline_seconds, 'deadline_seconds', 1)

        if seconds is not None:
            given['deadline'] = round(time.time() + seconds)

        return given


def _nodes(value: Any, field: str) -> Any:
    if value is None or (_is_number(value, int) and value >= 0):
        return value

    if isinstance(value, str) and value.isdigit():
        return int(value)

    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return value

    raise exceptions.InvalidInput(
        f'{value!r} is neither a number of nodes nor a percentage.',
        'Give one like 1 or 25%.', field=field)


def _number(value: Any, field: str, least: int) -> Any:
    if value is None or (_is_number(value, int | float) and value >= least):
        return value

    raise exceptions.InvalidInput(
        f'{value!r} is no number of {least} or more.',
        f'Give one like {least + 1}.', field=field)


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
