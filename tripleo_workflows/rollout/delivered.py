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

"""A step of a batch that its nodes carry out."""

import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import config
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import units

#: Seconds between two looks, unless looking itself takes long.
POLL_SECONDS = 0.4
#: By how much a listing may lag: whom it does not name is asked for by name
#: when so much time has passed.
LAG_SECONDS = 10
#: How much longer than its time limit a step that a node has accepted may
#: stay without an answer before it is sent once more.
SILENT_SECONDS = 20
#: How long a node may take to fetch a step, beside the step's own time.
DELIVERY_SECONDS = 120
DEFAULT_TIMEOUT = 600

#: How a step stands on a node where it has not ended.
SENT = 'sent'
DONE = 'done'
UNREACHABLE = 'unreachable'
#: What a node may be asked again without a decision: it has not run it.
ASK_AGAIN = (SENT, UNREACHABLE, 'refused')

#: What the record keeps of an answer.
KEPT = ('status', 'status_code', 'seconds', 'timed_out', 'changed', 'error',
        'fence_seen', 'operation_seen')
#: Characters of a node's output that the record keeps where it failed.
TAIL_CHARACTERS = 4000

Known = dict[str, Any]
Secrets = Callable[[units.Member], Mapping[str, Any]]


class DeliveredStep:
    """Sends one step to the nodes of a unit and takes their answers.

    :param unit: its name, a batch's number for instance.
    :param members: the nodes that carry the step out, by name.
    :param known: how the step stands on each node; changed in place.
    :param secrets: gives the step's secret inputs for a member.
    :param retry: tells whether a person decided, under this fence, that what
        failed before is tried once more.
    """

    def __init__(self, dispatcher: delivery.Dispatcher,
                 operation: operation_record.Operation, service: str,
                 unit: str, step: str, members: units.Members,
                 known: dict[str, Known], secrets: Secrets,
                 retry: Callable[[], bool]):
        self._dispatcher = dispatcher
        self._operation = operation
        self._service = service
        self._unit = unit
        self._step = step
        self._members = members
        self._known = known
        self._secrets = secrets
        self._retry = retry

    def send_missing(self, until: float) -> bool:
        """Send the step to the nodes that have to be asked.

        :param until: epoch seconds after which no other node is begun with.
        :returns: whether anything was sent.
        """
        missing = {name: attempt for name in self._members
                   if (attempt := self._attempt_to_send(name))}
        self._send(missing, until)

        return bool(missing)

    def _attempt_to_send(self, name: str) -> int:
        """Number of the attempt that the node is to be sent, 0 for none."""
        known = self._known.get(name)

        if known is None:
            return 1

        if known['status'] == DONE or known['fence'] >= self._operation.fence:
            return 0

        # What an earlier execution sent is asked of the node again: its
        # journal answers, and lower fences are refused from then on.
        if known['status'] in ASK_AGAIN:
            return int(known['attempt'])

        return known['attempt'] + 1 if self._retry() else 0

    def wait(self, until: float) -> bool:
        """Take what the nodes answer.

        :param until: epoch seconds.
        :returns: whether the step has ended on all nodes, well or not.
        """
        while waiting := self._waiting():
            begun = time.time()
            accepted, ended = self._answered(waiting)
            looked = time.time()
            late = begun >= until
            # The listing is a hint; at the end, those that it may have missed
            # are asked for by name.
            self._take([name for name in waiting if name in ended
                        or (late and self._is_missed(name))], ended)

            if late or not self._waiting():
                break

            self._send(self._attempts(
                name for name in self._waiting()
                if self._is_overdue(name, name in accepted)), until)

            # Nodes that are through are cleaned up after meanwhile.
            if not self._dispatcher.remove_some(
                    self._known[name] for name in self._members
                    if self._is_last(name)
                    and self._known[name]['status'] == DONE):
                time.sleep(max(POLL_SECONDS, 8 * (looked - begun)))

        return not (self._waiting()
                    or any(map(self._attempt_to_send, self._members)))

    def _is_missed(self, name: str) -> bool:
        """Whether a listing should have named the node by now."""
        return bool(time.time() > self._known[name]['first_sent']
                    + LAG_SECONDS)

    def _is_overdue(self, name: str, accepted: bool) -> bool:
        known = self._known[name]

        if not accepted:
            return bool(time.time() > known['resend'])

        # Its guardian may have been killed: then only a new one answers.
        timeout = self._content(name).get('timeout', DEFAULT_TIMEOUT)

        return bool(time.time() > known['sent'] + timeout + SILENT_SECONDS)

    def _content(self, name: str) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self._members[name].lifecycle['steps'][
            self._step]

        return content

    def _waiting(self) -> list[str]:
        return [name for name in self._members
                if self._known.get(name, {}).get('status') == SENT]

    def _groups(self, attempts: Mapping[str, int]
                ) -> Iterable[tuple[delivery.Step, list[str]]]:
        """The nodes that are sent the same, together."""
        groups: dict[tuple[int, int], list[str]] = {}

        for name, attempt in attempts.items():
            groups.setdefault((id(self._members[name].lifecycle), attempt),
                              []).append(name)

        for (_, attempt), names in groups.items():
            yield self._request(names[0], attempt), names

    def _request(self, name: str, attempt: int) -> delivery.Step:
        content = self._content(name)
        secret_names = self._members[name].lifecycle['secrets']
        kind = lifecycle_format.kind_of(content)

        return delivery.Step(
            plan=self._operation.plan, operation=self._operation.id,
            service=self._service, batch=self._unit, step=self._step,
            fence=self._operation.fence, payload=content[kind], kind=kind,
            attempt=attempt, timeout=content.get('timeout', DEFAULT_TIMEOUT),
            idempotent=content.get('idempotent', False), brief=True,
            # What is around the batches leaves nodes what they are.
            changes=self._unit not in (units.PREPARE, units.FINISH),
            environment={key: _as_variable(value) for key, value
                         in content.get('inputs', {}).items()
                         if key not in secret_names})

    def _run_time(self, member: units.Member, attempt: int
                  ) -> dict[str, str]:
        """What only steps outside the revision may know."""
        if lifecycle_format.is_in_revision(self._step):
            return {}

        return {'OPERATION': self._operation.id, 'BATCH': self._unit,
                'ATTEMPT': str(attempt), 'FROM_RELEASE': member.from_release}

    def _target(self, name: str, secrets: Mapping[str, Any], attempt: int
                ) -> delivery.Target:
        member = self._members[name]
        completes = member.completes if self._is_last(name) else None

        return delivery.Target(
            name, member.facts['server_id'],
            {**difference.facts_of(member.facts),
             **self._run_time(member, attempt)},
            {key: _as_variable(value) for key, value in secrets.items()},
            completes)

    def _is_last(self, name: str) -> bool:
        """Whether nothing else of the unit is sent to the node."""
        return self._members[name].delivered[-1:] == [self._step]

    def _send(self, attempts: Mapping[str, int], until: float) -> None:
        for request, names in self._groups(attempts):
            secrets = self._secrets(self._members[names[0]])
            sent = self._dispatcher.send(request, [
                self._target(name, secrets, request.attempt)
                for name in names], until)
            now = round(time.time(), 3)

            for name, ids in sent.items():
                before = self._known.get(name, {})
                again = (before.get('fence'), before.get('attempt')) == (
                    self._operation.fence, request.attempt)
                # What no hook has taken is sent again, ever more rarely: the
                # undercloud may have been down.
                pause = 2 * before['pause'] if again else config.patience()
                self._known[name] = {
                    'status': SENT, 'attempt': request.attempt,
                    'fence': self._operation.fence, 'sent': now,
                    'first_sent': before['first_sent'] if again else now,
                    'pause': pause, 'resend': round(now + pause, 3),
                    'ids': [*before.get('ids', []), ids]}

    def _answered(self, names: Iterable[str]
                  ) -> tuple[set[str], delivery.Listed]:
        accepted: set[str] = set()
        ended: dict[str, delivery.Answer | None] = {}

        for request, group in self._groups(self._attempts(names)):
            some_accepted, some_ended = self._dispatcher.answered(request)
            accepted |= some_accepted & set(group)
            ended |= {name: some_ended[name] for name in group
                      if name in some_ended}

        return accepted, ended

    def _attempts(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self._known[name]['attempt'] for name in names}

    def _take(self, names: Iterable[str], ended: delivery.Listed) -> None:
        for request, group in self._groups(self._attempts(names)):
            answers = self._dispatcher.answers(request, group, ended)

            for name in group:
                self._note(self._known[name], answers.get(name), request)

    def _note(self, known: Known, answer: delivery.Answer | None,
              request: delivery.Step) -> None:
        now = time.time()

        if answer is not None:
            known.update({key: answer[key] for key in KEPT if key in answer},
                         known=round(now, 3))

            if answer['status'] != DONE:
                known['output'] = answer.get('output', '')[-TAIL_CHARACTERS:]
        elif now > known['first_sent'] + request.timeout + DELIVERY_SECONDS:
            known['status'] = UNREACHABLE


def _as_variable(value: object) -> str:
    if isinstance(value, list):
        return ' '.join(map(_as_variable, value))

    # YAML's booleans are spelled as people write them in a template.
    return str(value).lower() if isinstance(value, bool) else str(value)
