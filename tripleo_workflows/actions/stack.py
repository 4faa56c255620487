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

"""Actions on Heat stacks."""

from typing import Any

from tripleo_workflows.actions import base
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import removals
from tripleo_workflows.stack import stacks


class Bring(base.Action):
    """Start to bring a plan's stack to its plan: create it or update it.

    Input: ``plan``; ``timeout``, minutes that Heat may take. The templates
    only compute, so no node is touched; a plan that would delete a server is
    refused. Returns ``stack``, its id.
    """

    def __init__(self, plan: str, timeout: int = 240):
        self.plan = plan
        self.timeout = timeout

    def act(self, caller: base.Caller) -> dict[str, Any]:
        files = store.PlanStore(caller.clients.swift, self.plan).read()
        heat_arguments = arguments.heat_arguments(self.plan, files)
        stacks.validate(caller.clients.heat, heat_arguments)
        removals.refuse(caller.clients.heat, heat_arguments)

        return {'stack': stacks.bring(caller.clients.heat, heat_arguments,
                                      self.timeout)}


class Wait(base.Action):
    """Wait for Heat to finish with a stack, 20 seconds at most.

    Input: ``stack``, as tripleo.stack.bring returned it. Returns ``done``,
    ``status`` and ``reason``; the workflow asks again until it is done. Fails
    where Heat failed, naming the resources.
    """

    def __init__(self, stack: str):
        self.stack = stack

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return stacks.wait(caller.clients.heat, self.stack, None, 20)
