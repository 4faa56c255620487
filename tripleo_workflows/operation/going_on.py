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
from typing import Any

from mistralclient.api import base as mistral_base

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who goes on, or aborts.

    :param root: the root execution that takes the lock.
    :param take_over: end an execution that Mistral still calls RUNNING or
        PAUSED, because its engine or worker died.
    :param execution: take over from this execution only; empty: from any.
    """

    root: str
    person: str
    take_over: bool = False
    execution: str = ''


def resume(clients: service_clients.Clients, plan: str, caller: Caller,
           **decision: Any) -> dict[str, Any]:
    """Take over the lock of an operation that was left open.

    :param decision: what else the record keeps about it: ``retry_failed``,
        ``reason`` and ``by`` (``person`` or ``watchdog``).
    :returns: ``operation``, ``fence``, and ``digest`` of the document to
        go on with.
    :raises NotFound: there is nothing to go on with.
    :raises OperationInProgress: its execution lives, and take_over is false.
    """
    record = operation_record.Record(clients.swift, plan)
    fence, opened = _take(clients, record, caller)

    if lifetime.is_expired(opened):
        lifetime.close(clients, record, opened, 'expired', caller.person,
                       'Its deadline had passed.')
        raise exceptions.NotFound(
            'The deadline of the operation has passed, and it was closed.',
            'Start tripleo.upgrade.v1.preview: what is done stays done.',
            plan=plan, operation=opened['operation'])

    name = f'{opened["operation"]}/{fence}/resumed.json'

    if record.get(name) is None:
        record.put(name, {
            'person': caller.person, 'since': lock.now(),
            'execution': caller.root, 'take_over': caller.take_over,
            **decision})

    return {'operation': opened['operation'], 'fence': fence,
            'digest': opened['digest']}


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
          caller: Caller) -> tuple[int, operation_record.Object]:
    plan = record.plan
    _, before = lock.current(clients.mistral, plan)
    opened = next(iter(lifetime.open_operations(
        record, before.operation if before else '')), None)
    take_over = caller.take_over and (
        not caller.execution or before is None
        or before.root == caller.execution)

    if before and before.root != caller.root and not take_over:
        lock.refuse_if_held(clients.mistral, plan, before)

    if opened is None:
        if before and before.root != caller.root:
            _end(clients, before.root)

        raise exceptions.NotFound(
            'No operation of this plan is open.',
            'Start tripleo.upgrade.v1.preview to see what is to be done.',
            plan=plan)

    fence, _ = lock.acquire(
        clients.mistral, plan, lock.Holder(
            caller.root, opened['operation'], opened['verb'], caller.person,
            lock.now()),
        take_over, lifetime.floor_of(record, before, caller.root),
        # Whoever was faster than us is not taken over from.
        execution=before.root if before else caller.root)

    if before and before.root != caller.root:
        _end(clients, before.root)

    if record.get(f'{opened["operation"]}/closed.json'):
        raise exceptions.NotFound(
            'The operation was closed by somebody else just now.',
            'Start tripleo.upgrade.v1.preview to see what is to be done.',
            plan=plan, operation=opened['operation'])

    return fence, opened


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
