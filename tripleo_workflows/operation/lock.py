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

"""The lock of a plan, whose number is the fence of all that is sent.

The lock is the claim ``<plan>.lock.<n>`` with the highest n. It belongs to a
*root* execution, so that its sub-workflows pass. Its owner frees it by
ending; taking over creates a higher number and deletes nothing.
"""

import dataclasses
import datetime
import time
from collections.abc import Callable

from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import claims
from tripleo_workflows import exceptions

#: States in which an execution still owns what it locked.
HOLDING_STATES = ('IDLE', 'RUNNING', 'PAUSED', 'DELAYED')
SUCCESS = 'SUCCESS'

_REMEDY = ('Wait for the execution to end, or, if it is dead, start '
           'tripleo.operation.v1.resume or tripleo.operation.v1.abort with '
           'take_over=true.')
_REMEDY_PAUSED = ('It is held, or waits: start tripleo.operation.v1.resume '
                  'to go on with it, or tripleo.operation.v1.abort to end '
                  'it.')


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who holds a plan's lock, and for what.

    :param root: id of the root execution.
    :param operation: id of the operation; equals the root execution that
        opened it, and stays when another execution goes on with it.
    """

    root: str
    operation: str
    verb: str
    person: str
    since: str


def now() -> str:
    """The time for people and records: UTC, in seconds, ISO 8601."""
    return at(time.time())


def at(epoch: float) -> str:
    """A time in the same form, out of epoch seconds."""
    return datetime.datetime.fromtimestamp(
        epoch, datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def root_execution(mistral: mistral_client.Client, execution_id: str) -> str:
    """The execution at the top of the one that an action runs in."""
    execution = mistral.executions.get(execution_id)

    return getattr(execution, 'root_execution_id', None) or execution_id


def series(plan: str) -> str:
    """The name under which a plan's locks are numbered."""
    return f'{plan}.lock'


def current(mistral: mistral_client.Client, plan: str
            ) -> tuple[int, Holder | None]:
    """The newest lock of a plan, whether its owner still lives or not."""
    number = claims.highest(mistral, series(plan))

    return number, _holder(mistral, plan, number)


def _holder(mistral: mistral_client.Client, plan: str, number: int
            ) -> Holder | None:
    stored = claims.read(mistral, f'{series(plan)}.{number}')

    return Holder(**stored) if stored else None


def state_of(mistral: mistral_client.Client, execution_id: str) -> str:
    """State of an execution, ``GONE`` where it was deleted."""
    try:
        return str(mistral.executions.get(execution_id).state)
    except mistral_base.APIException as error:
        if error.error_code == 404:
            return 'GONE'
        raise


def acquire(mistral: mistral_client.Client, plan: str, wanted: Holder,
            take_over: bool = False, floor: int = 0,
            admit: Callable[[Holder | None], None] | None = None,
            execution: str = '') -> tuple[int, Holder]:
    """Take the lock of a plan, or keep it where it is ours already.

    :param take_over: take it even from an execution that seems to live.
    :param floor: the highest number that was seen elsewhere, in the record
        or on nodes: the lock gets a number above it.
    :param admit: called with the holder whose place would be taken; it
        raises to refuse.
    :param execution: take over from this root execution only; empty: from
        whoever is seen first.
    :returns: the fence, and the holder as it was stored.
    :raises OperationInProgress: somebody else holds it; the text says who.
    """
    while True:
        numbers = claims.numbers(mistral, series(plan))
        number = max(numbers, default=0)
        holder = _holder(mistral, plan, number)
        ours = holder is not None and holder.root == wanted.root

        if holder and ours and number > floor:
            return number, holder

        if holder and not ours and not (
                take_over and execution in ('', holder.root)):
            refuse_if_held(mistral, plan, holder)

        if admit and not ours:
            admit(holder)

        # Contenders meet at the name that follows; only the owner of the
        # lock may leave numbers out.
        claimed = max(number, floor if ours else 0) + 1

        if claims.take(mistral, f'{series(plan)}.{claimed}',
                       dataclasses.asdict(holder if holder and ours
                                          else wanted)):
            # Only the newest two are of any use, and lists are capped.
            for older in numbers[:-1]:
                claims.drop(mistral, f'{series(plan)}.{older}')

        # Ours or not, the highest one is looked at once more. Whoever takes
        # over does so from the holder that was seen, not from the next.
        take_over = False


def refuse_if_held(mistral: mistral_client.Client, plan: str,
                   holder: Holder) -> None:
    """Raise OperationInProgress if the holder's execution still holds."""
    state = state_of(mistral, holder.root)

    if state in HOLDING_STATES:
        raise exceptions.OperationInProgress(
            f'{holder.person} has the plan locked for {holder.verb} since '
            f'{holder.since}.',
            _REMEDY_PAUSED if state == 'PAUSED' else _REMEDY, plan=plan,
            operation=holder.operation, execution=holder.root, state=state)


def require_fence(mistral: mistral_client.Client, plan: str, fence: int
                  ) -> None:
    """Make sure that nobody has taken the operation over.

    :raises FenceLost: somebody has; the caller must stop.
    """
    newest = claims.highest(mistral, series(plan))

    if newest > fence:
        _, holder = current(mistral, plan)

        raise exceptions.FenceLost(
            f'This execution works under fence {fence}, and '
            f'{holder.person if holder else "somebody"} has taken {newest}.',
            'Nothing is to be done: the newer execution goes on.',
            plan=plan, execution=holder.root if holder else '')
