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

"""What the record tells people about operations.

It is read alone: where Mistral does not answer, only the state of the
execution is unknown.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import table
from tripleo_workflows.operation import availability
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: State of an execution that nobody can be asked about.
UNKNOWN = 'UNKNOWN'
SUFFIX = '-operations'
#: Statuses of a node in a step that is not over.
GOING = ('sent', 'done')
#: Characters of a node's output that a row shows.
TAIL_CHARACTERS = 300
#: Characters of JSON that an action may answer with.
MOST_CHARACTERS = 60_000

Row = dict[str, Any]


def plans(clients: service_clients.Clients) -> list[str]:
    """Plans of the project that have a record, in alphabetical order."""
    _, rows = clients.swift.get_account(full_listing=True)

    return sorted(row['name'].removesuffix(SUFFIX) for row in rows
                  if row['name'].endswith(SUFFIX))


def operations(clients: service_clients.Clients, plan: str) -> list[Row]:
    """A plan's operations, the newest first.

    Each is read by name: retention keeps them few.

    :returns: rows of ``operation``, ``plan``, ``verb``, ``person``,
        ``since`` and ``state``: finished, aborted, expired, or of an open
        one its execution's, as in ``open (ERROR)``.
    """
    record = operation_record.Record(clients.swift, plan)
    found = sorted(filter(None, (
        record.get(name) for name in record.names('')
        if name.endswith('/operation.json'))),
        key=lambda opened: opened['begun'], reverse=True)
    rows = []

    for opened in found:
        closed = record.get(f'{opened["operation"]}/closed.json')
        state = stands(closed, '' if closed else execution_of(
            clients, plan, opened)[1])
        rows.append({'operation': opened['operation'], 'plan': plan,
                     'verb': opened['verb'], 'person': opened['person'],
                     'since': opened['since'], 'state': state})

    return rows


def how(closed: Row) -> str:
    """How an operation ended; early records do not say."""
    return str(closed.get('how', 'finished'))


def stands(closed: Row | None, state: str) -> str:
    """How an operation ended, or that it is open.

    :param state: of its execution.
    """
    return how(closed) if closed else f'open ({state})'


def execution_of(clients: service_clients.Clients, plan: str, opened: Row
                 ) -> tuple[str, str]:
    """The root execution of an operation, and its state."""
    root: str = opened['root']

    try:
        _, holder = lock.current(clients.mistral, plan)

        if holder and holder.operation == opened['operation']:
            root = holder.root

        return root, lock.state_of(clients.mistral, root)
    except (exceptions.ServiceUnavailable, mistral_base.APIException,
            keystone_exceptions.ClientException, OSError):
        return root, UNKNOWN


@dataclasses.dataclass(frozen=True)
class Story:
    """All that the record holds about one operation.

    :param opened: as :func:`lifetime.opened_with` gives it.
    :param fence: the highest that it has worked under.
    :param waits: what it waits for under that fence.
    :param batches: by service and number, the states of its steps.
    """

    plan: str
    opened: Row
    closed: Row | None
    fence: int
    decisions: decisions.Decisions
    waits: holding.Waiting | None
    batches: dict[tuple[str, str], Row]

    def held(self, state: str) -> str:
        """Why it begins nothing; empty where nothing keeps it.

        :param state: of its execution. Whoever lets one go on with Mistral's
            own commands leaves behind what it waited for.
        """
        hold = self.decisions.held()

        if self.closed:
            return ''

        if hold:
            return f'is {holding.describe(hold)}'

        if self.waits and state in ('PAUSED', UNKNOWN):
            return f'waits for {self.waits.what}'

        return 'has a paused execution' if state == 'PAUSED' else ''

    def may_go_on(self, now: float) -> bool:
        """Whether it only waits for a time that has come.

        :param now: epoch seconds.
        """
        return bool(self.waits and self.waits.until
                    and self.waits.until <= now
                    and not self.decisions.held())


def read(record: operation_record.Record, operation: str = '') -> Story:
    """Read what the record holds about an operation.

    :param operation: its id; empty: the plan's newest.
    :raises NotFound: there is none.
    """
    operation = operation or _newest(record)
    opened = lifetime.opened_with(record, operation)

    if opened is None:
        raise exceptions.NotFound(
            'The record has no such operation.',
            'Look at: openstack tripleo operation list.', plan=record.plan,
            operation=operation)

    names = record.names(f'{operation}/')
    decided = decisions.read(record, operation)
    fence = max(opened['fence'], operation_record.highest_fence(names), *(
        decision.details['fence'] for decision
        in decided.of_kind(decisions.GO_ON)))
    newest: dict[tuple[str, str], tuple[int, str]] = {}

    for name in names:
        if batch := operation_record.batch_of(name):
            under, service, number = batch
            newest[service, number] = max(
                newest.get((service, number), (0, '')), (under, name))

    batches = {key: record.get(name) or {}
               for key, (_, name) in newest.items()}

    return Story(
        record.plan, opened, record.get(f'{operation}/closed.json'), fence,
        decided, holding.waiting(record, operation, fence),
        {key: batches[key] for key in sorted(batches, key=lambda key: (
            key[0], _begun(batches[key]), key[1]))})


def _begun(steps: Row) -> float:
    return min((entry.get('begun', 0) for entry in steps.values()),
               default=0.0)


def newest_of(record: operation_record.Record, digest: str) -> Story | None:
    """The newest operation that ran a rollout, where there is one."""
    found = [opened for opened in _all(record) if opened['digest'] == digest]

    return read(record, str(found[-1]['operation'])) if found else None


def _newest(record: operation_record.Record) -> str:
    found = _all(record)

    if not found:
        raise exceptions.NotFound(
            'The plan has no operations.',
            'Start tripleo.upgrade.v1.preview to see what is to be done.',
            plan=record.plan)

    return str(found[-1]['operation'])


def _all(record: operation_record.Record) -> list[Row]:
    """What operations were opened with, the oldest first."""
    return sorted(
        (opened for name in record.names('')
         if name.endswith('/operation.json')
         and (opened := record.get(name))), key=lambda row: row['begun'])


def show(clients: service_clients.Clients, plan: str, operation: str = ''
         ) -> Row:
    """How an operation stands, and what is to be decided.

    :returns: ``operation``, ``plan``, ``verb``, ``person``, ``since``,
        ``state``, ``execution``, ``fence``, ``digest``, ``steps`` (rows of
        service, batch, step and how many nodes stand how), ``failed`` (rows
        of nodes with status and error), ``held`` (who holds it, or what it
        waits for), ``availability`` (what each prober saw, in a line),
        ``decisions``, ``closed`` and ``next``, lines that say how to go on.
    """
    record = operation_record.Record(clients.swift, plan)
    story = read(record, operation)
    document = record.get(f'documents/{story.opened["digest"]}.json') or {}
    execution, state = execution_of(clients, plan, story.opened)
    failed = list(failures(story))

    return {
        **{key: story.opened[key] for key in (
            'operation', 'verb', 'person', 'since', 'digest')},
        'plan': plan, 'execution': execution, 'fence': story.fence,
        'state': stands(story.closed, state),
        'steps': list(_steps(story, document)), 'failed': failed,
        'held': story.held(state),
        'availability': availability.verdicts(record,
                                              story.opened['operation']),
        'decisions': [_decision(decision) for decision
                      in story.decisions.all],
        'closed': story.closed,
        'next': [] if story.closed else next_of(story, state, failed)}


def _decision(decision: decisions.Decision) -> Row:
    row = dataclasses.asdict(decision)
    reason, details = row.pop('reason'), row.pop('details')

    return {**row, **details, 'reason': reason}


def _steps(story: Story, document: Row) -> Iterator[Row]:
    seen = set()

    for (service, number), steps in story.batches.items():
        seen.add((service, number))

        for step, entry in in_time(steps):
            yield {'service': service, 'batch': number, 'step': step,
                   'nodes': table.counts(entry.get('nodes', {}).values())}

    for service, entry in document.get('services', {}).items():
        for place, nodes in enumerate(entry['batches'], 1):
            if (service, str(place)) not in seen:
                yield {'service': service, 'batch': str(place), 'step': '',
                       'nodes': {'waiting': len(nodes)}}


def running(story: Story) -> Iterator[Row]:
    """The steps that nodes have not answered, as rows of :func:`show`."""
    for row in _steps(story, {}):
        if 'sent' in row['nodes']:
            yield row


def in_time(steps: Row) -> list[tuple[str, Row]]:
    """The steps of a batch in the order in which they were begun."""
    # JSON objects are stored sorted; people read them in time.
    return sorted(steps.items(), key=lambda item: item[1].get('begun', 0))


def failures(story: Story) -> Iterator[Row]:
    """Each node on which a step is not done and will not be by itself.

    :returns: rows of ``service``, ``batch``, ``step``, ``node`` (empty
        for a check of the whole service), ``status`` and ``error``.
    """
    for (service, number), steps in story.batches.items():
        for step, entry in in_time(steps):
            where = {'service': service, 'batch': number, 'step': step}
            nodes = {name: known for name, known
                     in sorted(entry.get('nodes', {}).items())
                     if known['status'] not in GOING}

            for name, known in nodes.items():
                yield {**where, 'node': name, 'status': known['status'],
                       'error': why(known)}

            if 'error' in entry and not nodes:
                yield {**where, 'node': '', 'status': 'failed',
                       'error': entry['error']}


def why(known: Row) -> str:
    """Why a step is not done on a node, from what the record knows of it."""
    if known['status'] == 'interrupted':
        return 'Whether the step took effect is not known: look at the node.'

    tail = str(known.get('output', '')).strip()[-TAIL_CHARACTERS:]
    how_it_ended = ('exceeded its time limit' if known.get('timed_out')
                    else f'ended with {known["status_code"]}'
                    if known.get('status_code') is not None else '')

    return ': '.join(filter(None, (
        known.get('error', ''), how_it_ended, tail)))


def next_of(story: Story, state: str, failed: list[Row]) -> list[str]:
    """How to go on with an open operation.

    :param state: of its execution.
    :param failed: rows of :func:`failures`.
    """
    resume = f'openstack tripleo operation resume {story.plan}'
    end = (f'To end it as it stands: openstack tripleo operation abort '
           f'{story.plan}')

    if held := story.held(state):
        return [f'It {held}.', f'To go on: {resume}', end]

    if state == 'RUNNING':
        return [f'It runs. If its engine died: {resume} --take-over']

    if not failed:
        return [f'Nothing failed. To go on: {resume}', end]

    return [f'To run what failed or was interrupted once more: '
            f'{resume} --retry-failed',
            f'To go on without a node: openstack tripleo operation skip '
            f'{story.plan} SERVICE NODE --reason WHY', end]


def fit(rows: list[Row], characters: int = MOST_CHARACTERS
        ) -> tuple[list[Row], int]:
    """The last rows that fit into an answer, and how many were left out."""
    kept: list[Row] = []

    for row in reversed(rows):
        characters -= len(json.dumps(row)) + 2

        if characters < 0:
            break

        kept.append(row)

    return kept[::-1], len(rows) - len(kept)
