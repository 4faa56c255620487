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

"""Carrying a batch of a service through its steps."""

import time
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import table
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import checked
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import secret_inputs

#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 20.0
#: Bytes of rows in an answer, which goes through Mistral.
ROWS_BYTES = 16 * 1024
#: Bytes of a node's output in a row.
TAIL_BYTES = 400

Answer = dict[str, Any]


class Batch:
    """One batch of one service, in one operation.

    The record holds, for each step, when it began and how each node stands:
    ``sent``, ``done``, or how it failed. A step that is done answers at
    once; one that is not is sent to the nodes where it is missing.

    :param number: of the batch in the document, starting at 1.
    """

    def __init__(self, clients: service_clients.Clients,
                 operation: operation_record.Operation, service: str,
                 number: int):
        self._clients = clients
        self._operation = operation
        self._name = service
        self._number = number
        self._record = operation_record.Record(clients.swift, operation.plan)
        self._document = self._record.document(operation.digest)
        self._service = self._document['services'][service]
        self._nodes = {name: self._service['nodes'][name] for name
                       in self._service['batches'][number - 1]}
        self._steps = self._record.batch(operation, service, number)

    def run(self, step: str, seconds: float = SLICE_SECONDS) -> Answer:
        """Carry out a step as far as it gets in some seconds.

        :returns: ``done``, ``step``, ``nodes`` (how many stand how),
            ``rows`` (how the nodes stand that are not done, as many as fit)
            and ``record`` (the object that holds them all); ``held``, where
            nothing was begun because a person holds the operation.
        :raises FenceLost: the operation was taken over.
        :raises StepFailed: a node failed, or a check did not pass in time.
        """
        lock.require_fence(self._clients.mistral, self._operation.plan,
                           self._operation.fence)
        concerned = {name: node for name, node in self._nodes.items()
                     if step in self._steps_of(name)}
        self._require_earlier(step)

        if not concerned or self._is_done(step):
            return self._answer(step)

        decided = decisions.read(self._record, self._operation.id)

        if held := holding.enforce(self._clients, self._operation, decided):
            return {**self._answer(step), 'held': held}

        entry = self._steps.setdefault(step, {'nodes': {}})

        self._leave_revisions()
        entry.pop('error', None)

        if entry.get('fence') != self._operation.fence:
            # Who goes on after a crash has the whole time again.
            entry.update(fence=self._operation.fence,
                         begun=round(time.time(), 3))

        try:
            self._carry_out(step, entry, concerned, decided,
                            time.time() + seconds)
        except exceptions.TripleoError as error:
            entry['error'] = str(error)
            raise
        finally:
            self._save()

        return self._answer(step)

    def _carry_out(self, step: str, entry: Answer,
                   concerned: dict[str, Any], decided: decisions.Decisions,
                   until: float) -> None:
        lifecycles = self._service['lifecycle']

        if step in lifecycle_format.CHECK_STEPS:
            checked.carry_out(step, lifecycles, concerned, entry, until,
                              self._where(step))
            return

        sending = delivered.DeliveredStep(
            delivery.Dispatcher(self._clients, self._record.container),
            self._operation, self._name, self._number, step, lifecycles,
            concerned, entry['nodes'],
            lambda role: self._secrets(role, step),
            lambda: decided.retry(self._operation.fence))

        if sending.send_missing(until):
            # Whoever goes on after a crash here finds what was sent.
            self._save()

        sending.wait(until)

    def _secrets(self, role: str, step: str) -> dict[str, Any]:
        return secret_inputs.of_step(
            self._clients.heat, self._document, self._name, role, step,
            self._record)

    def _leave_revisions(self) -> None:
        """Record, once, that the batch's nodes leave what they were.

        Should the batch never end, they are rolled again, even where the
        plan goes back to what they had.
        """
        if len(self._steps) > 1:
            return

        state = self._record.state(self._operation.fence, self._name)
        nodes = state.setdefault('nodes', {})

        for name, node in self._nodes.items():
            known = nodes.get(name, {})

            if known.get('server_id') != node['server_id']:
                # It was replaced, and has nothing of what it was.
                known = {}

            nodes[name] = {
                **known, 'server_id': node['server_id'],
                'fence': self._operation.fence,
                # A node that never had one still goes its first way.
                'revision': (revision.UNFINISHED if known.get('revision')
                             else None)}

        self._record.put_state(self._operation.fence, self._name, state)

    def finish(self) -> Answer:
        """Record the batch's revisions; clean up what was sent.

        :raises StepFailed: a step of the batch is missing.
        """
        lock.require_fence(self._clients.mistral, self._operation.plan,
                           self._operation.fence)
        self._require_earlier(None)
        state = self._record.state(self._operation.fence, self._name)
        nodes = {**state.get('nodes', {}), **{
            name: {'revision': node['wanted'],
                   'release': self._lifecycle(name)['release'],
                   'parts': self._lifecycle(name)['parts'],
                   'server_id': node['server_id'],
                   'fence': self._operation.fence}
            for name, node in self._nodes.items()}}
        finished = all(
            rollout_document.is_reached(node, nodes.get(name, {}))
            for name, node in self._service['nodes'].items())
        self._record.put_state(self._operation.fence, self._name, {
            'release': self._service['release'],
            'phase': 'finished' if finished else 'prepared',
            'nodes': nodes})
        self._clean()

        return {'done': True, 'nodes': sorted(self._nodes)}

    def _clean(self) -> None:
        dispatcher = delivery.Dispatcher(self._clients,
                                         self._record.container)
        sent = [ids for entry in self._steps.values()
                for node in entry['nodes'].values()
                for ids in node.get('ids', [])]
        dispatcher.clean(f'{self._operation.id}/deliveries/{self._name}.'
                         f'{self._number}.', sent)

    def _lifecycle(self, node: str) -> dict[str, Any]:
        lifecycle: dict[str, Any] = self._service['lifecycle'][
            self._nodes[node]['role']]

        return lifecycle

    def _steps_of(self, node: str) -> list[str]:
        return lifecycle_format.steps_of(
            self._lifecycle(node), self._nodes[node]['base'] is None)

    def _status(self, step: str, node: str) -> str | None:
        found: str | None = self._steps.get(step, {}).get('nodes', {}).get(
            node, {}).get('status')

        return found

    def _is_done(self, step: str) -> bool:
        return all(self._status(step, name) == delivered.DONE
                   for name in self._nodes if step in self._steps_of(name))

    def _require_earlier(self, step: str | None) -> None:
        for earlier in (*lifecycle_format.ROLL_STEPS, lifecycle_format.GATE):
            if earlier == step:
                return

            if not self._is_done(earlier):
                raise exceptions.StepFailed(
                    f'Step {step or "finished"} cannot begin before '
                    f'{earlier} is done.', 'Rerun the batch from its start.',
                    **self._where(earlier))

    def _answer(self, step: str) -> Answer:
        known = self._steps.get(step, {}).get('nodes', {})
        rows = [{'node': name, 'status': entry['status'],
                 **{key: entry[key] for key in ('attempt', 'seconds',
                                                'changed') if key in entry},
                 'tail': table.tail(entry.get('output', ''), TAIL_BYTES)}
                for name, entry in sorted(known.items())
                if entry['status'] != delivered.DONE]

        return {'done': self._is_done(step), 'step': step,
                'nodes': table.counts(known.values()),
                'rows': table.fitting(rows, ROWS_BYTES),
                'record': f'{self._record.container}/{self._operation.id}/'
                          f'{self._operation.fence}/{self._name}.'
                          f'{self._number}.json'}

    def _save(self) -> None:
        self._record.put_batch(self._operation, self._name, self._number,
                               self._steps)

    def _where(self, step: str) -> dict[str, object]:
        return {'plan': self._operation.plan, 'service': self._name,
                'batch': self._number, 'step': step}


def next_batch(clients: service_clients.Clients,
               operation: operation_record.Operation, service: str
               ) -> int | None:
    """The first batch in which a node lacks its wanted revision.

    :returns: its number, starting at 1; None where the service is done.
    """
    record = operation_record.Record(clients.swift, operation.plan)
    wanted = record.document(operation.digest)['services'][service]
    nodes = record.state(operation.fence, service).get('nodes', {})

    for number, batch in enumerate(wanted['batches'], 1):
        if not all(rollout_document.is_reached(wanted['nodes'][name],
                                               nodes.get(name, {}))
                   for name in batch):
            return number

    return None

