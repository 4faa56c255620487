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

"""Asking all nodes of a stack what they are, run and have completed."""

import time
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout
from tripleo_workflows.deployments import objects
from tripleo_workflows.stack import cloud as stack_cloud

#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 15.0
#: Seconds that nodes have for their answers where nobody says otherwise.
TIMEOUT = 60
#: Seconds that a survey's table is kept.
LASTS = 7 * 24 * 3600
#: Seconds after which what a survey left belongs to a dead worker.
STALE_SECONDS = 3600

Row = dict[str, Any]


class Survey:
    """One survey of a stack's nodes; needs no lock and takes none.

    Its progress is kept in an object, so that each slice may be another
    worker's.

    :param container: of the plan's record; made where it is missing.
    :param survey_id: of letters, digits and dashes, unique in the project.
    :param timeout: seconds from the beginning that nodes have to answer.
    :param required: names of the nodes that are waited for; None for all.
    """

    def __init__(self, clients: service_clients.Clients, container: str,
                 plan: str, survey_id: str, timeout: int = TIMEOUT,
                 required: Collection[str] | None = None):
        self._dispatcher = delivery.Dispatcher(clients, container)
        self._objects = objects.Objects(clients, container)
        self._name = f'survey-{survey_id}'
        self._timeout = timeout
        self._required = required
        self._step = delivery.Step(
            plan=plan, operation=self._name, service='nodes', batch='0',
            step='survey', fence=0, kind='survey', timeout=timeout)
        self._state = self._objects.get(self._object)

        if self._state is None:
            self._state = _beginning(stack_cloud.nodes(clients.heat, plan))
            delivery.prepare_container(clients.swift, container)

    @property
    def _object(self) -> str:
        return f'{self._name}/progress.json'

    def advance(self, seconds: float = SLICE_SECONDS) -> bool:
        """Send what is missing and take answers for some seconds.

        :returns: whether the survey is done: all have answered, or the time
            is over.
        """
        if self._state['done']:
            return True

        nodes = self._state['nodes']
        targets = [delivery.Target(name, server_id) for name, server_id
                   in self._state['servers'].items()]

        try:
            self._state['done'] = fanout.advance(
                self._dispatcher, self._step, targets, nodes,
                self._state['begun'] + self._timeout, time.time() + seconds,
                self._required)
        finally:
            self._objects.put(self._object, self._state, LASTS)

        if self._state['done']:
            self._dispatcher.clean(
                self._step.prefix,
                [ids for node in nodes.values() for ids in node['ids']])
            self._dispatcher.sweep('survey-', most=50, seconds=2.0,
                                   age=STALE_SECONDS)

        return bool(self._state['done'])

    def rows(self) -> list[Row]:
        """What is known of each node, by name; see :func:`row_of`."""
        return [row_of(self._step.plan, name, server_id,
                       self._state['nodes'].get(name, {}), self._timeout)
                for name, server_id in sorted(
                    self._state['servers'].items())]

    def keep(self, name: str, rows: Iterable[Row]) -> None:
        """Store the whole table for a week."""
        self._objects.put(name, list(rows), LASTS)


def _beginning(nodes: Mapping[str, stack_cloud.Node]) -> dict[str, Any]:
    return {'begun': round(time.time(), 3), 'done': False, 'nodes': {},
            'servers': {name: node.server_id
                        for name, node in nodes.items()}}


def row_of(plan: str, name: str, server_id: str, node: Mapping[str, Any],
           timeout: int) -> Row:
    """What a node's answer says about it, seen from one plan.

    :returns: ``node``, ``server_id``, ``answered``, ``seconds`` from the
        sending to the answer, and of this plan ``fence``, ``operation``
        (under which the fence was accepted) and ``services`` as the journal
        has them; ``running``, payloads of any plan; ``plans``, the names of
        all that the journal knows; ``answers_as``, the server id that the
        node goes by; ``foreign``, whether it is another server or belongs
        to another plan; ``clock_ahead``, seconds; and ``drift``, sentences.
    """
    answer = node.get('answer') or {}
    found = answer.get('survey')
    row = {'node': name, 'server_id': server_id,
           'answered': found is not None, 'seconds': None, 'fence': 0,
           'operation': None, 'services': {}, 'running': [], 'plans': [],
           'answers_as': None, 'foreign': False, 'clock_ahead': 0.0,
           'drift': []}

    if found is None:
        return {**row, 'drift': [
            f'Its runner could not answer: {answer.get("error", "?")}'
            if answer else
            f'Its agent has not answered within {timeout} s.']}

    known = found['plans'].get(plan, {})
    # Deployments outside any plan count their fences under names with dots.
    plans = sorted(name for name in found['plans'] if '.' not in name)
    answers_as = found.get('server_id') or None

    return {
        **row, 'seconds': round(node['known'] - node['first_sent'], 3),
        'fence': known.get('fence', 0), 'operation': known.get('operation'),
        'services': known.get('services', {}), 'running': found['running'],
        'plans': plans, 'answers_as': answers_as,
        'foreign': ((bool(plans) and plan not in plans)
                    or answers_as not in (None, server_id)),
        'clock_ahead': _clock_ahead(found, node)}


def _clock_ahead(found: Mapping[str, Any], node: Mapping[str, Any]) -> float:
    # Anywhere between sending and knowing is as it should be.
    clock = float(found.get('clock', node['known']))
    early, late = float(node['first_sent']), float(node['known'])

    return round(clock - min(max(clock, early), late), 1)


def with_drift(plan: str, rows: Iterable[Row],
               states: Mapping[str, Mapping[str, Any]], fence: int
               ) -> list[Row]:
    """Say in each row where the node and the record differ.

    :param states: what the record says of each service: ``nodes`` with
        ``server_id``, ``fence`` and ``revision`` by name.
    :param fence: number of the plan's newest lock.
    :returns: the rows, with more sentences in ``drift`` and ``status``:
        ``done``, ``drift`` or ``unreachable``.
    """
    compared = []

    for row in rows:
        drift = [*row['drift'], *(_drift(plan, row, states, fence)
                                  if row['answered'] else [])]
        status = ('unreachable' if not row['answered']
                  else 'drift' if drift else 'done')
        compared.append({**row, 'drift': drift, 'status': status})

    return compared


def _drift(plan: str, row: Row, states: Mapping[str, Mapping[str, Any]],
           fence: int) -> list[str]:
    recorded = {service: state['nodes'][row['node']]
                for service, state in sorted(states.items())
                if row['node'] in state.get('nodes', {})}
    sentences = _identity(plan, row)
    former = {entry['server_id'] for entry in recorded.values()
              if entry.get('server_id')} - {row['server_id']}

    if former:
        sentences.append(
            f'It was replaced: the record knows {", ".join(sorted(former))} '
            f'under this name, the stack {row["server_id"]}.')

    if row['fence'] > fence:
        sentences.append(
            f'It has accepted fence {row["fence"]} of operation '
            f'{row["operation"]}, and the newest lock has {fence}: the '
            f'undercloud was restored from an older copy.')

    for service in sorted(recorded.keys() | row['services'].keys()):
        sentence = _difference(
            row['services'].get(service) or {}, recorded.get(service) or {},
            row['server_id'], fence)

        if sentence:
            sentences.append(f'{service}: {sentence}')

    return sentences


def _identity(plan: str, row: Row) -> list[str]:
    sentences = []

    if row['answers_as'] not in (None, row['server_id']):
        sentences.append(f'It answers as server {row["answers_as"]}.')

    if row['plans'] and plan not in row['plans']:
        sentences.append(
            f'It belongs to another plan: its journal knows '
            f'{", ".join(row["plans"])}, and not {plan}.')

    return sentences


def _difference(seen: Mapping[str, Any], known: Mapping[str, Any],
                server_id: str, fence: int) -> str:
    touched = seen.get('fence', 0)

    if touched > known.get('fence', 0):
        # What the open operation does under the newest lock reaches the
        # record batch by batch.
        return '' if touched == fence else (
            f'operation {seen["operation"]} was here under fence {touched}, '
            f'and the record ends at {known.get("fence", 0)}.')

    if known.get('server_id', server_id) != server_id:
        return ''

    wanted = known.get('revision')

    if wanted in (None, 'unfinished') or seen.get('revision') == wanted:
        return ''

    return (f'the record says revision {wanted[:12]}, the node completed '
            f'{(seen.get("revision") or "none")[:12]}.')
