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

"""Whether a cloud is ready for a rollout: checks are asked, and no more.

Asked are the checks of ``prepare`` as they are wanted, and the gates of what
runs now, as it once came to its nodes. A node that does not answer counts
as a check that failed.
"""

import collections
import time
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.checks import contract
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import objects
from tripleo_workflows.deployments import table
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import checked
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import stored
from tripleo_workflows.rollout import units

#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 15.0
#: Seconds that the results are kept.
LASTS = 7 * 24 * 3600
#: Bytes of the rows in an answer, which goes through Mistral.
ROWS_BYTES = 16 * 1024

Row = dict[str, Any]


class Readiness:
    """The checks of one rollout, asked once; needs no lock and takes none.

    Its progress is kept in an object, so that each slice may be another
    worker's.

    :param digest: of a rollout that a preview saved.
    :param silent: names of the nodes that did not answer the survey.
    :param request: of letters, digits and dashes, unique in the project.
    """

    def __init__(self, clients: service_clients.Clients, plan: str,
                 digest: str, silent: Iterable[str], request: str):
        self._record = operation_record.Record(clients.swift, plan)
        self._document = self._record.document(digest)
        self._silent = sorted(silent)
        self._objects = objects.Objects(clients, self._record.container)
        self._dispatcher = delivery.Dispatcher(clients,
                                               self._record.container)
        delivery.prepare_container(clients.swift, self._record.container)
        name = f'check-{request}'
        self._object = f'{name}/progress.json'
        # A plan of its own, so that no operation's fence refuses it.
        self._operation = operation_record.Operation(
            name, f'check.{request}', 1, 1, digest)
        self._state: dict[str, Row] = self._objects.get(self._object) or {}

    def advance(self, seconds: float = SLICE_SECONDS) -> Row:
        """Ask for some seconds.

        :returns: ``done``; then ``counts`` by how checks ended, ``failed``
            (how many say that the rollout must not begin), ``rows`` (results
            of checks with ``service`` and ``step``, the worst first, as many
            as fit) and ``table``, the object that has all of them.
        """
        until = time.time() + seconds
        places = list(self._places())

        try:
            for place in places:
                self._ask(place, until)
        finally:
            self._objects.put(self._object, self._state, LASTS)

        if not all('results' in state for state in self._state.values()):
            return {'done': False}

        rows = sorted([*self._of_nodes(), *(
            {'service': place.service, 'step': place.step, **result}
            for place in places
            for result in self._state[_key(place)]['results'])],
            key=lambda row: -row['result'])
        self._objects.put(f'{self._operation.id}/results.json',
                          {'checks': rows}, LASTS)
        self._dispatcher.sweep(f'{self._operation.id}/deliveries/',
                               seconds=5.0)

        return {
            'done': True, 'rows': table.fitting(rows, ROWS_BYTES),
            'counts': dict(collections.Counter(
                contract.Code(row['result']).name.lower() for row in rows)),
            'failed': sum(row['result'] >= contract.Code.FAILURE
                          for row in rows),
            'table': f'{self._record.container}/{self._operation.id}/'
                     f'results.json'}

    def _ask(self, place: checked.Place, until: float) -> None:
        state = self._state.setdefault(_key(place), {'round': 1, 'asked': {}})

        if 'results' not in state:
            found = checked.ask(self._dispatcher, place, state, until)

            if found is not None:
                state['results'] = [result.to_dict() for result in found]

    def _of_nodes(self) -> Iterator[Row]:
        for name in self._silent:
            yield {'service': '', 'step': 'survey', **contract.CheckResult(
                'node answers', contract.Code.FAILURE,
                'The node did not answer the survey.',
                'Look at the node and at os-collect-config on it.',
                node=name).to_dict()}

    def _places(self) -> Iterator[checked.Place]:
        for service, entry in self._document['services'].items():
            if 'check' in entry['steps'][lifecycle_format.PREPARE]:
                yield self._place(service, 'check', {
                    name: entry['lifecycle'][
                        self._document['nodes'][name]['role']]
                    for name in entry['members']})

            now = stored.load_all(self._record, {
                node['back'] for node in entry['nodes'].values()
                if node['back']})
            runs = {name: now[node['back']] for name, node
                    in entry['nodes'].items() if node['back'] in now}

            if any(lifecycle_format.GATE in lifecycle['steps']
                   for lifecycle in runs.values()):
                yield self._place(service, lifecycle_format.GATE, runs)

    def _place(self, service: str, step: str,
               lifecycles: Mapping[str, lifecycle_format.Lifecycle]
               ) -> checked.Place:
        members = {
            name: units.Member(self._document['nodes'][name], lifecycle,
                               (step,))
            for name, lifecycle in lifecycles.items()
            if step in lifecycle['steps']}
        bootstrap = self._document['services'][service]['bootstrap']

        return checked.Place(
            self._operation, service, lifecycle_format.PREPARE, step, members,
            members.get(bootstrap) or next(iter(members.values())))


def _key(place: checked.Place) -> str:
    return f'{place.service}.{place.step}'
