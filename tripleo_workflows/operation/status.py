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

"""The mixed state of a cloud during an operation, per service and node."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

Row = dict[str, Any]

#: Characters of a revision that tell it from others.
SHORT = 8
#: Of what the operation leaves alone.
UNCHANGED = 'unchanged'
DONE = 'done'


def read(clients: service_clients.Clients, plan: str, operation: str = ''
         ) -> Row:
    """How every service stands on every node.

    :param operation: its id; empty: the plan's newest.
    :returns: ``operation``, ``state``, ``held`` (who holds it, or what it
        waits for) and ``rows``: ``service``, ``phase`` of its release,
        ``node``, ``release`` and ``revision`` that it has, ``step``,
        ``status``, ``since`` (ISO 8601) and ``why``. A status is done,
        running, waiting, held, failed, skipped, unreachable, interrupted,
        aborted or refused, and unchanged where the operation does nothing.
    :raises NotFound: there is no such operation.
    """
    record = operation_record.Record(clients.swift, plan)
    story = report.read(record, operation)
    document = record.get(f'documents/{story.opened["digest"]}.json') or {}
    services = document.get('services', {})
    states = record.states(story.fence, services)

    _, state = report.execution_of(clients, plan, story.opened)
    held = story.held(state)

    return {'operation': story.opened['operation'],
            'state': report.stands(story.closed, state),
            'held': held,
            'rows': [row for name in sorted({*services, *states})
                     for row in _Service(
                         story, held, name, services.get(name, {}),
                         states.get(name, {})).rows()]}


class _Service:
    """One service in an operation.

    :param held: why nothing is begun; empty where it is.
    :param entry: of the document, empty where it does nothing to it.
    :param state: of the record, empty where it was never rolled.
    """

    def __init__(self, story: report.Story, held: str, name: str,
                 entry: Mapping[str, Any], state: Mapping[str, Any]):
        self._story = story
        self._held = held
        self._name = name
        self._entry = entry
        self._state = state
        self._recorded: Mapping[str, Mapping[str, Any]] = state.get(
            'nodes', {})
        self._skipped = story.decisions.skipped(name)

    def rows(self) -> Iterator[Row]:
        steps = self._last_steps()
        touched = dict.fromkeys((*self._entry.get('nodes', {}), *steps))

        for node in sorted({*touched, *self._recorded}) or ['']:
            known = self._recorded.get(node, {})

            yield {'service': self._name, 'phase': self._phase(),
                   'node': node, 'release': known.get('release', ''),
                   'revision': (known.get('revision') or '')[:SHORT],
                   **{'step': '', 'since': '', 'why': ''},
                   **(self._stands(node, steps.get(node))
                      if node in touched else {'status': UNCHANGED})}

    def _phase(self) -> str:
        phase, release = (str(self._state.get(name, '')) for name in (
            'phase', 'release'))
        other = release != self._entry.get('release', release)

        return f'{phase} ({release})' if phase and other else phase

    def _last_steps(self) -> dict[str, Row]:
        """The step that each node has begun last."""
        found: dict[str, Row] = {}

        for (service, _), steps in self._story.batches.items():
            if service != self._name:
                continue

            for step, entry in report.in_time(steps):
                for node, known in entry.get('nodes', {}).items():
                    begun = entry.get('begun', 0)

                    if begun >= found.get(node, {}).get('begun', 0):
                        found[node] = {
                            'step': step, 'begun': begun, 'known': known,
                            'error': entry.get('error', '')}

        return found

    def _stands(self, node: str, last: Row | None) -> Row:
        where = {'step': last['step'], 'since': lock.at(last['begun'])
                 } if last else {}

        if node in self._skipped:
            return {**where, 'status': 'skipped', 'why': self._skipped[node]}

        status = last['known']['status'] if last else ''

        if last and (last['error'] or status not in report.GOING):
            return {**where, 'status': status if status not in report.GOING
                    else 'failed',
                    'why': report.why(last['known']) or last['error']}

        if status == 'sent' and not self._story.closed:
            return {**where, 'status': 'running'}

        if self._is_reached(node):
            return {**where, 'status': DONE}

        if self._held:
            return {**where, 'status': 'held', 'why': self._held}

        return {**where, 'status': 'waiting'}

    def _is_reached(self, node: str) -> bool:
        wanted = self._entry.get('nodes', {}).get(node, {}).get('wanted')

        return wanted in (None, self._recorded.get(node, {}).get('revision'))
