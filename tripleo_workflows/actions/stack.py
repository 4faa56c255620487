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

from tripleo_workflows import clients as service_clients
from tripleo_workflows.actions import base
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import removals
from tripleo_workflows.stack import stacks
from tripleo_workflows.stack import temporary_urls


class Bring(base.Action):
    """Start to bring a plan's stack to its plan: create it or update it.

    Input: ``plan``; ``timeout``, minutes that Heat may take; ``rights``, as
    tripleo.operation.lock returned them. The templates only compute, so no
    node is touched; a plan that would delete a server is refused. Returns
    ``stack``, its id.
    """

    def __init__(self, plan: str, timeout: int = 240,
                 rights: dict[str, Any] | None = None):
        self.plan = plan
        self.timeout = timeout
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        clients = _clients(caller, self.rights)
        files = store.PlanStore(clients.swift, self.plan).read()
        heat_arguments = arguments.heat_arguments(self.plan, files)
        stacks.validate(clients.heat, heat_arguments)
        removals.refuse(clients.heat, heat_arguments)
        temporary_urls.prepare_account(clients.swift)

        return {'stack': stacks.bring(clients.heat, heat_arguments,
                                      self.timeout)}


class Delete(base.Action):
    """Start to delete a plan's stack, and with it the servers in Heat.

    Input: ``stack``, its name, which is the plan's; ``rights``, as
    tripleo.operation.lock returned them. Returns ``stack``, its id, or null
    where there is none; tripleo.stack.wait waits for its end.
    """

    def __init__(self, stack: str, rights: dict[str, Any] | None = None):
        self.stack = stack
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return {'stack': stacks.delete(_clients(caller, self.rights).heat,
                                       self.stack)}


def _clients(caller: base.Caller, rights: dict[str, Any] | None
             ) -> service_clients.Clients:
    # Heat makes a trust for each nested stack that it finds without a living
    # one. Under a trust that expires they would all be equal, which Keystone
    # refuses. So a person's own token has to do, and a trust that they made
    # beforehand is one that does not expire.
    return (caller.clients if rights and rights['made']
            else caller.clients_for(rights, fresh=True))


class Wait(base.Action):
    """Wait for Heat to finish with a stack, 20 seconds at most.

    Input: ``stack``, as tripleo.stack.bring or tripleo.stack.delete returned
    it; ``gone``, whether it is being deleted; ``rights``, as
    tripleo.operation.lock returned them. Returns ``done``, ``status`` and
    ``reason``; the workflow asks again until it is done. Fails where Heat
    failed, naming the resources.
    """

    def __init__(self, stack: str, rights: dict[str, Any] | None = None,
                 gone: bool = False):
        self.stack = stack
        self.rights = rights
        self.gone = gone

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return stacks.wait(caller.clients_for(self.rights).heat, self.stack,
                           None, 20, self.gone)
