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

"""What people decide about an operation while it is open.

A decision is an object of its own, ``<operation>/decisions/<number>.json``,
numbered from 1 and never rewritten. Its number is claimed together with its
content. Who finds a number claimed, and its object missing, writes the object
before taking the next number: so no two writers share a number, none is left
out, and a reader needs neither a listing, which may lag, nor Mistral.

=========== =================================================================
kind        what it holds besides person, time and reason
=========== =================================================================
``hold``    ``fence`` under which it was made
``go_on``   ``fence`` of who goes on, ``execution``, ``take_over``,
            ``retry_failed``, ``by``; ends holds under lower fences
``skip``    ``service``, ``node``
``approve`` ``service``, ``step``
``waive``   ``check``, the check's name
``change``  ``service`` (empty: all) and what is changed of its policy, or of
            the operation: ``deadline``, ``not_before``, ``not_after``,
            ``concurrency``
=========== =================================================================
"""

import dataclasses
import itertools
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import claims
from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

HOLD = 'hold'
GO_ON = 'go_on'
SKIP = 'skip'
APPROVE = 'approve'
WAIVE = 'waive'
CHANGE = 'change'


@dataclasses.dataclass(frozen=True)
class Decision:
    """One decision, as it was recorded.

    :param when: UTC, in seconds, ISO 8601.
    :param details: what the kind holds besides, see above.
    """

    number: int
    kind: str
    person: str
    when: str
    reason: str
    details: Mapping[str, Any]


class Decisions:
    """All decisions about an operation, in their order."""

    def __init__(self, found: list[Decision]):
        self.all = found

    def of_kind(self, kind: str, **details: Any) -> list[Decision]:
        """Decisions of a kind that hold these details."""
        return [decision for decision in self.all if decision.kind == kind
                and details.items() <= decision.details.items()]

    def held(self) -> Decision | None:
        """The hold that stands: nobody went on under a higher fence.

        One that meets somebody who is just going on is theirs, whatever is
        recorded first.
        """
        gone_on = max((decision.details['fence'] for decision
                       in self.of_kind(GO_ON)), default=0)

        return next((decision for decision in reversed(self.of_kind(HOLD))
                     if decision.details['fence'] >= gone_on), None)

    def skipped(self, service: str) -> dict[str, str]:
        """The nodes on which a service is left alone, each with the reason."""
        return {decision.details['node']: decision.reason
                for decision in self.of_kind(SKIP, service=service)}

    def approved(self, service: str, step: str) -> Decision | None:
        """Who approved a step that needs it."""
        return next(iter(self.of_kind(APPROVE, service=service, step=step)),
                    None)

    def waived(self, check: str) -> Decision | None:
        """Who decided that a check of this name may fail."""
        return next(iter(self.of_kind(WAIVE, check=check)), None)

    def changes(self, service: str = '') -> dict[str, Any]:
        """What was changed of a service's policy, the last word of each.

        What was said about the service counts before what was said about
        all.

        :param service: empty: of what is the operation's own.
        """
        changed: dict[str, Any] = {}

        for name in dict.fromkeys(('', service)):
            for decision in self.of_kind(CHANGE, service=name):
                changed.update(decision.details)

        changed.pop('service', None)

        return changed

    def retry(self, fence: int) -> bool:
        """Whether who goes on under a fence wants failed steps again."""
        return bool(self.of_kind(GO_ON, fence=fence, retry_failed=True))


def read(record: operation_record.Record, operation: str) -> Decisions:
    """Read the decisions about an operation, by name."""
    return Decisions(list(_walk(record, operation)))


def _walk(record: operation_record.Record, operation: str
          ) -> Iterator[Decision]:
    for number in itertools.count(1):
        content = record.get(_name(operation, number))

        if content is None:
            return

        yield _decision(number, content)


def decide(clients: service_clients.Clients, plan: str, operation: str,
           kind: str, person: str, reason: str = '', **details: Any
           ) -> Decision:
    """Record a decision under the next free number.

    :param details: what the kind holds besides; no secrets.
    :returns: the decision, once it is in the record.
    """
    record = operation_record.Record(clients.swift, plan)
    content = {'kind': kind, 'person': person, 'when': lock.now(),
               'reason': reason, **details}
    number = len(read(record, operation).all) + 1

    while True:
        claim = f'{_series(plan, operation)}.{number}'
        claimed = (content if claims.take(clients.mistral, claim, content)
                   else claims.read(clients.mistral, claim))

        # One that was dropped meanwhile is free again.
        if claimed is not None:
            if _stored(record, operation, number, claimed) == content:
                return _decision(number, content)

            number += 1


def _stored(record: operation_record.Record, operation: str, number: int,
            content: operation_record.Object) -> operation_record.Object:
    """What a number holds; the content, where it held nothing."""
    found = record.get(_name(operation, number))

    if found is None:
        record.put(_name(operation, number), content)

    return content if found is None else found


def forget_claims(clients: service_clients.Clients, plan: str, operation: str
                  ) -> None:
    """Give the claimed numbers of an operation back when it is closed."""
    series = _series(plan, operation)

    for number in claims.numbers(clients.mistral, series):
        claims.drop(clients.mistral, f'{series}.{number}')


def _decision(number: int, content: operation_record.Object) -> Decision:
    details = dict(content)

    return Decision(number, **{name: details.pop(name) for name in (
        'kind', 'person', 'when', 'reason')}, details=details)


def _name(operation: str, number: int) -> str:
    return f'{operation}/decisions/{number}.json'


def _series(plan: str, operation: str) -> str:
    return f'{plan}.decision.{operation}'
