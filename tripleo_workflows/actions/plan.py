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

from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import fernet
from tripleo_workflows.plan import passwords
from tripleo_workflows.plan import rendering
from tripleo_workflows.plan import store
from tripleo_workflows.rollout import fernet as rolled_fernet
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import stacks


class Adopt(base.Action):
    """Make a plan of a container that holds a plan's files.

    Input: ``container``, the plan's name; ``validate_stack``, whether Heat
    checks the templates and parameters as well; ``generate_passwords``,
    whether passwords that the plan lacks are generated. The files are
    checked and rendered; nothing is written where one is wrong. Returns
    ``plan``; ``files``, how many it has; ``generated``, names of passwords.
    """

    def __init__(self, container: str, validate_stack: bool = True,
                 generate_passwords: bool = True):
        self.container = container
        self.validate_stack = validate_stack
        self.generate_passwords = generate_passwords

    def act(self, caller: base.Caller) -> dict[str, Any]:
        plan = store.PlanStore(caller.clients.swift, self.container)
        files = plan.read()
        environment = plan_environment.load(files)
        generated: list[str] = []
        changed: dict[str, str] = {}

        if self.generate_passwords:
            environment, generated = _completed(
                self.container, files, environment)

        if generated:
            changed[plan_environment.FILE] = plan_environment.dump(
                environment)

        heat_arguments = arguments.heat_arguments(
            self.container, {**files, **changed})

        if self.validate_stack:
            stacks.validate(caller.clients.heat, heat_arguments)

        changed |= rendering.render(files)
        plan.adopt()
        plan.write(changed)

        return {'plan': self.container, 'files': len({**files, **changed}),
                'generated': generated}


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


class GeneratePasswords(base.Action):
    """Generate the passwords that a plan lacks, or generate some anew.

    Input: ``container``, the plan; ``rotate_passwords``, whether passwords
    that the plan has are generated anew; ``rotate_pw_list``, which, else all
    that a running cloud can change; ``request_id``: a rotation is not done
    twice under the same one. Returns ``generated`` and ``rotated``, names
    only: the values go into the plan, and from there into the cloud when it
    is next deployed or updated.
    """

    def __init__(self, container: str = 'overcloud',
                 rotate_passwords: bool = False,
                 rotate_pw_list: list[str] | None = None,
                 request_id: str | None = None):
        self.container = container
        self.rotate_passwords = rotate_passwords
        self.rotate_pw_list = rotate_pw_list
        self.request_id = request_id

    def act(self, caller: base.Caller) -> dict[str, Any]:
        if self.rotate_pw_list and not self.rotate_passwords:
            raise exceptions.InvalidInput(
                'rotate_pw_list names passwords, and rotate_passwords is '
                'false.', 'Leave it out, or make rotate_passwords true.',
                plan=self.container, field='rotate_pw_list')

        plan = store.PlanStore(caller.clients.swift, self.container)
        files = plan.read()
        environment, generated = _completed(
            self.container, files, plan_environment.load(files))
        rotated: list[str] = []

        if self.rotate_passwords:
            environment, rotated = passwords.rotate(
                environment, self.rotate_pw_list or (),
                caller.request(self.request_id))

        if generated or rotated:
            plan.write({plan_environment.FILE: plan_environment.dump(
                environment)})

        return {'generated': generated, 'rotated': rotated}


class RotateFernetKeys(base.Action):
    """Rotate the Fernet keys that Keystone's tokens are made with.

    Input: ``container``, the plan; ``request_id``: a rotation is not done
    twice under the same one. The staged key becomes the primary one, which
    makes tokens; a new one is staged; of more keys than the parameter
    KeystoneFernetMaxActiveKeys says (5 where nothing sets it, 3 at least) the
    oldest are purged. Returns ``primary``, ``staged`` and ``purged``: paths
    of files. The keys go into the plan; tripleo.upgrade.v1.preview with the
    verb update, and tripleo.upgrade.v1.run, roll them out. Until the record
    says that all nodes have the staged key, another rotation is refused.
    """

    def __init__(self, container: str = 'overcloud',
                 request_id: str | None = None):
        self.container = container
        self.request_id = request_id

    def act(self, caller: base.Caller) -> dict[str, Any]:
        plan = store.PlanStore(caller.clients.swift, self.container)
        files = plan.read()
        environment = plan_environment.load(files)
        changed, rotation = fernet.rotate(
            environment, arguments.parameter(arguments.heat_arguments(
                self.container, files).environment, fernet.MOST),
            caller.request(self.request_id))

        if changed is not environment:
            rolled_fernet.require_everywhere(
                caller.clients, self.container, fernet.keys(environment))
            plan.write({plan_environment.FILE: plan_environment.dump(
                changed)})

        return rotation


def _completed(plan: str, files: Mapping[str, str],
               environment: passwords.Environment
               ) -> tuple[passwords.Environment, list[str]]:
    """A plan environment with all its passwords, and which are new."""
    return passwords.complete(environment, arguments.unset_parameters(
        arguments.heat_arguments(plan, files)))
