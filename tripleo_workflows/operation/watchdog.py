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

"""Going on by itself where nobody has decided to stop.

An operation that a lost action or a dead engine has stopped is resumed, a
few times. One that a person holds, or in which a step failed or was
interrupted, is only reported: that is for people to decide.
"""

import dataclasses
import datetime
import time
from typing import Any

from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

#: How often an operation is resumed without a person.
MOST_RESUMES = 3
STUCK_SECONDS = 300
RESUME = 'tripleo.operation.v1.resume'


@dataclasses.dataclass(frozen=True)
class Finding:
    """An operation that does not go on.

    :param execution: the root execution that it was found with.
    :param resume: whether the watchdog goes on with it.
    """

    plan: str
    operation: str
    execution: str
    state: str
    resume: bool
    reason: str


def watch(clients: service_clients.Clients, plan: str = '',
          stuck_seconds: int = STUCK_SECONDS) -> dict[str, list[Any]]:
    """Resume what was stopped by an accident, report the rest.

    :param plan: look at this one only; empty: at all plans of the project.
    :param stuck_seconds: how long nothing may move in a RUNNING execution.
    :returns: ``resumed`` and ``reported``, rows of plan, operation,
        execution, state and reason; a resumed one names ``resumed_by``, the
        execution that goes on.
    """
    outcome: dict[str, list[Any]] = {'resumed': [], 'reported': []}

    for name in [plan] if plan else report.plans(clients):
        for finding in look(clients, name, stuck_seconds):
            row = dataclasses.asdict(finding)

            if not row.pop('resume'):
                outcome['reported'].append(row)
                continue

            execution = clients.mistral.executions.create(
                RESUME, workflow_input={
                    'plan': name, 'by': going_on.WATCHDOG, 'take_over': True,
                    'execution': finding.execution,
                    'reason': finding.reason})
            outcome['resumed'].append({**row, 'resumed_by': execution.id})

    return outcome


def look(clients: service_clients.Clients, plan: str,
         stuck_seconds: int = STUCK_SECONDS) -> list[Finding]:
    """The open operations of a plan that do not go on."""
    record = operation_record.Record(clients.swift, plan)
    _, holder = lock.current(clients.mistral, plan)
    findings = []

    for opened in lifetime.open_operations(
            record, holder.operation if holder else ''):
        execution, state = report.execution_of(clients, plan, opened)
        moving = (state in lock.HOLDING_STATES and state != 'PAUSED'
                  and not _is_stuck(clients.mistral, execution,
                                    stuck_seconds))

        if not moving:
            reason, resume = _judge(
                report.read(record, opened['operation']), state,
                stuck_seconds)
            findings.append(Finding(plan, opened['operation'], execution,
                                    state, resume, reason))

    return findings


def _judge(story: report.Story, state: str, stuck_seconds: int
           ) -> tuple[str, bool]:
    held = story.held(state)

    if held and story.may_go_on(time.time()):
        return f'It {held}, which has come.', True

    if held:
        return f'It {held}.', False

    if state == 'CANCELLED':
        return 'A person has cancelled its execution.', False

    if state not in ('ERROR', *lock.HOLDING_STATES):
        return f'Its execution is {state}.', False

    if lifetime.is_expired(story.opened):
        return 'Its deadline has passed.', False

    failed = [row['node'] or row['service'] for row in report.failures(story)]

    if failed:
        return (f'Steps failed or were interrupted on '
                f'{", ".join(sorted(set(failed))[:10])}: openstack tripleo '
                f'operation show {story.plan}', False)

    resumes = len(story.decisions.of_kind(
        decisions.GO_ON, by=going_on.WATCHDOG))

    if resumes >= MOST_RESUMES:
        return f'It was resumed {resumes} times and stopped again.', False

    return ('An action or its engine was lost.' if state == 'ERROR' else
            f'Nothing has moved for {stuck_seconds} s.'), True


def _is_stuck(mistral: mistral_client.Client, root: str, seconds: int
              ) -> bool:
    """Whether nothing moves in an execution, and no action runs."""
    since = (datetime.datetime.now(datetime.UTC)
             - datetime.timedelta(seconds=seconds)
             ).strftime('%Y-%m-%d %H:%M:%S')
    children = mistral.executions.list(root_execution_id=root,
                                       state='RUNNING', fields=['id'])

    return not any(
        _moves(mistral, task, since)
        for execution in [root, *(child.id for child in children)]
        for task in mistral.tasks.list(execution, fields=[
            'id', 'state', 'type', 'created_at', 'updated_at']))


def _moves(mistral: mistral_client.Client, task: Any, since: str) -> bool:
    if max(task.created_at, task.updated_at or '') > since:
        return True

    # A wait before a task may last: somebody asked for it.
    if task.state == 'DELAYED':
        return True

    return (task.state == 'RUNNING' and task.type == 'ACTION'
            and any(action.state == 'RUNNING' for action
                    in mistral.action_executions.list(task.id)))
