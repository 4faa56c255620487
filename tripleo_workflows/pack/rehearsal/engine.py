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

"""Mistral's engine in this process, whose actions are answered for it.

The engine, its language, scheduler and database are Mistral's own. What is
ours is the way between its parts: calls stay in the process instead of going
through a broker, the executor asks us for answers, and waits take no time.
"""

import dataclasses
import logging
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

from mistral import context
from mistral import exceptions as mistral_exceptions
from mistral.db.v2 import api as db_api
from mistral.engine import default_engine
from mistral.engine import engine_server
from mistral.engine import policies
from mistral.executors import base as executors
from mistral.rpc import base as rpc
from mistral.rpc import clients as rpc_clients
from mistral.scheduler import base as schedulers
from mistral.services import workbooks
from mistral.services import workflows
from mistral.utils import safe_yaml
from mistral.workflow import direct_workflow
from mistral.workflow import states
from mistral_lib import actions as mistral_actions
from oslo_config import cfg

from tripleo_workflows import exceptions

#: How often an execution is looked at that has not ended.
_POLL_SECONDS = 0.01

_OPTIONS = (
    ('database', 'connection', 'sqlite://'),
    # Lint has looked at definitions, and is a hundred times as fast.
    ('api', 'validation_mode', 'enabled'),
    ('pecan', 'auth_enable', False),
    ('expressions', 'allowed_languages', ['yaql']),
    ('executor', 'type', 'local'),
    # What the pack asks of a Mistral.
    ('engine', 'execution_field_size_limit_kb', 16384),
)


@dataclasses.dataclass(frozen=True)
class Call:
    """An action that the engine runs: its name, where, and its inputs.

    :param workflow: name of the workflow whose task runs it.
    :param workflow_input: what that workflow was given.
    """

    action: str
    task: str
    workflow: str
    given: dict[str, Any]
    workflow_input: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Task:
    """One execution of a task; ``below`` are the workflows that it ran."""

    name: str
    state: str
    info: str
    below: list['Execution']


@dataclasses.dataclass(frozen=True)
class Execution:
    """An execution as it ended, its tasks in the order of their starts."""

    workflow: str
    state: str
    info: str
    output: dict[str, Any]
    tasks: list[Task]


class Engine:
    """The engine; there is one in a process.

    :ivar taken: each transition that was taken: workflow, task, clause,
        target.
    """

    def __init__(self) -> None:
        self.taken: set[tuple[str, str, str, str]] = set()
        self._executor = _Executor()
        _configure()
        _observe(self.taken)
        rpc._IMPL_CLIENT = _Calls
        executors._EXECUTORS[cfg.CONF.executor.type] = self._executor
        _start_scheduler()
        self._client = rpc_clients.get_engine_client()

    def define(self, text: str, namespace: str = '') -> None:
        """Store a workbook, or plain workflows.

        :param namespace: whose executions find them before all others.
        """
        service = (workbooks.create_workbook_v2
                   if 'workflows' in safe_yaml.load(text)
                   else workflows.create_workflows)
        service(text, namespace=namespace, validate=False)

    def run(self, workflow: str, given: dict[str, Any], namespace: str,
            answer: Callable[[Call], Any], seconds: float) -> Execution:
        """Run a workflow until it ends, or pauses, or time is up.

        :param answer: gives a Mistral result for a call, or None where the
            action is to run.
        :raises InvalidInput: it cannot be started, or the engine failed to
            start a part of it.
        """
        self._executor.answer = answer
        failures = self._client._client.failures
        failures.clear()

        with db_api.transaction(read_only=True):
            found = db_api.load_workflow_definition(workflow, namespace)
            identity = found and found.id

        if not identity:
            raise exceptions.InvalidInput(f'There is no workflow {workflow}.')

        try:
            started = self._client.start_workflow(
                identity, namespace, None, given, 'rehearsal')
        except mistral_exceptions.MistralException as error:
            raise exceptions.InvalidInput(str(error)) from None

        deadline = time.monotonic() + seconds

        while time.monotonic() < deadline:
            if failures:
                raise exceptions.InvalidInput(' '.join(failures))

            with db_api.transaction(read_only=True):
                state = db_api.get_workflow_execution(started.id).state

            if states.is_completed(state) or states.is_paused(state):
                break

            time.sleep(_POLL_SECONDS)

        with db_api.transaction(read_only=True):
            return _read(db_api.get_workflow_execution(started.id))


class _Calls:
    """A client and a server of RPC, with a queue between them."""

    def __init__(self, conf: Any):
        self._server = engine_server.EngineServer(
            default_engine.DefaultEngine(), setup_profiler=False)
        # One call after the other, so that runs are alike.
        self._served = futures.ThreadPoolExecutor(max_workers=1)
        #: What nobody waits for, and would only be in a log.
        self.failures: list[str] = []

    def sync_call(self, caller: Any, method: str, target: Any = None,
                  **inputs: Any) -> Any:
        return self._served.submit(self._serve, caller, method,
                                   inputs).result()

    def async_call(self, caller: Any, method: str, target: Any = None,
                   fanout: bool = False, **inputs: Any) -> None:
        self._served.submit(self._serve, caller, method, inputs
                            ).add_done_callback(self._note)

    def _note(self, served: futures.Future[Any]) -> None:
        if error := served.exception():
            self.failures.append(str(error))

    def _serve(self, caller: Any, method: str, inputs: dict[str, Any]
               ) -> Any:
        context.set_ctx(caller)

        return getattr(self._server, method)(caller, **inputs)


class _Executor:
    """Answers the engine; actions without an answer of ours are run."""

    def __init__(self) -> None:
        self.answer: Callable[[Call], Any] = lambda call: None

    def run_action(self, action: Any, action_ex_id: str, safe_rerun: bool,
                   exec_ctx: dict[str, Any], **others: Any) -> None:
        with db_api.transaction(read_only=True):
            found = db_api.get_action_execution(action_ex_id)
            task = found.task_execution
            call = Call(found.name, task.name, task.workflow_name,
                        dict(found.input),
                        dict(task.workflow_execution.input))

        result = self.answer(call)

        if result is None:
            result = _run(action, exec_ctx)

        rpc_clients.get_engine_client().on_action_complete(
            action_ex_id, result, async_=True)


def _run(action: Any, exec_ctx: dict[str, Any]) -> Any:
    try:
        result = action.run(context.create_action_context(exec_ctx))
    except Exception as error:
        # As an executor does it, whatever the action has raised.
        return mistral_actions.Result(error=str(error))

    return (result if isinstance(result, mistral_actions.Result)
            else mistral_actions.Result(data=result))


def _configure() -> None:
    cfg.CONF([], project='mistral', default_config_files=[],
             default_config_dirs=[])

    for group, name, value in _OPTIONS:
        cfg.CONF.set_override(name, value, group)

    # Who asks for more configures logging before.
    logging.getLogger().addHandler(logging.NullHandler())
    db_api.setup_db()
    context.set_ctx(context.MistralContext())


def _observe(taken: set[tuple[str, str, str, str]]) -> None:
    """Note transitions; the database has those to commands nowhere."""
    controller = direct_workflow.DirectWorkflowController
    find = controller._find_next_tasks

    def find_and_note(self: Any, task: Any, variables: Any) -> Any:
        found = find(self, task, variables)
        taken.update((task.workflow_name, task.name, clause, target)
                     for target, _, clause in found)

        return found

    controller._find_next_tasks = find_and_note


def _start_scheduler() -> None:
    """Start it, and let the policies wait-before and wait-after not wait."""
    scheduler = schedulers.get_system_scheduler()
    schedule = scheduler.schedule

    def schedule_at_once(job: Any) -> None:
        if job.func_name in (policies._CONTINUE_TASK_PATH,
                             policies._COMPLETE_TASK_PATH):
            job.run_after = 0

        schedule(job)

    scheduler.schedule = schedule_at_once
    scheduler.start()


def _read(execution: Any) -> Execution:
    tasks = [
        Task(task.name, task.state, task.state_info or '',
             [_read(below) for below in db_api.get_workflow_executions(
                 task_execution_id=task.id, sort_keys=['created_at'])])
        for task in sorted(execution.task_executions,
                           key=lambda task: task.created_at)]

    return Execution(execution.name, execution.state,
                     execution.state_info or '', dict(execution.output or {}),
                     tasks)
