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

"""The maintenance window in which an operation may begin things."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions


@dataclasses.dataclass(frozen=True)
class Closed:
    """Why something is not begun now.

    :param why: what is waited for, as :func:`holding.wait` takes it.
    :param until: epoch seconds when the window opens; None where it is over
        and a person has to give another one.
    """

    why: str
    until: float | None = None


def closed(opened: Mapping[str, Any], now: float,
           seconds: float | None = None) -> Closed | None:
    """Whether something must not be begun now.

    :param opened: the operation, with ``not_before`` and ``not_after`` where
        it has a window, as :func:`moment` gives them.
    :param now: epoch seconds.
    :param seconds: how long it is going to take; None where nobody knows,
        then it is begun as long as the window is open.
    :returns: None where it may be begun.
    """
    not_before, not_after = (opened.get(name) for name in (
        'not_before', 'not_after'))

    if not_before and now < _epoch(not_before):
        return Closed(f'the maintenance window, which opens at {not_before}',
                      _epoch(not_before))

    if not_after and now + (seconds or 0) > _epoch(not_after):
        takes = f', and this takes about {seconds:.0f} s' if seconds else ''

        return Closed(f'another maintenance window: this one closes at '
                      f'{not_after}{takes}')

    return None


def window(not_before: str = '', not_after: str = '') -> dict[str, str]:
    """The window that a person gives, as it is recorded.

    :param not_before: ISO 8601 with a time zone; empty: not limited.
    :returns: those of ``not_before`` and ``not_after`` that are given, in
        UTC.
    :raises InvalidInput: one is no such time, or they leave no time.
    """
    given = {name: moment(value, name) for name, value in (
        ('not_before', not_before), ('not_after', not_after)) if value}

    if len(given) == 2 and given['not_before'] >= given['not_after']:
        raise exceptions.InvalidInput(
            'The window closes before it opens.',
            'Give a not_after that is later than not_before.',
            field='not_after', **given)

    return given


def moment(value: object, field: str) -> str:
    """A time that a person gives, in UTC, in seconds, ISO 8601.

    :raises InvalidInput: it is no time, or has no time zone.
    """
    try:
        given = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        given = None

    if given is None or given.tzinfo is None:
        raise exceptions.InvalidInput(
            f'{value!r} is no time with a time zone.',
            'Give one like 2026-11-25T02:00:00Z.', field=field)

    return given.astimezone(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def _epoch(value: str) -> float:
    return datetime.datetime.fromisoformat(value).timestamp()
