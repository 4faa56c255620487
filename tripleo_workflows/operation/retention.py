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

"""Removing what nobody needs any more of operations that have ended.

It stays within a time, says whether more is left, and may be stopped
anywhere: what tells that a record is a closed operation's goes last.
"""

import datetime
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from mistralclient.api import base as mistral_base

from tripleo_workflows import claims
from tripleo_workflows import clients as service_clients
from tripleo_workflows.deployments import adhoc
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import survey
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

KEEP_OPERATIONS = 10
KEEP_DAYS = 30
#: How long one call may take; an action answers within 25 s.
SECONDS = 18.0
ENDED = ('SUCCESS', 'ERROR', 'CANCELLED')
#: What a list of Mistral holds at most.
PAGE = 1000
DAY = 24 * 3600


class _TimeIsUp(Exception):
    """There is more to remove than the time allows."""


class Cleaning:
    """Removes what is beyond two limits, as far as a time allows.

    :param keep_operations: how many closed operations of each plan are kept
        however old they are.
    :param keep_days: what is younger is kept however many there are.
    :param dry_run: count only.
    """

    def __init__(self, clients: service_clients.Clients,
                 keep_operations: int = KEEP_OPERATIONS,
                 keep_days: float = KEEP_DAYS, dry_run: bool = False,
                 seconds: float = SECONDS):
        self._clients = clients
        self._keep = keep_operations
        self._age = keep_days * DAY
        self._dry_run = dry_run
        self._until = time.monotonic() + seconds
        self._removed: Counter[str] = Counter()
        #: Root executions and operations that are open, and what is closed.
        self._open: set[str] = set()
        self._closed: set[str] = set()

    def clean(self, plan: str = '') -> dict[str, Any]:
        """Clean one plan, or all plans of the project.

        Never removed: what belongs to an open operation, states that are
        still read, and the newest two locks of a plan.

        :returns: ``done``, false where the time was up, and ``removed``, how
            many of each kind.
        """
        try:
            for name in [plan] if plan else report.plans(self._clients):
                self._clean_plan(name)

            self._sweep(adhoc.CONTAINER, 'adhoc-', adhoc.LASTS)
            self._clean_graphs(plan)
            self._clean_executions(plan)
        except _TimeIsUp:
            return {'done': False, 'removed': dict(self._removed)}

        return {'done': True, 'removed': dict(self._removed)}

    def _remove(self, kind: str, function: Callable[[str], Any], name: str
                ) -> None:
        if time.monotonic() > self._until:
            raise _TimeIsUp

        if not self._dry_run:
            function(name)

        self._removed[kind] += 1

    def _clean_plan(self, plan: str) -> None:
        record = operation_record.Record(self._clients.swift, plan)
        names = set(record.names(''))
        old = set(record.names('', self._age))
        known = {name.partition('/')[0] for name in names
                 if name.endswith(('/operation.json', '/closed.json'))}
        closed = {operation: found for operation in known
                  if (found := record.get(f'{operation}/closed.json'))}
        self._closed |= set(closed)
        self._note_open(plan, known - set(closed))
        by_age = sorted(closed, reverse=True,
                        key=lambda each: str(closed[each].get('when', '')))

        for position, operation in enumerate(by_age):
            beyond = (position >= self._keep
                      and f'{operation}/closed.json' in old)
            # Most closed operations have left nothing: a sweep is dear.
            if beyond or any(name.startswith(f'{operation}/deliveries/')
                             for name in names):
                self._sweep(record.container, f'{operation}/')

            if beyond:
                self._remove_operation(record, operation, names)
                known.remove(operation)

        self._sweep(record.container, 'survey-', survey.STALE_SECONDS)
        self._clean_documents(record, known, old)
        self._clean_states(record, names)

        for name in sorted(old):
            top, slash, _ = name.partition('/')

            # Surveys, and operations that never came to be.
            if slash and top not in {*known, *closed, 'state', 'documents'}:
                self._remove('leftovers', record.remove, name)

        for number in claims.numbers(self._clients.mistral,
                                     lock.series(plan))[:-2]:
            self._remove('locks', self._drop_claim,
                         f'{lock.series(plan)}.{number}')

    def _note_open(self, plan: str, operations: set[str]) -> None:
        _, holder = lock.current(self._clients.mistral, plan)
        self._open |= operations

        if holder and holder.operation in operations:
            self._open.add(holder.root)

    def _drop_claim(self, name: str) -> None:
        claims.drop(self._clients.mistral, name)

    def _sweep(self, container: str, prefix: str, age: float = 0) -> None:
        if self._dry_run:
            return

        dispatcher = delivery.Dispatcher(self._clients, container)
        left = True

        while left:
            seconds = self._until - time.monotonic()

            if seconds <= 0:
                raise _TimeIsUp

            swept = dispatcher.sweep(prefix, seconds=seconds, age=age)
            self._removed['deliveries'] += swept.removed
            left = swept.left and not swept.errors

    def _remove_operation(self, record: operation_record.Record,
                          operation: str, names: set[str]) -> None:
        last = [f'{operation}/operation.json', f'{operation}/closed.json']

        for name in sorted(name for name in names - set(last)
                           if name.startswith(f'{operation}/')):
            self._remove('objects', record.remove, name)

        for name in last:
            self._remove('objects', record.remove, name)

        self._removed['operations'] += 1

    def _clean_documents(self, record: operation_record.Record,
                         operations: set[str], old: set[str]) -> None:
        used = {opened['digest'] for operation in operations if (
            opened := record.get(f'{operation}/operation.json'))}

        for name in sorted(old):
            folder, _, document = name.partition('/')

            if (folder == 'documents'
                    and document.removesuffix('.json') not in used):
                self._remove('documents', record.remove, name)

    def _clean_states(self, record: operation_record.Record,
                      names: set[str]) -> None:
        """Remove the states below the newest base: nobody reads them."""
        states = {name: int(part) for name in names
                  if name.startswith('state/')
                  and (part := name.split('/')[1]).isdigit()}
        newest = max((number for name, number in states.items()
                      if name.endswith('/base.json')), default=0)

        if record.get(f'state/{newest}/base.json') is None:
            return

        for name, number in sorted(states.items()):
            if number < newest:
                self._remove('states', record.remove, name)

    def _clean_graphs(self, plan: str) -> None:
        """Remove compiled graphs that closing has not removed."""
        before = self._before()

        for workflow in self._clients.mistral.workflows.list(
                name=f'has:{lifetime.GRAPH_PREFIX}'):
            operation = workflow.name.removeprefix(
                lifetime.GRAPH_PREFIX).rpartition('.')[0]
            unknown = not plan and operation not in self._open

            if operation in self._closed or (
                    unknown and workflow.created_at < before):
                self._remove('graphs', self._drop_graph, workflow.name)

    def _drop_graph(self, name: str) -> None:
        lifetime.drop_graph(self._clients.mistral, name)

    def _clean_executions(self, plan: str) -> None:
        """Remove our root executions that ended, with all below them."""
        for state in ENDED:
            found = self._clients.mistral.executions.list(
                workflow_name='has:tripleo.', state=state, limit=PAGE,
                nulls='task_execution_id', updated_at=f'lt:{self._before()}',
                fields=['id', 'workflow_name', 'input'])

            for execution in found:
                if (execution.workflow_name.startswith('tripleo.')
                        and execution.id not in self._open
                        and plan in ('', _plan_of(execution))):
                    self._remove('executions', self._drop_execution,
                                 execution.id)

    def _drop_execution(self, execution_id: str) -> None:
        try:
            self._clients.mistral.executions.delete(execution_id)
        except mistral_base.APIException as error:
            if error.error_code != 404:
                raise

    def _before(self) -> str:
        return (datetime.datetime.now(datetime.UTC)
                - datetime.timedelta(seconds=self._age)
                ).strftime('%Y-%m-%d %H:%M:%S')


def _plan_of(execution: Any) -> str:
    given = json.loads(execution.input or '{}')

    return str(given.get('plan') or given.get('container') or '')
