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

"""Actions of a rollout: preview, and the steps of its batches."""

from typing import Any

from tripleo_workflows.actions import base
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import compensation
from tripleo_workflows.rollout import ending
from tripleo_workflows.rollout import preview
from tripleo_workflows.rollout import readiness
from tripleo_workflows.rollout import steps
from tripleo_workflows.rollout import survey


class Survey(base.Action):
    """Ask all nodes of a plan what they have been through, and learn from it.

    Input: ``plan``; ``digest`` of the rollout that is to be run, if there is
    one; ``known_only``, whether only nodes that the record knows are waited
    for; ``timeout_seconds``; ``rights``, as tripleo.operation.lock returned
    them. Takes the plan's lock, with a number above all that the nodes have
    seen, and corrects the record where they know more than it does. Returns
    ``done``; the workflow asks again until it is. Then also ``answered`` and
    ``nodes`` (how many), ``silent`` (names) and ``corrected`` (nodes by
    service).
    """

    def __init__(self, plan: str, digest: str = '', known_only: bool = False,
                 timeout_seconds: int = 60,
                 rights: dict[str, Any] | None = None):
        self.plan = plan
        self.digest = digest
        self.known_only = known_only
        self.timeout_seconds = timeout_seconds
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return survey.look(caller.clients_for(self.rights),
                           caller.holder('preview'), self.plan, self.digest,
                           self.known_only, self.timeout_seconds)


class Preview(base.Action):
    """Compute what would be rolled where, and save it as a document.

    Input: ``plan``; ``verb``, what the caller expects: deploy, update (stays
    within a release), upgrade, scale (new nodes only) or undeploy; ``down``,
    names of nodes that do not answer; ``selected``, lists of names by
    ``services``, ``roles`` and ``nodes``, of what is wanted of it; ``rights``,
    as tripleo.operation.lock returned them. Nothing is touched. Returns
    ``digest`` (what tripleo.upgrade.v1.run takes), ``tree`` (the rollout as
    text), ``services`` and ``nodes`` (how many it touches), ``seconds`` and
    ``critical_path`` (as far as is known how long it takes),
    ``left_undone`` (by the selection), ``unmanaged`` (services without a
    lifecycle) and ``document`` (where it is stored).
    """

    def __init__(self, plan: str, verb: str = 'upgrade',
                 down: list[str] | None = None,
                 selected: dict[str, list[str]] | None = None,
                 rights: dict[str, Any] | None = None):
        self.plan = plan
        self.verb = verb
        self.down = down
        self.selected = selected
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return preview.preview(caller.clients_for(self.rights), self.plan,
                               self.verb, self.down or [],
                               self.selected or {})


class Check(base.Action):
    """Ask the checks of a rollout, without changing anything.

    Input: ``plan``; ``digest`` of a rollout that was previewed; ``silent``,
    names of the nodes that the preview found silent; ``request_id``, the same
    for all calls that belong together. The checks that services want passed
    before they are touched are asked, and the gates of what runs now. Returns
    ``done``; as long as it is false, the action has to be called again. Then
    ``counts`` by how checks ended, ``failed``, ``rows`` (results of checks,
    the worst first, as many as fit) and ``table``, the object that has all.
    """

    def __init__(self, plan: str, digest: str,
                 silent: list[str] | None = None,
                 request_id: str | None = None):
        self.plan = plan
        self.digest = digest
        self.silent = silent
        self.request_id = request_id

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return readiness.Readiness(
            caller.clients, self.plan, self.digest, self.silent or [],
            caller.request(self.request_id)).advance()


class NextBatch(base.Action):
    """Find the first batch of a service that still has to be rolled.

    Input: ``operation``; ``service``. Returns ``batch``, its number, or null
    where every node has its wanted revision.
    """

    def __init__(self, operation: dict[str, Any], service: str):
        self.operation = operation
        self.service = service

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return {'batch': ending.next_batch(
            caller.clients_for(self.operation),
            operation_record.Operation(**self.operation),
            self.service)}


class Step(base.Action):
    """Carry a step of a batch as far as it gets in 20 seconds.

    Input: ``operation``; ``service``; ``batch``: its number, or ``prepare``,
    ``finish`` or ``leave``; ``step``. What is done already is not done again,
    and hooks around the step belong to it. Returns ``done`` and, by status,
    how many nodes stand how; the workflow asks again until it is done.
    ``held`` says why nothing was begun; the operation is paused then. Fails
    where more nodes failed than the policy allows, naming service, step and
    node, with the end of its output and a remedy.
    """

    def __init__(self, operation: dict[str, Any], service: str, batch: str,
                 step: str):
        self.operation = operation
        self.service = service
        self.batch = batch
        self.step = step

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return steps.Unit(
            caller.clients_for(self.operation),
            operation_record.Operation(**self.operation),
            self.service, self.batch).run(self.step)


class Compensate(base.Action):
    """Put the nodes of a failed batch back to the revision that they had.

    Input: ``operation``; ``service``; ``batch``, its number. Where a node had
    none, or there is no way back, the service is stopped there. Only a batch
    with a failed node is put back, by the steps with which its nodes once
    came to what they had. Returns ``done``; the workflow asks again until it
    is.
    """

    def __init__(self, operation: dict[str, Any], service: str, batch: str):
        self.operation = operation
        self.service = service
        self.batch = batch

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return compensation.compensate(
            caller.clients_for(self.operation),
            operation_record.Operation(**self.operation),
            self.service, self.batch)


class Finished(base.Action):
    """Record what a batch has reached, and clean up behind it.

    Input: ``operation``; ``service``; ``batch``: its number, or ``prepare``,
    ``finish`` or ``leave``. Nodes that the operation goes on without are
    stopped before. Returns ``done``; the workflow asks again until it is.
    """

    def __init__(self, operation: dict[str, Any], service: str, batch: str):
        self.operation = operation
        self.service = service
        self.batch = batch

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return ending.finish(
            caller.clients_for(self.operation),
            operation_record.Operation(**self.operation),
            self.service, self.batch)
