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

"""Actions that bring nodes and deployments together."""

from typing import Any

from oslo_config import cfg

from tripleo_workflows import config
from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.deployments import enroll


class Enroll(base.Action):
    """Hand each server's agent configuration to its waiting node.

    Input: ``plan``. The configuration is a secret: it is written with mode
    0600 into the directory that the option [tripleo] enroll_directory names,
    never into the result. Returns ``enrolled``, the servers' names, and,
    without the option, ``commands``: for each server, how a person reads its
    configuration from Heat.
    """

    def __init__(self, plan: str):
        self.plan = plan

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return enroll.enroll(caller.clients.heat, self.plan,
                             cfg.CONF[config.GROUP].enroll_directory)


class CheckInputs(base.Action):
    """Refuse inputs that the pack accepts by name but does not serve.

    Input: ``given``, the values by input; ``accepted``, for each of them the
    values that are let through because they ask for nothing. Returns
    ``without_effect``, the inputs that were given and ignored.
    """

    def __init__(self, given: dict[str, Any],
                 accepted: dict[str, list[Any]]):
        self.given = given
        self.accepted = accepted

    def act(self, caller: base.Caller) -> dict[str, Any]:
        for name, values in self.accepted.items():
            if self.given[name] not in values:
                raise exceptions.InvalidInput(
                    f'{name}: {self.given[name]!r} is not served.',
                    f'Leave it out, or give '
                    f'{" or ".join(map(repr, values))}.', field=name)

        return {'without_effect': sorted(self.accepted)}
