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

"""Executions that commands start, follow and answer with."""

import json
import time
from typing import Any

from mistralclient.api.v2 import client as mistral_client
from osc_lib import exceptions as osc_exceptions
from osc_lib.command import command

from tripleo_workflows.operation import lock
from tripleo_workflows.operation import progress

LOOK_SECONDS = 0.5


def run(cmd: command.Command, plan: str, workflow: str, **inputs: Any
        ) -> None:
    """Start a workflow, tell what it does to a plan, and how it ended.

    :raises CommandError: it did not end well; the text is its message.
    """
    mistral = cmd.app.client_manager.tripleo.mistral
    execution = mistral.executions.create(
        workflow, workflow_input={'plan': plan, **inputs}).id
    watch(cmd, plan, execution)


def run_quietly(mistral: mistral_client.Client, workflow: str, **inputs: Any
                ) -> dict[str, Any]:
    """Run a workflow to its end.

    :returns: its output.
    :raises CommandError: it did not end well; the text is its message.
    """
    execution = mistral.executions.create(workflow, workflow_input=inputs).id

    while lock.state_of(mistral, execution) in lock.HOLDING_STATES:
        time.sleep(LOOK_SECONDS)

    return output_of(mistral, execution)


def watch(cmd: command.Command, plan: str, execution: str = '') -> None:
    """Tell what is done to a plan until it has ended.

    :param execution: empty: that of the plan's open operation.
    :raises CommandError: it did not end well; the text is its message.
    """
    clients = cmd.app.client_manager.tripleo
    followed = progress.Watch(clients, plan, execution)

    for line in followed.lines():
        print(line, file=cmd.app.stdout, flush=True)

    output = output_of(clients.mistral, followed.execution)
    print(output.get('message', ''), file=cmd.app.stdout)


def output_of(mistral: mistral_client.Client, execution_id: str
              ) -> dict[str, Any]:
    """The output of an execution that has ended.

    :raises CommandError: it did not end well; the text is its message.
    """
    ended = mistral.executions.get(execution_id)
    output: dict[str, Any] = json.loads(ended.output or '{}')

    if ended.state != lock.SUCCESS:
        raise osc_exceptions.CommandError(
            output.get('message') or output.get('result')
            or ended.state_info)

    return output
