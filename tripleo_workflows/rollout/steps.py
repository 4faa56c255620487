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

"""Carrying a unit of a service through its steps."""

import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import table
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import checked
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import failures
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import permission
from tripleo_workflows.rollout import policy
from tripleo_workflows.rollout import secret_inputs
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import stored
from tripleo_workflows.rollout import units

#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 20.0
#: Bytes of rows in an answer, which goes through Mistral.
ROWS_BYTES = 16 * 1024
#: Bytes of a node's output in a row.
TAIL_BYTES = 400

#: How a step stands on a node where it is over without being done.
SKIPPED = 'skipped'
FAILED = 'failed'
#: A node that was put back after its batch had failed.
UNDONE = 'undone'

Answer = dict[str, Any]


class Unit:
    """One unit of one service, in one operation.

    The record holds, for each step, when it began and how each node stands:
    ``sent``, ``done``, or how it failed. A step that is done answers at
    once; one that is not is sent to the nodes where it is missing.

    :param name: of the unit; see :mod:`tripleo_workflows.rollout.units`.
    :param members: what its nodes do; None: what the document says.
    """

    def __init__(self, clients: service_clients.Clients,
                 operation: operation_record.Operation, service: str,
                 name: str, members: units.Members | None = None):
        self.clients = clients
        self.operation = operation
        self.service = service
        self.name = name
        self.record = operation_record.Record(clients.swift, operation.plan)
        self.document = self.record.document(operation.digest)
        self.entry = self.document['services'][service]
        self.members = units.members(
            self.document, service, name, self.load_stored
            ) if members is None else members
        self.steps = self.record.batch(operation, service, name)
        self.decided = decisions.read(self.record, operation.id)

    def load_stored(self, digest: str) -> lifecycle_format.Lifecycle:
        """A lifecycle with which a service once came to a node."""
        return stored.load(self.record, digest)

    def run(self, step: str, seconds: float = SLICE_SECONDS) -> Answer:
        """Carry out a step, and the hooks around it, for some seconds.

        :returns: ``done``, ``step``, ``nodes`` (how many stand how),
            ``rows`` (how the nodes stand that are not done, as many as fit)
            and ``record`` (the object that holds them all); ``held``, where
            nothing was begun because the operation waits for something.
        :raises FenceLost: the operation was taken over.
        :raises StepFailed: more nodes failed than the policy allows, or a
            check did not pass in time.
        """
        lock.require_fence(self.clients.mistral, self.operation.plan,
                           self.operation.fence)
        until = time.time() + seconds

        for part in units.parts_of(self.members, step):
            concerned = self._concerned(part)

            if not concerned:
                self._forget_error(part)

            if not concerned or self._is_done(part):
                continue

            self._require_earlier(part)

            if held := permission.missing(self, part):
                return {**self._answer(part), 'held': held}

            self._run(part, concerned, until)

            if not self._is_done(part):
                return self._answer(part)

        return self._answer(step)

    def _run(self, part: str, concerned: units.Members, until: float) -> None:
        entry = self.steps.setdefault(part, {'nodes': {}})
        entry.pop('error', None)

        if entry.get('fence') != self.operation.fence:
            self._leave_revisions(part)
            # Who goes on after a crash has the whole time again.
            entry.update(fence=self.operation.fence,
                         begun=round(time.time(), 3))

        try:
            if self._carry_out(part, entry, concerned, until):
                self._require_few_failures(part, entry)
        except exceptions.TripleoError as error:
            entry['error'] = str(error)
            raise
        finally:
            self.save()

    def _forget_error(self, part: str) -> None:
        # Whom it was about is skipped now, or may have failed.
        if self.steps.get(part, {}).pop('error', None):
            self.save()

    def _carry_out(self, part: str, entry: Answer, concerned: units.Members,
                   until: float) -> bool:
        """Let the nodes carry a part out; return whether all have ended."""
        self._skip(entry, concerned)
        dispatcher = delivery.Dispatcher(self.clients, self.record.container)
        wanted = {name: member for name, member in concerned.items()
                  if self._status(part, name) != SKIPPED}

        if wanted and part in lifecycle_format.CHECK_STEPS:
            checked.carry_out(dispatcher, checked.Place(
                self.operation, self.service, self.name, part, wanted,
                self._bootstrap(wanted)), checked.policy_of(
                    part, self.rules(), units.is_canary(self.entry,
                                                        self.name)),
                entry, self.decided, until)

            return all(self._status(part, name) not in (None, delivered.SENT)
                       for name in wanted)

        sending = delivered.DeliveredStep(
            dispatcher, self.operation, self.service, self.name, part,
            wanted, entry['nodes'],
            lambda member: self._secrets(member, part),
            lambda: self.decided.retry(self.operation.fence))

        if sending.send_missing(until):
            # Whoever goes on after a crash here finds what was sent.
            self.save()

        return sending.wait(until)

    def _skip(self, entry: Answer, concerned: units.Members) -> None:
        for name, reason in self.decided.skipped(self.service).items():
            known = entry['nodes'].get(name, {})

            if name in concerned and known.get('status') != delivered.DONE:
                entry['nodes'][name] = {**known, 'status': SKIPPED,
                                        'error': reason}

    def _bootstrap(self, concerned: units.Members) -> units.Member:
        name = self.entry['bootstrap']

        return concerned.get(name) or next(iter(concerned.values()))

    def _secrets(self, member: units.Member, part: str) -> dict[str, Any]:
        return secret_inputs.of_step(
            self.clients.heat, self.document, self.service,
            member.facts['role'], member.lifecycle, part, self.record)

    def _require_few_failures(self, part: str, entry: Answer) -> None:
        """Let the unit go on without nodes that failed, if they are few.

        :raises TripleoError: they are more than the policy allows.
        """
        failed = {name: entry['nodes'][name] for name in self._ended(part)
                  if entry['nodes'][name]['status'] != SKIPPED}

        if failed and (not units.is_batch(self.name)
                       or part == lifecycle_format.GATE
                       or self._failures() > self._budget()):
            raise failures.of_nodes(failed, **self.where(part))

        for known in failed.values():
            # What was put back has failed for good.
            known['status'] = (FAILED if known['status'] == UNDONE
                               else known['status'])

    def _failures(self) -> int:
        state = self.record.state(self.operation.fence, self.service)
        earlier = states.failed_in(state, self.operation.id)
        now = {name for name, known in self.fallen().items()
               if known['status'] != SKIPPED}

        return len({*now, *self.entry['skipped'], *(
            name for name, known in earlier.items()
            if known['status'] != SKIPPED)})

    def _budget(self) -> int:
        rules = self.rules()

        return policy.amount(rules['max_failures'],
                             len(self.entry['nodes'])
                             + len(self.entry['skipped']))

    def rules(self) -> Mapping[str, Any]:
        """The policy of the service, as decisions have changed it."""
        return {**units.policy_of(self.entry),
                **self.decided.changes(self.service)}

    def fallen(self) -> dict[str, dict[str, Any]]:
        """The nodes on which a step is over and not done.

        :returns: by name, ``step`` and what is known of it there.
        """
        order = self._order()

        return {name: found for name, member in self.members.items()
                if (found := self._fallen_at(name, [
                    part for part in order if part in member.steps]))}

    def _fallen_at(self, name: str, parts: list[str]) -> dict[str, Any]:
        begun = False

        for part in parts:
            status = self._status(part, name)

            if status in (None, delivered.SENT) or (
                    # It is on its way again.
                    begun and status == UNDONE):
                break

            if status != delivered.DONE:
                return {'step': part, **self.steps[part]['nodes'][name]}

            begun = True

        return {}

    def _ended(self, part: str) -> list[str]:
        return [name for name, known
                in self.steps.get(part, {}).get('nodes', {}).items()
                if name in self.members and known['status'] not in (
                    delivered.SENT, delivered.DONE)]

    def _concerned(self, part: str) -> units.Members:
        """The nodes that go through a part and did not fall out before."""
        before: set[str] = set()

        for earlier in self._order():
            if earlier == part:
                break

            before.update(self._ended(earlier))

        return {name: member for name, member in self.members.items()
                if part in member.steps and name not in before}

    def _order(self) -> list[str]:
        return [part for step in units.steps_of_unit(self.name)
                for part in units.parts_of(self.members, step)]

    def _status(self, part: str, node: str) -> str | None:
        found: str | None = self.steps.get(part, {}).get('nodes', {}).get(
            node, {}).get('status')

        return found

    def _is_done(self, part: str) -> bool:
        """Whether nothing is left to do in a part, or to decide about it."""
        if self.steps.get(part, {}).get('error'):
            return False

        return all(self._status(part, name) not in (None, delivered.SENT,
                                                    UNDONE)
                   for name in self._concerned(part))

    def _require_earlier(self, part: str | None) -> None:
        for earlier in self._order():
            if earlier == part:
                return

            if not self._is_done(earlier):
                raise exceptions.StepFailed(
                    f'Step {part or "finished"} cannot begin before '
                    f'{earlier} is done.', 'Rerun the unit from its start.',
                    **self.where(earlier))

    def _leave_revisions(self, part: str) -> None:
        """Record, before the first step, that nodes leave what they were."""
        first = next(part for part in self._order() if self._concerned(part))

        if part == first and self.name not in (units.PREPARE, units.FINISH):
            state = self.record.state(self.operation.fence, self.service)
            skipped = self.decided.skipped(self.service)
            states.leave_revisions(
                state, {name: member for name, member in self.members.items()
                        if name not in skipped}, self.operation.fence)
            self.record.put_state(self.operation.fence, self.service, state)

    def require_done(self) -> None:
        """Make sure that nothing is left to do in the unit.

        :raises FenceLost: the operation was taken over.
        :raises StepFailed: a step of it is missing.
        """
        lock.require_fence(self.clients.mistral, self.operation.plan,
                           self.operation.fence)
        self._require_earlier(None)

    def clean(self) -> None:
        """Remove what was sent to nodes for the unit."""
        dispatcher = delivery.Dispatcher(self.clients, self.record.container)
        sent = [ids for entry in self.steps.values()
                for nodes in (entry['nodes'], *(
                    asked['nodes'] for asked in entry.get('asked', {}
                                                          ).values()))
                for node in nodes.values() for ids in node.get('ids', [])]
        sent += [ids for entry in self.steps.values()
                 for ids in entry.get('spent', [])]
        dispatcher.clean(f'{self.operation.id}/deliveries/{self.service}.'
                         f'{self.name}.', sent)

    def _answer(self, part: str) -> Answer:
        known = self.steps.get(part, {}).get('nodes', {})
        rows = [{'node': name, 'status': entry['status'],
                 **{key: entry[key] for key in ('attempt', 'seconds',
                                                'changed') if key in entry},
                 'tail': table.tail(entry.get('output', ''), TAIL_BYTES)}
                for name, entry in sorted(known.items())
                if entry['status'] != delivered.DONE]

        return {'done': self._is_done(part), 'step': part,
                'nodes': table.counts(known.values()),
                'rows': table.fitting(rows, ROWS_BYTES),
                'record': f'{self.record.container}/{self.operation.id}/'
                          f'{self.operation.fence}/{self.service}.'
                          f'{self.name}.json'}

    def save(self) -> None:
        """Write how the unit's steps stand, under our own fence."""
        self.record.put_batch(self.operation, self.service, self.name,
                              self.steps)

    def where(self, step: str = '') -> dict[str, object]:
        """The unit, for an error's text."""
        return {'plan': self.operation.plan, 'service': self.service,
                'batch': self.name, 'step': step}
