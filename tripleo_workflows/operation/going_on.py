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

"""What a person does to an operation that was left open."""

import dataclasses
from collections.abc import Callable
from typing import Any

from mistralclient.api import base as mistral_base

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import changes
from tripleo_workflows.operation import deciding
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: Raises where what is open is not as the caller thinks.
Check = Callable[[operation_record.Object], None]

NOTHING = changes.Changes()
#: Goes on ``by`` itself, and never where a person holds the operation.
WATCHDOG = 'watchdog'


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who goes on, or aborts.

    :param root: the root execution that takes the lock.
    :param take_over: end an execution that Mistral still calls RUNNING,
        because its engine or worker died.
    :param execution: take over from this execution only; empty: from any.
    """

    root: str
    person: str
    take_over: bool = False
    execution: str = ''


def resume(clients: service_clients.Clients, plan: str, caller: Caller,
           change: changes.Changes = NOTHING, reason: str = '',
           **details: Any) -> dict[str, Any]:
    """Take over the lock of an operation that was left open.

    :param change: what is to be otherwise from now on.
    :param details: what else the record keeps about it: ``retry_failed``,
        and ``by`` (``person`` or ``watchdog``).
    :returns: ``operation``, ``fence``, and ``digest`` of the document to
        go on with.
    :raises NotFound: there is nothing to go on with.
    :raises InvalidInput: a change is not what it must be; nothing is done.
    :raises OperationInProgress: its execution lives, and take_over is false.
    """
    policy = change.policy()
    record = operation_record.Record(clients.swift, plan)

    def check(opened: operation_record.Object) -> None:
        change.of_operation(opened)

        if change.service:
            deciding.require_service(record, opened, change.service)

        hold = decisions.read(record, opened['operation']).held()

        if hold and details.get('by') == WATCHDOG:
            raise exceptions.Conflict(
                f'The operation is {holding.describe(hold)}.',
                'Leave it to them, or resume it as a person.', plan=plan,
                operation=opened['operation'])

    fence, opened = _take(clients, record, caller, check)
    operation = opened['operation']

    if not decisions.read(record, operation).of_kind(decisions.GO_ON,
                                                     fence=fence):
        own = change.of_operation(opened)

        for service, changed in ((change.service, policy), ('', own)):
            if changed:
                decisions.decide(clients, plan, operation, decisions.CHANGE,
                                 caller.person, reason, service=service,
                                 **changed)

        _close_if_expired(clients, record, {**opened, **own}, caller)
        decisions.decide(clients, plan, operation, decisions.GO_ON,
                         caller.person, reason, fence=fence,
                         execution=caller.root, take_over=caller.take_over,
                         **details)

    return {'operation': operation, 'fence': fence,
            'digest': opened['digest']}


def _close_if_expired(clients: service_clients.Clients,
                      record: operation_record.Record,
                      opened: operation_record.Object, caller: Caller
                      ) -> None:
    if lifetime.is_expired(opened):
        lifetime.close(clients, record, opened, 'expired', caller.person,
                       'Its deadline had passed.')
        raise exceptions.NotFound(
            'The deadline of the operation has passed, and it was closed.',
            'Start tripleo.upgrade.v1.preview: what is done stays done.',
            plan=record.plan, operation=opened['operation'])


def abort(clients: service_clients.Clients, plan: str, caller: Caller
          ) -> dict[str, Any]:
    """Take an operation's lock, so that nothing goes on with it.

    :returns: the operation, as its tasks are given it.
    :raises NotFound: no operation of the plan is open.
    :raises OperationInProgress: its execution lives, and take_over is false.
    """
    record = operation_record.Record(clients.swift, plan)
    fence, opened = _take(clients, record, caller)

    return dataclasses.asdict(operation_record.Operation(
        opened['operation'], plan, fence, opened['fence'], opened['digest']))


def end(clients: service_clients.Clients,
        operation: operation_record.Operation, person: str, reason: str = '',
        stopped: dict[str, Any] | None = None) -> dict[str, Any]:
    """Close an operation as aborted.

    :param stopped: what became of the payloads that ran, for the record.
    :returns: ``operation`` and ``plan``.
    :raises FenceLost: somebody has taken the operation over.
    """
    lock.require_fence(clients.mistral, operation.plan, operation.fence)
    record = operation_record.Record(clients.swift, operation.plan)
    lifetime.close(clients, record, {
        'operation': operation.id, 'fence': operation.first}, 'aborted',
        person, reason, stopped)

    return {'operation': operation.id, 'plan': operation.plan}


def _take(clients: service_clients.Clients, record: operation_record.Record,
          caller: Caller, check: Check | None = None
          ) -> tuple[int, operation_record.Object]:
    plan = record.plan
    number, before, opened = lifetime.find(clients, record)
    theirs = before if before and before.root != caller.root else None
    take_over = (theirs is not None
                 and caller.execution in ('', theirs.root)
                 and (caller.take_over or _stands_still(
                     clients, record, number, theirs, opened)))

    if theirs and not take_over:
        lock.refuse_if_held(clients.mistral, plan, theirs)

    if opened is None:
        if theirs:
            _end(clients, theirs.root)

        raise lifetime.nothing_open(plan)

    if check:
        check(opened)

    fence, _ = lock.acquire(
        clients.mistral, plan, lock.Holder(
            caller.root, opened['operation'], opened['verb'], caller.person,
            lock.now()),
        take_over, lifetime.floor_of(record, before, caller.root),
        # Whoever was faster than us is not taken over from.
        execution=before.root if before else caller.root)

    if theirs:
        _end(clients, theirs.root)

    if record.get(f'{opened["operation"]}/closed.json'):
        raise exceptions.NotFound(
            'The operation was closed by somebody else just now.',
            'Start tripleo.upgrade.v1.preview to see what is to be done.',
            plan=plan, operation=opened['operation'])

    return fence, opened


def _stands_still(clients: service_clients.Clients,
                  record: operation_record.Record, number: int,
                  holder: lock.Holder, opened: operation_record.Object | None
                  ) -> bool:
    """Whether a holder begins nothing more, whatever Mistral calls it."""
    if opened is None or holder.operation != opened['operation']:
        return False

    # A hold of before, which somebody is about to go on from, is not theirs.
    hold = decisions.read(record, holder.operation).held()

    return bool(
        (hold and hold.details['fence'] == number)
        or lock.state_of(clients.mistral, holder.root) == 'PAUSED')


def _end(clients: service_clients.Clients, execution: str) -> None:
    if lock.state_of(clients.mistral, execution) in lock.HOLDING_STATES:
        try:
            clients.mistral.executions.update(execution, 'CANCELLED')
        except mistral_base.APIException as error:
            raise exceptions.Conflict(
                f'Mistral does not cancel the execution '
                f'({error.error_message}).',
                f'Cancel it by hand: openstack workflow execution update '
                f'-s CANCELLED {execution}', execution=execution) from None
