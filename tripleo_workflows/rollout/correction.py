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

"""What the nodes know better than the record.

An undercloud that was restored from a copy has forgotten operations that its
nodes have been through. Their journals tell under which fence each service
was last touched: what is newer there than in the record is taken over.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import revision

Row = Mapping[str, Any]


def highest_fence(rows: Iterable[Row], operation: str) -> int:
    """The highest fence that a node has seen from another operation.

    :param rows: of the survey.
    :param operation: id of the operation whose own fences do not count.
    """
    return max((row['fence'] for row in rows
                if row['answered'] and row['operation'] != operation),
               default=0)


def correct(record: operation_record.Record, fence: int, operation: str,
            rows: Iterable[Row]) -> dict[str, list[str]]:
    """Write into the record what the nodes have been through without it.

    :param fence: our own, under which it is written.
    :param operation: id of our own operation, whose steps the record knows.
    :returns: names of the corrected nodes by service.
    """
    corrected: dict[str, list[str]] = {}
    states: dict[str, dict[str, Any]] = {}

    for row in rows:
        for service, seen in row.get('services', {}).items():
            if service not in states:
                states[service] = record.state(fence, service)

            state = states[service]
            known = state.get('nodes', {}).get(row['node'], {})

            if (seen['operation'] == operation
                    or seen['fence'] <= known.get('fence', 0)):
                continue

            state.setdefault('nodes', {})[row['node']] = _entry(row, seen,
                                                                known)
            corrected.setdefault(service, []).append(row['node'])

    for service in corrected:
        record.put_state(fence, service, states[service])

    return corrected


def _entry(row: Row, seen: Mapping[str, Any], known: Mapping[str, Any]
           ) -> dict[str, Any]:
    entry = {'server_id': row['server_id'], 'fence': seen['fence']}

    if seen.get('revision'):
        return {**entry, **{key: seen[key] for key in ('revision', 'release',
                                                       'parts')}}

    # It was begun and has not been completed.
    return {**known, **entry, 'revision': (
        revision.UNFINISHED if known.get('revision') else None)}
