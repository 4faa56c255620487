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

"""From the opening of an operation to its closing.

An operation is *open* when the record has its ``operation.json`` and no
``closed.json``. A plan has at most one: whoever wants another one must end
it first, by going on or by aborting.
"""

import time
from typing import Any

from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: What decisions change of an operation itself, not of services' policies.
CHANGEABLE = ('deadline', 'not_before', 'not_after', 'concurrency')
#: What the names of all compiled graphs begin with.
GRAPH_PREFIX = 'tripleo.rollout.graph.'


def graph_name(operation: str, fence: int) -> str:
    """Name of the compiled workflow of an operation under a fence."""
    return f'{GRAPH_PREFIX}{operation}.{fence}'


def opened_with(record: operation_record.Record, operation: str
                ) -> operation_record.Object | None:
    """What an operation was opened with, as decisions have changed it.

    :returns: None where the record has no such operation.
    """
    found = record.get(f'{operation}/operation.json')

    if found is None:
        return None

    changed = decisions.read(record, operation).changes()

    return {**found, **{name: changed[name] for name in CHANGEABLE
                        if name in changed}}


def open_operations(record: operation_record.Record, known: str = ''
                    ) -> list[operation_record.Object]:
    """The operations of a plan that are open, the newest first.

    :param known: an operation that is looked up even where a listing, which
        may lag, does not show it.
    :returns: as :func:`opened_with` gives them.
    """
    names = record.names('')
    listed = {name.removesuffix('/operation.json') for name in names
              if name.endswith('/operation.json')}
    closed = {name.removesuffix('/closed.json') for name in names
              if name.endswith('/closed.json')}
    found = [opened for name in sorted({known, *listed} - {''} - closed)
             if not record.get(f'{name}/closed.json')
             and (opened := opened_with(record, name))]

    return sorted(found, key=lambda opened: opened['begun'], reverse=True)


def find(clients: service_clients.Clients, record: operation_record.Record
         ) -> tuple[int, lock.Holder | None, operation_record.Object | None]:
    """The newest lock of a plan, its holder, and what is open.

    :returns: None for a holder, or an open operation, that there is not.
    """
    number, holder = lock.current(clients.mistral, record.plan)
    found = open_operations(record, holder.operation if holder else '')

    return number, holder, next(iter(found), None)


def nothing_open(plan: str) -> exceptions.NotFound:
    """The error for a decision about an operation that there is not."""
    return exceptions.NotFound(
        'No operation of this plan is open.',
        'Start tripleo.upgrade.v1.preview to see what is to be done.',
        plan=plan)


def is_expired(opened: operation_record.Object) -> bool:
    """Whether an operation's deadline, if it has one, has passed."""
    return bool(opened.get('deadline')) and time.time() > opened['deadline']


def floor_of(record: operation_record.Record, holder: lock.Holder | None,
             root: str) -> int:
    """The number that a lock must be above, as far as the record knows.

    :param holder: of the newest lock; where it is ours, the record shows
        what we have written under it.
    """
    if holder and holder.root == root:
        return 0

    return operation_record.highest_fence(record.names(''))


def enter(clients: service_clients.Clients, plan: str, wanted: lock.Holder,
          floor: int = 0, supersede: bool = False
          ) -> tuple[int, lock.Holder]:
    """Take the lock of a plan for something new.

    An operation that has expired is closed; so is, with ``supersede``, one
    whose execution has ended.

    :param floor: see :func:`lock.acquire`; the record's fences count too.
    :returns: the fence, and the holder as it was stored.
    :raises OperationInProgress: somebody holds the lock, or an operation is
        open; the text says whose.
    """
    record = operation_record.Record(clients.swift, plan)
    left: dict[str, operation_record.Object] = {}

    def admit(holder: lock.Holder | None) -> None:
        for opened in open_operations(
                record, holder.operation if holder else ''):
            if opened['operation'] == wanted.operation:
                continue

            if not (supersede or is_expired(opened)):
                raise _open_error(clients.mistral, plan, opened, holder)

            left[opened['operation']] = opened

    _, before = lock.current(clients.mistral, plan)
    fence, holder = lock.acquire(
        clients.mistral, plan, wanted, admit=admit,
        floor=max(floor, floor_of(record, before, wanted.root)))

    for opened in left.values():
        if is_expired(opened):
            close(clients, record, opened, 'expired', wanted.person,
                  'Its deadline had passed.')
        else:
            close(clients, record, opened, 'aborted', wanted.person,
                  f'Superseded by {wanted.verb}, execution {wanted.root}.')

    return fence, holder


def _open_error(mistral: mistral_client.Client, plan: str,
                opened: operation_record.Object, holder: lock.Holder | None
                ) -> exceptions.OperationInProgress:
    root = (holder.root if holder
            and holder.operation == opened['operation'] else opened['root'])

    return exceptions.OperationInProgress(
        f'The {opened["verb"]} that {opened["person"]} began at '
        f'{opened["since"]} was left open.',
        'Start tripleo.operation.v1.resume to go on with it, or '
        'tripleo.operation.v1.abort to end it.', plan=plan,
        operation=opened['operation'], execution=root,
        state=lock.state_of(mistral, root))


def close(clients: service_clients.Clients, record: operation_record.Record,
          opened: operation_record.Object, how: str, person: str,
          reason: str = '', summary: dict[str, Any] | None = None) -> None:
    """End an operation in the record, once, and drop what it had in Mistral.

    :param how: ``finished``, ``aborted`` or ``expired``.
    :param summary: what it has done, for those who ask later.
    """
    name = f'{opened["operation"]}/closed.json'

    if record.get(name) is None:
        record.put(name, {
            'how': how, 'person': person, 'when': lock.now(),
            'reason': reason, 'summary': summary or {}})

    decisions.forget_claims(clients, record.plan, opened['operation'])
    newest, _ = lock.current(clients.mistral, record.plan)

    for fence in range(opened['fence'], newest + 1):
        drop_graph(clients.mistral, graph_name(opened['operation'], fence))


def forget(clients: service_clients.Clients, plan: str,
           wanted: lock.Holder) -> list[str]:
    """Forget how services stand, whose nodes are there no more.

    What operations did stays in the record.

    :param wanted: who holds the plan's lock.
    :returns: names of the services of which something was known.
    :raises OperationInProgress: somebody else holds it.
    """
    fence, _ = enter(clients, plan, wanted)
    record = operation_record.Record(clients.swift, plan)
    known = [service for service, state in record.states(fence).items()
             if state]

    for service in known:
        record.put_state(fence, service, {})

    return sorted(known)


def made_trusts(record: operation_record.Record,
                operation: operation_record.Operation) -> list[str]:
    """Ids of the trusts that were made for an operation, by whoever."""
    opened = (record.get(f'{operation.id}/{fence}/opened.json')
              for fence in range(operation.first, operation.fence + 1))

    return [found['trust'] for found in opened if found and found['made']]


def drop_graph(mistral: mistral_client.Client, name: str) -> None:
    """Remove a compiled graph and its parts, as far as they are there."""
    number = 0

    while _drop(mistral, f'{name}.{number}' if number else name) or not number:
        number += 1


def _drop(mistral: mistral_client.Client, name: str) -> bool:
    try:
        mistral.workflows.delete(name)
    except mistral_base.APIException as error:
        if error.error_code != 404:
            raise

        return False

    return True
