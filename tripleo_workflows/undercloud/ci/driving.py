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

"""Driving the workflows of a plan, as an operator with stock clients does."""

import json
import shlex
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import progress
from tripleo_workflows.undercloud.ci import clock as run_clock


class WorkflowFailed(exceptions.TripleoError):
    """A workflow or an action that was started did not end well."""

    code = 'workflow-failed'


class Driver:
    """Starts what a person would start for a plan, and tells about it.

    Each command is shown as the stock client has it.

    :param plan: the plan's name, which is its stack's.
    """

    def __init__(self, clients: service_clients.Clients, plan: str,
                 clock: run_clock.Clock):
        self.clients = clients
        self.plan = plan
        self._clock = clock

    def workflow(self, name: str, **inputs: Any) -> dict[str, Any]:
        """Run a workflow to its end, and tell what it does meanwhile.

        A step that waits for approval is approved of.

        :returns: its output.
        :raises WorkflowFailed: it did not end well; the text is its message.
        """
        self._clock.tell(f'$ openstack workflow execution create {name} '
                         f'{shlex.quote(json.dumps(inputs))}')
        execution = self.clients.mistral.executions.create(
            name, workflow_input=inputs)
        watch = progress.Watch(self.clients, self.plan, execution.id)
        approved: set[tuple[str, str]] = set()

        for line in watch.lines():
            self._clock.tell(self._clock.stamp() + line)

            step = watch.waits.approval if watch.waits else None

            if step and step not in approved:
                approved.add(step)
                self._approve(*step)

        ended = self.clients.mistral.executions.get(watch.execution)
        output: dict[str, Any] = json.loads(ended.output or '{}')

        if ended.state != 'SUCCESS':
            raise WorkflowFailed(
                str(output.get('message') or ended.state_info),
                f'See: openstack tripleo operation show {self.plan}.',
                workflow=name, execution=watch.execution)

        if output.get('message'):
            self._clock.tell(str(output['message']))

        return output

    def _approve(self, service: str, step: str) -> None:
        """Approve of a step; the one who follows sees who goes on."""
        self._clock.tell(f'$ openstack tripleo operation approve {self.plan} '
                         f'{service} {step}')
        self.clients.mistral.executions.create(
            'tripleo.operation.v1.approve', workflow_input={
                'plan': self.plan, 'service': service, 'step': step,
                'reason': 'Nobody is there to be asked.'})

    def action(self, name: str, **inputs: Any) -> Any:
        """Run a single action.

        :returns: its result.
        :raises WorkflowFailed: it failed; the text is its error.
        """
        self._clock.tell(f'$ openstack action execution run {name} '
                         f'{shlex.quote(json.dumps(inputs))}')

        return self._act(name, inputs)

    def set_parameters(self, parameters: dict[str, Any]) -> None:
        """Change parameters of the plan.

        Their values are not shown: some may be secret.

        :raises WorkflowFailed: a value is refused; nothing was changed.
        """
        self._clock.tell('$ openstack action execution run '
                         'tripleo.parameters.update …  '
                         f'({", ".join(parameters)})')
        self._act('tripleo.parameters.update', {
            'container': self.plan, 'parameters': parameters})

    def preview(self) -> dict[str, Any]:
        """Bring the stack to the plan, and compute what is to be done.

        :returns: the output of the workflow, ``tree`` and ``digest`` in it.
        """
        output = self.workflow('tripleo.upgrade.v1.preview', plan=self.plan)
        self._clock.tell(f'\n{output["tree"]}\n')

        return output

    def _act(self, name: str, inputs: dict[str, Any]) -> Any:
        ended = self.clients.mistral.action_executions.create(name, inputs)
        result = json.loads(ended.output or '{}').get('result')

        if getattr(ended, 'state', None) == 'ERROR':
            raise WorkflowFailed(str(result), action=name)

        self._clock.tell(json.dumps(result))

        return result
