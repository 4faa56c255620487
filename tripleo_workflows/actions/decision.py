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

"""What a person does to an open operation."""

from typing import Any

from tripleo_workflows.actions import base
from tripleo_workflows.actions import operation as operation_actions
from tripleo_workflows.operation import changes
from tripleo_workflows.operation import deciding
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.operation import stopping


class Pause(base.Action):
    """Hold an operation: what runs on nodes ends, nothing is begun.

    Input: ``plan``; ``reason``, for the record. Returns ``operation``,
    ``execution`` and its ``state``, and ``running``, the steps that nodes
    have not answered yet: rows of service, batch, step and how many nodes
    stand how.
    """

    def __init__(self, plan: str, reason: str = ''):
        self.plan = plan
        self.reason = reason

    def act(self, caller: base.Caller) -> dict[str, Any]:
        held = deciding.pause(caller.clients, self.plan, caller.person,
                              self.reason)
        running, _ = report.fit(held['running'])

        return {**held, 'running': running}


class Resume(base.Action):
    """Take over the lock of an operation that was left open.

    Input: ``plan``; ``take_over``, whether to end an execution that Mistral
    still calls RUNNING because its engine died; ``retry_failed``, whether
    failed steps get another attempt; ``reason``, for the record; ``by``,
    person or watchdog; ``execution``, the only one to take over from, where
    given; ``change``, what is to be otherwise from now on: ``max_failures``
    and ``soak`` of a ``service`` or of all; ``concurrency``,
    ``deadline_seconds``, ``not_before`` and ``not_after``. An operation that
    is held, waits or was PAUSED needs no ``take_over``; holds end. Returns
    ``operation``, ``fence`` and ``digest`` of the document to go on with.
    """

    def __init__(self, plan: str, take_over: bool = False,
                 retry_failed: bool = False, reason: str = '',
                 by: str = 'person', execution: str = '',
                 change: dict[str, Any] | None = None):
        self.plan = plan
        self.take_over = take_over
        self.retry_failed = retry_failed
        self.reason = reason
        self.by = by
        self.execution = execution
        self.change = change

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return going_on.resume(
            caller.clients, self.plan, going_on.Caller(
                caller.root_execution(), caller.person, self.take_over,
                self.execution),
            changes.Changes(**(self.change or {})), self.reason,
            retry_failed=self.retry_failed, by=self.by)


class Skip(base.Action):
    """Decide that a service is left alone on a node.

    Input: ``plan``; ``service``; ``node``; ``reason``. Returns
    ``operation``; ``goes_on``, false where the operation runs, or a person
    holds it; and ``message``, what becomes of the decision.
    """

    def __init__(self, plan: str, service: str, node: str, reason: str):
        self.plan = plan
        self.service = service
        self.node = node
        self.reason = reason

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return deciding.skip(caller.clients, self.plan, caller.person,
                             self.service, self.node, self.reason)


class Approve(base.Action):
    """Approve of a step that is not carried out before somebody does.

    Input: ``plan``; ``service``; ``step``; ``reason``, for the record.
    Returns what tripleo.operation.skip does.
    """

    def __init__(self, plan: str, service: str, step: str, reason: str = ''):
        self.plan = plan
        self.service = service
        self.step = step
        self.reason = reason

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return deciding.approve(caller.clients, self.plan, caller.person,
                                self.service, self.step, self.reason)


class Waive(base.Action):
    """Decide that checks of a name may fail in an operation.

    Input: ``plan``; ``check``, the name that its failure shows; ``reason``.
    Returns what tripleo.operation.skip does.
    """

    def __init__(self, plan: str, check: str, reason: str):
        self.plan = plan
        self.check = check
        self.reason = reason

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return deciding.waive(caller.clients, self.plan, caller.person,
                              self.check, self.reason)


class Abort(base.Action):
    """Take an operation's lock, so that nothing goes on with it.

    Input: ``plan``; ``take_over``, whether to end an execution that is
    RUNNING. Returns ``operation``, the input of the tasks that
    follow. Nothing is undone on the nodes.
    """

    def __init__(self, plan: str, take_over: bool = False):
        self.plan = plan
        self.take_over = take_over

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return {'operation': going_on.abort(
            caller.clients, self.plan, going_on.Caller(
                caller.root_execution(), caller.person, self.take_over))}


class Stop(base.Action):
    """Stop what still runs on nodes of an operation that is aborted.

    Input: ``operation``, as tripleo.operation.abort returned it;
    ``timeout_seconds`` that nodes have to answer. Returns ``done``; the
    workflow asks again until it is. Then also ``stopped``, the nodes on
    which a payload was stopped, and ``silent``, those that did not answer.
    """

    def __init__(self, operation: dict[str, Any],
                 timeout_seconds: int = stopping.TIMEOUT_SECONDS):
        self.operation = operation
        self.timeout_seconds = timeout_seconds

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return stopping.stop(
            caller.clients, operation_record.Operation(**self.operation),
            self.timeout_seconds)


class End(base.Action):
    """Close an operation as aborted.

    Input: ``operation``, as tripleo.operation.abort returned it; ``reason``,
    for the record; ``stopped``, what tripleo.operation.stop returned.
    """

    def __init__(self, operation: dict[str, Any], reason: str = '',
                 stopped: dict[str, Any] | None = None):
        self.operation = operation
        self.reason = reason
        self.stopped = stopped

    def act(self, caller: base.Caller) -> dict[str, Any]:
        operation = operation_record.Operation(**self.operation)
        ended = going_on.end(caller.clients, operation, caller.person,
                             self.reason, self.stopped)
        operation_actions.revoke_trusts(caller, caller.clients, operation)

        return ended
