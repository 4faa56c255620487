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

"""Operations that start nothing new: held, or waiting for something.

Nothing polls meanwhile. The root execution is PAUSED, and whoever goes on
runs the document as a new execution of the operation. The engine may start
what it should not while it is paused, so what stands in the record counts:
an action asks here before it begins anything.
"""

import dataclasses
from typing import Any

from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

#: States into which people bring an execution with Mistral's own commands.
STOPPED_STATES = ('PAUSED', 'CANCELLED')


#: Begins what an operation waits for where a step has to be approved of.
APPROVAL = 'approval of '


@dataclasses.dataclass(frozen=True)
class Waiting:
    """What an operation waits for.

    :param what: for people, as in ``approval of web.contract``.
    :param since: UTC, in seconds, ISO 8601.
    :param until: epoch seconds when it may go on by itself; None where a
        person has to decide.
    """

    what: str
    since: str
    until: float | None = None

    @property
    def approval(self) -> tuple[str, str] | None:
        """The service and step that have to be approved of, if that is it."""
        if not self.what.startswith(APPROVAL):
            return None

        service, _, step = self.what.removeprefix(APPROVAL).rpartition('.')

        return service, step


def enforce(clients: service_clients.Clients,
            operation: operation_record.Operation,
            decided: decisions.Decisions) -> str | None:
    """Keep an operation from beginning anything where a person holds it.

    Where the engine goes on in spite of a hold, it is paused again.

    :returns: who holds it, since when and why, or what it waits for; None
        where a step may begin.
    """
    hold = decided.held()

    if hold:
        pause_execution(clients.mistral, operation.root)
        return describe(hold)

    state = lock.state_of(clients.mistral, operation.root)

    if state not in STOPPED_STATES:
        return None

    waits = waiting(operation_record.Record(clients.swift, operation.plan),
                    operation.id, operation.fence)

    return waits.what if waits else f'its execution was {state.lower()}'


def describe(hold: decisions.Decision) -> str:
    """A hold, for people."""
    return (f'held by {hold.person} since {hold.when}'
            + (f': {hold.reason}' if hold.reason else ''))


def wait(clients: service_clients.Clients,
         operation: operation_record.Operation, what: str,
         until: float | None = None) -> None:
    """Let an operation begin nothing more until somebody goes on with it.

    It is noted as ``<operation>/<n>/waiting.json``.

    :param what: what it waits for, as in ``approval of web.contract``.
    :param until: epoch seconds when it may go on by itself.
    """
    record = operation_record.Record(clients.swift, operation.plan)
    known = waiting(record, operation.id, operation.fence)

    if known is None or (known.what, known.until) != (what, until):
        record.put(_name(operation.id, operation.fence), dataclasses.asdict(
            Waiting(what, lock.now(), until)))

    pause_execution(clients.mistral, operation.root)


def waiting(record: operation_record.Record, operation: str, fence: int
            ) -> Waiting | None:
    """What an operation waits for under a fence, if it does."""
    found: dict[str, Any] | None = record.get(_name(operation, fence))

    return Waiting(**found) if found else None


def pause_execution(mistral: mistral_client.Client, root: str) -> str:
    """Let the engine start nothing more in an execution that runs.

    :returns: the execution's state then.
    :raises ServiceUnavailable: Mistral does not pause it.
    """
    state = lock.state_of(mistral, root)

    if state not in lock.HOLDING_STATES or state == 'PAUSED':
        return state

    try:
        mistral.executions.update(root, 'PAUSED')
        return 'PAUSED'
    except mistral_base.APIException as error:
        state = lock.state_of(mistral, root)

        # It may have ended, or been paused by somebody else, just now.
        if state not in lock.HOLDING_STATES or state == 'PAUSED':
            return state

        raise exceptions.ServiceUnavailable(
            f'Mistral does not pause the execution ({error.error_code}).',
            'No step begins all the same. To have it paused too: openstack '
            f'workflow execution update -s PAUSED {root}',
            execution=root, state=state) from None


def _name(operation: str, fence: int) -> str:
    return f'{operation}/{fence}/waiting.json'
