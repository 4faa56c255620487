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

"""Actions around an operation: lock, guard, close, and what tells of it."""

import contextlib
from collections import Counter
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.operation import history
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.operation import retention
from tripleo_workflows.operation import status
from tripleo_workflows.operation import watchdog
from tripleo_workflows.operation import window
from tripleo_workflows.rollout import ends


class Lock(base.Action):
    """Lock a plan for the root execution of the caller.

    The lock is held as long as that execution is RUNNING or PAUSED, and
    every workflow below it passes. Input: ``plan``; ``verb``, what the lock
    is for, as others will read it; ``supersede``, whether an operation that
    was left open, and whose execution has ended, is closed as aborted;
    ``trust``, one that the caller made beforehand; ``timeout``, minutes until
    the operation opens. Returns ``fence``, the number of the lock, and
    ``rights``, which the tasks that follow work under: the caller's token may
    end before they do. Fails if another execution holds the plan, or an
    operation is open, and names its owner.
    """

    def __init__(self, plan: str, verb: str, supersede: bool = False,
                 trust: str = '', timeout: int = 240):
        self.plan = plan
        self.verb = verb
        self.supersede = supersede
        self.trust = trust
        self.timeout = timeout

    def act(self, caller: base.Caller) -> dict[str, Any]:
        fence, _ = lifetime.enter(
            caller.clients, self.plan, caller.holder(self.verb),
            supersede=self.supersede)
        seconds = (60 * self.timeout + ends.DEADLINE_SECONDS
                   + ends.TRUST_SECONDS)

        return {'fence': fence, 'rights': _rights(caller, seconds,
                                                  self.trust)}


class Grant(base.Action):
    """Make a trust that workflows of the caller's triggers can be given.

    A trigger has a trust of its own, under which no stack can be created; a
    workflow that may have to is given this one as ``trust``. Input:
    ``days`` until it expires; 0: never, which Heat needs where it updates
    nested stacks. Returns ``trust``, its id. Delete it with `openstack trust
    delete` when the trigger is gone.
    """

    def __init__(self, days: float = 0):
        self.days = days

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return {'trust': caller.grant(86400 * self.days)}


class Release(base.Action):
    """Give back what tripleo.operation.lock took for a workflow.

    Input: ``rights``, as it returned them; ``error``, why the workflow cannot
    go on; then the action fails with that.
    """

    def __init__(self, rights: dict[str, Any], error: str = ''):
        self.rights = rights
        self.error = error

    def act(self, caller: base.Caller) -> None:
        if self.rights['made']:
            # One that is dead, or not the caller's, ends by expiring.
            with contextlib.suppress(exceptions.NotPermitted):
                caller.clients_for(self.rights)
                caller.revoke(self.rights['trust'])

        if self.error:
            raise exceptions.TripleoError(self.error)


class Forget(base.Action):
    """Forget how a plan's services stand, whose nodes are there no more.

    Input: ``plan``; ``rights``, as tripleo.operation.lock returned them, for
    an undeploy. Returns ``services``, names of those of which something was
    known. What operations did stays in the record.
    """

    def __init__(self, plan: str, rights: dict[str, Any] | None = None):
        self.plan = plan
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return {'services': lifetime.forget(
            caller.clients_for(self.rights), self.plan,
            caller.holder('undeploy'))}


class Guard(base.Action):
    """Open an operation, or go on with it, and compile its graph.

    Input: ``plan``; ``digest`` of a rollout that tripleo.upgrade.v1.preview
    saved; ``deadline_seconds`` after which the operation, if it has not ended,
    is expired; ``trust``, one that the caller made beforehand; ``rights``, as
    tripleo.operation.lock returned them; ``not_before`` and ``not_after``,
    the window in which things may be begun, ISO 8601 with a time zone. Takes
    the plan's lock, makes sure that all nodes have answered the survey and
    that the cloud is still what the rollout was computed from, makes a trust
    of the caller and stores the graph as a private workflow. Returns
    ``operation``, the input of all tasks below, and ``graph``, the workflow's
    name.
    """

    def __init__(self, plan: str, digest: str,
                 deadline_seconds: int = ends.DEADLINE_SECONDS,
                 trust: str = '', rights: dict[str, Any] | None = None,
                 not_before: str = '', not_after: str = ''):
        self.plan = plan
        self.digest = digest
        self.deadline_seconds = deadline_seconds
        self.trust = trust
        self.rights = rights
        self.not_before = not_before
        self.not_after = not_after

    def act(self, caller: base.Caller) -> dict[str, Any]:
        given = window.window(self.not_before, self.not_after)

        def grant(seconds: float) -> dict[str, Any]:
            return self.rights or _rights(caller, seconds, self.trust)

        return ends.guard(caller.clients_for(self.rights),
                          caller.holder('run'), self.plan, self.digest,
                          grant, self.deadline_seconds, given)


class Close(base.Action):
    """Compare the record with the document and end the operation.

    Input: ``operation``, as tripleo.operation.guard returned it. Returns how
    many services and nodes were rolled, and the seconds it took.
    """

    def __init__(self, operation: dict[str, Any]):
        self.operation = operation

    def act(self, caller: base.Caller) -> dict[str, Any]:
        operation = operation_record.Operation(**self.operation)
        clients = caller.clients_for(self.operation)
        summary = ends.close(clients, operation)
        revoke_trusts(caller, clients, operation)

        return summary


class Fail(base.Action):
    """Fail with what the record says went wrong.

    Input: ``operation``, as tripleo.operation.guard returned it. The error
    names each failed step with its service and node, the end of its output
    and a remedy.
    """

    def __init__(self, operation: dict[str, Any]):
        self.operation = operation

    def act(self, caller: base.Caller) -> None:
        raise ends.failure(caller.clients_for(self.operation),
                           operation_record.Operation(**self.operation))


class List(base.Action):
    """List operations, the newest first.

    Input: ``plan``; absent: all plans of the project. Returns
    ``operations``, rows of operation, plan, verb, person, since and state,
    and ``left_out``, how many did not fit.
    """

    def __init__(self, plan: str | None = None):
        self.plan = plan

    def act(self, caller: base.Caller) -> dict[str, Any]:
        rows = [row for plan in ([self.plan] if self.plan
                                 else report.plans(caller.clients))
                for row in report.operations(caller.clients, plan)]
        rows.sort(key=lambda row: row['since'])
        kept, left_out = report.fit(rows)

        return {'operations': kept[::-1], 'left_out': left_out}


class Show(base.Action):
    """Show how an operation stands, and what is to be decided.

    Input: ``plan``; ``operation``, its id; absent: the plan's newest.
    Returns verb, person, since, state, execution, fence, digest,
    ``decisions``, ``closed``, ``next`` (how to go on), ``steps`` (how many
    nodes stand how in each step) and ``failed`` (nodes with their errors);
    ``left_out`` says how many rows did not fit.
    """

    def __init__(self, plan: str, operation: str = ''):
        self.plan = plan
        self.operation = operation

    def act(self, caller: base.Caller) -> dict[str, Any]:
        shown = report.show(caller.clients, self.plan, self.operation)
        half = report.MOST_CHARACTERS // 2
        failed, failed_out = report.fit(shown['failed'], half)
        steps, steps_out = report.fit(shown['steps'], half)

        return {**shown, 'failed': failed, 'steps': steps,
                'left_out': {'failed': failed_out, 'steps': steps_out}}


class Status(base.Action):
    """Show how every service stands on every node.

    Input: ``plan``; ``operation``, its id; absent: the plan's newest.
    Returns ``operation``, ``state``, ``held`` (who holds it, or what it
    waits for), ``rows`` of service, phase, node, release, revision, step,
    status, since and why, and ``left_out``, how many rows of nodes that are
    done did not fit.
    """

    def __init__(self, plan: str, operation: str = ''):
        self.plan = plan
        self.operation = operation

    def act(self, caller: base.Caller) -> dict[str, Any]:
        found = status.read(caller.clients, self.plan, self.operation)
        rows, left_out = report.fit(sorted(
            found['rows'], key=lambda row: row['status'] not in (
                status.DONE, status.UNCHANGED)))

        return {**found, 'rows': rows, 'left_out': left_out}


class Log(base.Action):
    """Tell everything that happened in an operation, in order of time.

    Input: ``plan``; ``operation``, its id; absent: the plan's newest.
    Returns ``log``, rows of time (epoch seconds), what, service, batch,
    step, node and seconds, and ``left_out``, how many of the oldest rows did
    not fit.
    """

    def __init__(self, plan: str, operation: str = ''):
        self.plan = plan
        self.operation = operation

    def act(self, caller: base.Caller) -> dict[str, Any]:
        rows, left_out = report.fit(history.log(report.read(
            operation_record.Record(caller.clients.swift, self.plan),
            self.operation)))

        return {'log': rows, 'left_out': left_out}


class Watchdog(base.Action):
    """Resume what an accident has stopped, and report the rest.

    Input: ``plan``; empty: all plans of the project; ``stuck_seconds``, how
    long nothing may move in a RUNNING execution. Returns ``resumed`` and
    ``reported``, rows of plan, operation, execution, state and reason. What
    a person holds, and what failed, is never resumed; the rest three times
    at most.
    """

    def __init__(self, plan: str = '',
                 stuck_seconds: int = watchdog.STUCK_SECONDS):
        self.plan = plan
        self.stuck_seconds = stuck_seconds

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return watchdog.watch(caller.clients, self.plan, self.stuck_seconds)


class CleanUp(base.Action):
    """Remove what nobody needs of operations that have ended.

    Input: ``keep_operations``, closed ones kept of each plan; ``keep_days``,
    younger things are kept; ``plan``; empty: all plans of the project;
    ``dry_run``, count only; ``removed``, what earlier calls removed. Returns
    ``done``, false where the time was up, and ``removed``, how many of each
    kind. Open operations, states that are still read and the newest two
    locks of a plan are never removed.
    """

    def __init__(self, keep_operations: int = retention.KEEP_OPERATIONS,
                 keep_days: float = retention.KEEP_DAYS, plan: str = '',
                 dry_run: bool = False,
                 removed: dict[str, int] | None = None):
        self.keep_operations = keep_operations
        self.keep_days = keep_days
        self.plan = plan
        self.dry_run = dry_run
        self.removed = removed

    def act(self, caller: base.Caller) -> dict[str, Any]:
        outcome = retention.Cleaning(
            caller.clients, self.keep_operations, self.keep_days,
            self.dry_run).clean(self.plan)
        removed = Counter(self.removed) + Counter(outcome['removed'])

        return {'done': outcome['done'], 'removed': dict(removed)}


def _rights(caller: base.Caller, seconds: float, given: str
            ) -> dict[str, Any]:
    return {'trust': caller.grant(seconds, given),
            'made': not (given or caller.delegated)}


def revoke_trusts(caller: base.Caller, clients: service_clients.Clients,
                  operation: operation_record.Operation) -> None:
    """Delete the trusts that were made for an operation."""
    record = operation_record.Record(clients.swift, operation.plan)

    for trust in lifetime.made_trusts(record, operation):
        caller.revoke(trust)
