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
from collections.abc import Callable
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import runner as check_runner
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import failures
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision

#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 20.0
POLL_SECONDS = 0.4
#: A delivery that no hook has taken after this time is sent once more: an
#: agent misses the second of two pushes within one second.
RESEND_SECONDS = 5.0
#: How long a node may take to fetch a step, beside the step's own time.
DELIVERY_SECONDS = 120
DEFAULT_TIMEOUT = 600

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
        document = self._record.document(operation.digest)
        self._service = document['services'][service]
        self._nodes = {name: self._service['nodes'][name] for name
                       in self._service['batches'][number - 1]}
        self._steps = self._record.batch(operation, service, number)

    def run(self, step: str, seconds: float = SLICE_SECONDS) -> Answer:
        """Carry out a step as far as it gets in some seconds.

        :returns: ``done``, ``step`` and ``nodes`` (how many stand how).
        :raises FenceLost: the operation was taken over.
        :raises StepFailed: a node failed, or a check did not pass in time.
        """
        lock.require_fence(self._clients.mistral, self._operation.plan,
                           self._operation.fence)
        concerned = [name for name in self._nodes
                     if step in self._steps_of(name)]
        self._require_earlier(step)

        if not concerned:
            return self._answer(step)

        entry = self._steps.setdefault(step, {'nodes': {}})
        carry_out = (self._check if step in lifecycle_format.CHECK_STEPS
                     else self._deliver)

        if not self._is_done(step):
            self._leave_revisions()
            entry.pop('error', None)

            if entry.get('fence') != self._operation.fence:
                # Who goes on after a crash has the whole time again.
                entry.update(fence=self._operation.fence,
                             begun=round(time.time(), 3))

            try:
                carry_out(step, entry, concerned, time.time() + seconds)
            except exceptions.TripleoError as error:
                entry['error'] = str(error)
                raise
            finally:
                self._save()

        return self._answer(step)

    def _leave_revisions(self) -> None:
        """Record, once, that the batch's nodes leave what they were.

        Should the batch never end, they are rolled again, even where the
        plan goes back to what they had.
        """
        if len(self._steps) > 1:
            return

        state = self._record.state(self._operation.fence, self._name)
        nodes = state.get('nodes', {})

        for name in self._nodes:
            if name in nodes:
                nodes[name] = {**nodes[name],
                               'revision': revision.UNFINISHED}

        if nodes:
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
                   'server_id': node['server_id']}
            for name, node in self._nodes.items()}}
        finished = all(
            nodes.get(name, {}).get('revision') == node['wanted']
            for name, node in self._service['nodes'].items())
        self._record.put_state(self._operation.fence, self._name, {
            'release': self._service['release'],
            'phase': 'finished' if finished else 'prepared',
            'nodes': nodes})
        self._clean()

        return {'done': True, 'nodes': sorted(self._nodes)}

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
        return all(self._status(step, name) == 'done' for name in self._nodes
                   if step in self._steps_of(name))

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
        counts: dict[str, int] = {}

        for entry in self._steps.get(step, {}).get('nodes', {}).values():
            counts[entry['status']] = counts.get(entry['status'], 0) + 1

        return {'done': self._is_done(step), 'step': step, 'nodes': counts}

    def _save(self) -> None:
        self._record.put_batch(self._operation, self._name, self._number,
                               self._steps)

    def _where(self, step: str, node: str = '') -> dict[str, object]:
        return {'plan': self._operation.plan, 'service': self._name,
                'batch': self._number, 'step': step, 'node': node}

    # Steps that nodes carry out.

    def _request(self, step: str, node: str) -> delivery.Step:
        content = self._lifecycle(node)['roll'][step]

        return delivery.Step(
            plan=self._operation.plan, operation=self._operation.id,
            service=self._name, batch=self._number, step=step,
            fence=self._operation.fence, payload=content['script'],
            timeout=content.get('timeout', DEFAULT_TIMEOUT),
            idempotent=content.get('idempotent', False),
            environment={name: _as_variable(value) for name, value
                         in content.get('inputs', {}).items()})

    def _deliver(self, step: str, entry: Answer, concerned: list[str],
                 until: float) -> None:
        dispatcher = delivery.Dispatcher(self._clients,
                                         self._record.container)
        nodes = entry['nodes']
        # What an earlier execution sent is asked of the node again: its
        # journal answers, and lower fences are refused from then on.
        missing = [name for name in concerned if name not in nodes
                   or (nodes[name]['status'] == 'sent'
                       and nodes[name]['fence'] < self._operation.fence)]

        if missing:
            self._send(dispatcher, step, entry, missing)
            # Whoever goes on after a crash here finds what was sent.
            self._save()

        request = self._request(step, concerned[0])

        while waiting := [name for name in concerned
                          if nodes[name]['status'] == 'sent']:
            accepted, ended = dispatcher.answered(request)
            late = time.time() >= until

            for name in waiting:
                if name in ended or late:
                    self._take(dispatcher, step, entry, name)
                elif (name not in accepted and time.time()
                        > nodes[name]['sent'] + RESEND_SECONDS):
                    self._send(dispatcher, step, entry, [name])

            if late:
                break

            time.sleep(POLL_SECONDS)

        failed = [name for name in concerned
                  if nodes[name]['status'] not in ('sent', 'done')]

        if failed and not waiting:
            raise failures.of_node(nodes[failed[0]],
                                   **self._where(step, failed[0]))

    def _send(self, dispatcher: delivery.Dispatcher, step: str,
              entry: Answer, names: list[str]) -> None:
        for role in {self._nodes[name]['role'] for name in names}:
            group = [name for name in names
                     if self._nodes[name]['role'] == role]
            sent = dispatcher.send(
                self._request(step, group[0]),
                [delivery.Target(
                    name, self._nodes[name]['server_id'],
                    rollout_document.facts_of(self._nodes[name]))
                 for name in group])

            now = round(time.time(), 3)

            for name, ids in sent.items():
                before = entry['nodes'].get(name, {})
                again = before.get('fence') == self._operation.fence
                entry['nodes'][name] = {
                    'status': 'sent', 'fence': self._operation.fence,
                    'sent': now,
                    'first_sent': before['first_sent'] if again else now,
                    'ids': [*before.get('ids', []), ids]}

    def _take(self, dispatcher: delivery.Dispatcher, step: str,
              entry: Answer, node: str) -> None:
        request = self._request(step, node)
        answer = dispatcher.answers(request, [node]).get(node)
        known = entry['nodes'][node]

        if answer is not None:
            known.update(
                {key: answer[key] for key in (
                    'status', 'status_code', 'seconds', 'timed_out',
                    'fence_seen') if key in answer},
                known=round(time.time(), 3))

            if answer['status'] != 'done':
                known['output'] = answer.get('output', '')[-4000:]
        elif (time.time() > known['first_sent'] + request.timeout
                + DELIVERY_SECONDS):
            known['status'] = 'unreachable'

    def _clean(self) -> None:
        dispatcher = delivery.Dispatcher(self._clients,
                                         self._record.container)
        sent = [ids for entry in self._steps.values()
                for node in entry['nodes'].values()
                for ids in node.get('ids', [])]
        dispatcher.clean(f'{self._operation.id}/deliveries/{self._name}.'
                         f'{self._number}.', sent)

    # Steps that are checks.

    def _check(self, step: str, entry: Answer, concerned: list[str],
               until: float) -> None:
        timeout = self._service['lifecycle'][
            self._nodes[concerned[0]]['role']]['policy']['check_timeout']
        ask: Callable[[list[str]], list[contract.CheckResult]] = (
            self._ask_service if step == lifecycle_format.GATE
            else self._ask_nodes)

        while True:
            results = ask(concerned)
            bad = [result for result in results
                   if result.result >= contract.Code.FAILURE]
            entry['checks'] = [result.to_dict() for result in results]
            failed = {result.node for result in bad}
            entry['nodes'] = {
                name: {'status': 'sent' if {name, ''} & failed else 'done',
                       'seconds': round(time.time() - entry['begun'], 3)}
                for name in concerned}

            if not bad:
                return

            if time.time() > entry['begun'] + timeout:
                worst = bad[0]

                raise exceptions.StepFailed(
                    f'Check {worst.name} did not pass within {timeout} s: '
                    f'{worst.details}', worst.remedy,
                    **self._where(step, worst.node))

            if time.time() > until:
                return

            time.sleep(POLL_SECONDS)

    def _ask_nodes(self, concerned: list[str]) -> list[contract.CheckResult]:
        return [result for name in concerned
                for result in check_runner.run_all(
                    self._lifecycle(name)['roll']['verify'],
                    rollout_document.facts_of(self._nodes[name]))]

    def _ask_service(self, concerned: list[str]
                     ) -> list[contract.CheckResult]:
        return check_runner.run_all(self._lifecycle(concerned[0])['gate'], {})


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
        if any(nodes.get(name, {}).get('revision')
               != wanted['nodes'][name]['wanted'] for name in batch):
            return number

    return None


def _as_variable(value: object) -> str:
    # YAML's booleans are spelled as people write them in a template.
    return str(value).lower() if isinstance(value, bool) else str(value)
