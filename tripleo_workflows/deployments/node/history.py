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

"""What the entries of a journal say, and which of them must be kept.

An entry has ``event`` (``accepted``, ``started``, ``done`` or ``abort``),
``attempt``, ``key``, ``fence``, ``server`` and ``time``; ``started`` also
``pid`` and ``monotonic``, ``done`` also ``result`` and, where the step
completes a revision, ``completes``.
"""

from __future__ import annotations

import hashlib
import typing

ACCEPTED = 'accepted'
STARTED = 'started'
DONE = 'done'
ABORT = 'abort'

#: What every entry has.
FIELDS = ('event', 'attempt', 'key', 'fence', 'server')

Entry = typing.Dict[str, typing.Any]  # noqa: UP006 (nodes may have 3.8)

#: Operations of a plan whose attempts are remembered.
RECENT_OPERATIONS = 4
#: Plans that are remembered although no service of theirs has a revision:
#: each deployment outside any plan counts as one.
RECENT_PLANS = 100
#: Results that are kept with the payload's output.
WHOLE_RESULTS = 40
#: What is cut from the others.
BULKY = ('output', 'stdout', 'stderr', 'tasks')


class Refused(Exception):
    """A fence that this node has seen surpassed.

    :param seen: the highest fence of the plan.
    :param operation: the operation that it belongs to.
    """

    def __init__(self, seen: int, operation: str):
        super().__init__(f'fence {seen} of operation {operation} was seen')
        self.seen = seen
        self.operation = operation


def attempt_name(key: Entry) -> str:
    """The name of an attempt on its node, from the parts of its key."""
    parts = [str(key[part]) for part in (
        'plan', 'operation', 'service', 'batch', 'step', 'attempt')]
    digest = hashlib.sha256('/'.join(parts).encode()).hexdigest()
    readable = f'{key["service"]}.{key["step"]}'.replace('/', '_')

    return f'{readable[:80]}.{digest[:16]}'


def fence_of(entries: list[Entry], plan: str) -> tuple[int, str]:
    """The highest fence of a plan that was accepted, and whose it is."""
    fence, operation = 0, ''

    for entry in entries:
        if entry['event'] in (ACCEPTED, ABORT) and (
                entry['key']['plan'] == plan and entry['fence'] > fence):
            fence, operation = entry['fence'], entry['key']['operation']

    return fence, operation


def check_fence(entries: list[Entry], key: Entry, fence: int) -> None:
    """Refuse a fence that is lower, or as high but another operation's.

    :raises Refused: with what was seen.
    """
    seen, operation = fence_of(entries, key['plan'])

    if fence < seen or (operation and fence == seen
                        and operation != key['operation']):
        raise Refused(seen, operation)


def last(entries: list[Entry], event: str, attempt: str) -> Entry | None:
    """The newest entry of an attempt with this event."""
    return next((entry for entry in reversed(entries)
                 if entry['event'] == event
                 and entry['attempt'] == attempt), None)


def is_accepted(entries: list[Entry], attempt: str, fence: int) -> bool:
    """Whether an attempt was accepted under this fence."""
    return any(entry['event'] == ACCEPTED and entry['attempt'] == attempt
               and entry['fence'] == fence for entry in entries)


def is_aborted(entries: list[Entry], attempt: str) -> bool:
    """Whether an attempt's operation was aborted after it was accepted."""
    accepted = last(entries, ACCEPTED, attempt)

    return accepted is not None and any(
        entry['event'] == ABORT and operation(entry) == operation(accepted)
        for entry in entries[entries.index(accepted):])


def operation(entry: Entry) -> tuple[str, str]:
    """The plan and the operation that an entry belongs to."""
    return entry['key']['plan'], entry['key']['operation']


def service(entry: Entry) -> tuple[str, str]:
    """The plan and the service that an entry belongs to."""
    return entry['key']['plan'], entry['key']['service']


def unfinished(entries: list[Entry], plan: str, operation_id: str
               ) -> list[str]:
    """The attempts of an operation that were accepted and are not done."""
    done = newest(entries, DONE)

    return [attempt for attempt, entry in newest(entries, ACCEPTED).items()
            if operation(entry) == (plan, operation_id)
            and attempt not in done]


def newest(entries: list[Entry], event: str) -> dict[str, Entry]:
    """By attempt, its newest entry with this event."""
    return {entry['attempt']: entry for entry in entries
            if entry['event'] == event}


def services(entries: list[Entry]) -> dict[tuple[str, str], Entry]:
    """By plan and service, the newest entry that may have changed it."""
    return {service(entry): entry for entry in entries
            if entry['event'] != ABORT and changes(entry)}


def changes(entry: Entry) -> bool:
    """Whether an entry is about a step that may change its service."""
    return bool(entry['key'].get('changes', True))


def completions(entries: list[Entry]) -> dict[tuple[str, str], Entry]:
    """By plan and service, what was last completed, if that still holds.

    :returns: ``done`` entries; none for a service of which something was
        started since.
    """
    found: dict[tuple[str, str], Entry] = {}

    for entry in entries:
        if not changes(entry):
            continue

        if entry['event'] == STARTED:
            found.pop(service(entry), None)
        elif entry['event'] == DONE and entry.get('completes') and (
                entry['result']['status'] == DONE):
            found[service(entry)] = entry

    return found


def recent_attempts(entries: list[Entry], number: int) -> list[str]:
    """The attempts that were last heard of, the latest first."""
    names = dict.fromkeys(entry['attempt'] for entry in reversed(entries))

    return list(names)[:number]


def compacted(entries: list[Entry]) -> list[Entry]:
    """The entries on which decisions depend, in their order.

    These are, for each plan, those of its latest operations and of the one
    with the highest fence, and for each service what it last did and last
    completed. Only the latest results keep the payload's output.
    """
    plans = _recent_plans(entries)
    entries = [entry for entry in entries if entry['key']['plan'] in plans]
    kept = _recent_operations(entries)
    wanted = {entry['attempt'] for entry in (
        *services(entries).values(), *completions(entries).values())}
    chosen = [entry for entry in entries
              if operation(entry) in kept or entry['attempt'] in wanted]
    whole = {id(entry) for entry in [
        entry for entry in chosen if entry['event'] == DONE][-WHOLE_RESULTS:]}

    return [entry if entry['event'] != DONE or id(entry) in whole
            else _cut(entry) for entry in chosen]


def _recent_plans(entries: list[Entry]) -> set[str]:
    plans = dict.fromkeys(
        entry['key']['plan'] for entry in reversed(entries))

    return set(list(plans)[:RECENT_PLANS]) | {
        entry['key']['plan'] for entry in entries if entry.get('completes')}


def _recent_operations(entries: list[Entry]) -> set[tuple[str, str]]:
    kept = set()

    for plan in {entry['key']['plan'] for entry in entries}:
        latest = dict.fromkeys(
            operation(entry) for entry in reversed(entries)
            if entry['key']['plan'] == plan)
        kept |= set(list(latest)[:RECENT_OPERATIONS])
        kept.add((plan, fence_of(entries, plan)[1]))

    return kept


def _cut(entry: Entry) -> Entry:
    result = {name: value for name, value in entry['result'].items()
              if name not in BULKY}

    return {**entry, 'result': {**result, 'output_forgotten': True}}
