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

"""Actions on plans and their parameters."""

from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import rendering
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import stacks


class Adopt(base.Action):
    """Make a plan of a container that holds a plan's files.

    Input: ``container``, the plan's name; ``validate_stack``, whether Heat
    checks the templates and parameters as well. The files are checked and
    rendered; nothing is written where one is wrong. Returns ``plan`` and
    ``files``, how many it has.
    """

    def __init__(self, container: str, validate_stack: bool = True):
        self.container = container
        self.validate_stack = validate_stack

    def act(self, caller: base.Caller) -> dict[str, Any]:
        plan = store.PlanStore(caller.clients.swift, self.container)
        files = plan.read()
        heat_arguments = arguments.heat_arguments(self.container, files)

        if self.validate_stack:
            stacks.validate(caller.clients.heat, heat_arguments)

        rendered = rendering.render(files)
        plan.adopt()
        plan.write(rendered)

        return {'plan': self.container, 'files': len({**files, **rendered})}


class UpdateParameters(base.Action):
    """Change parameters in a plan's environment.

    Input: ``parameters``, a map of names to values; ``container``, the plan;
    ``key``, the section of plan-environment.yaml, ``parameter_defaults``;
    ``validate``, whether Heat checks the outcome first. Where Heat refuses a
    value, nothing is changed. Returns the names that were set.
    """

    def __init__(self, parameters: dict[str, Any],
                 container: str = 'overcloud',
                 key: str = 'parameter_defaults', validate: bool = True):
        self.parameters = parameters
        self.container = container
        self.key = key
        self.validate = validate

    def act(self, caller: base.Caller) -> dict[str, Any]:
        if self.key != 'parameter_defaults':
            raise exceptions.InvalidInput(
                f'key: {self.key} is not served.',
                'Leave it out, or give parameter_defaults.',
                plan=self.container, field='key')

        plan = store.PlanStore(caller.clients.swift, self.container)
        files = plan.read()
        changed = plan_environment.merge_parameters(
            plan_environment.load(files), self.parameters)
        text = plan_environment.dump(changed)
        heat_arguments = arguments.heat_arguments(
            self.container, {**files, 'plan-environment.yaml': text})

        if self.validate:
            stacks.validate(caller.clients.heat, heat_arguments)

        plan.write({'plan-environment.yaml': text})

        return {'parameters': sorted(self.parameters)}
