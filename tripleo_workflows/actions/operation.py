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

"""Actions around an operation: lock, guard, close, resume."""

from typing import Any

from tripleo_workflows.actions import base
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import ends


class Lock(base.Action):
    """Lock a plan for the root execution of the caller.

    The lock is held as long as that execution is RUNNING or PAUSED, and
    every workflow below it passes. Input: ``plan``; ``verb``, what the lock
    is for, as others will read it. Returns ``fence``, the number of the
    lock. Fails if another execution holds the plan, and names its owner.
    """

    def __init__(self, plan: str, verb: str):
        self.plan = plan
        self.verb = verb

    def act(self, caller: base.Caller) -> dict[str, Any]:
        fence, _ = lock.acquire(caller.clients.mistral, self.plan,
                                caller.holder(self.verb))

        return {'fence': fence}


class Guard(base.Action):
    """Open an operation, or go on with it, and compile its graph.

    Input: ``plan``; ``digest`` of a rollout that tripleo.upgrade.v1.preview
    saved. Takes the plan's lock, makes sure that the cloud is still what the
    rollout was computed from, and stores the graph as a private workflow.
    Returns ``operation``, the input of all tasks below, and ``graph``, the
    workflow's name.
    """

    def __init__(self, plan: str, digest: str):
        self.plan = plan
        self.digest = digest

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return ends.guard(caller.clients, caller.holder('run'), self.plan,
                          self.digest)


class Close(base.Action):
    """Compare the record with the document and end the operation.

    Input: ``operation``, as tripleo.operation.guard returned it. Returns how
    many services and nodes were rolled, and the seconds it took.
    """

    def __init__(self, operation: dict[str, Any]):
        self.operation = operation

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return ends.close(caller.clients,
                          operation_record.Operation(**self.operation))


class Fail(base.Action):
    """Fail with what the record says went wrong.

    Input: ``operation``, as tripleo.operation.guard returned it. The error
    names each failed step with its service and node, the end of its output
    and a remedy.
    """

    def __init__(self, operation: dict[str, Any]):
        self.operation = operation

    def act(self, caller: base.Caller) -> None:
        raise ends.failure(caller.clients,
                           operation_record.Operation(**self.operation))


class Resume(base.Action):
    """Take over the lock of an operation that was left open.

    Input: ``plan``; ``take_over``, whether to end an execution that Mistral
    still calls RUNNING or PAUSED because its engine died. Returns ``digest``
    of the document to go on with.
    """

    def __init__(self, plan: str, take_over: bool = False):
        self.plan = plan
        self.take_over = take_over

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return ends.resume(caller.clients, caller.root_execution(),
                           caller.person, self.plan, self.take_over)
