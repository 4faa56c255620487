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

"""Tables about nodes, cut to what an execution may carry."""

import json
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]


def counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many rows there are of each ``status``."""
    return dict(sorted(Counter(row['status'] for row in rows).items()))


def fitting(rows: Iterable[Row], limit: int) -> list[Row]:
    """The rows that matter most, as many as fit, whole.

    Rows whose ``status`` is ``done`` come last; otherwise they keep their
    order. A row that does not fit is left out, and a smaller one behind it
    may still find room.

    :param limit: bytes that the rows take as JSON in ASCII.
    """
    kept = []
    # The brackets take the room that the last row's comma leaves.
    left = limit

    for row in sorted(rows, key=lambda row: row.get('status') == 'done'):
        size = len(json.dumps(row)) + len(', ')

        if size <= left:
            left -= size
            kept.append(row)

    return kept


def tail(text: str, limit: int) -> str:
    """The end of a text.

    :param limit: bytes that it takes as JSON in ASCII, where an unusual
        character takes six or twelve.
    """
    start = len(text)
    left = limit

    while start:
        left -= len(json.dumps(text[start - 1])) - len('""')

        if left < 0:
            break

        start -= 1

    return text[start:]
