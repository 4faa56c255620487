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

"""The cloud that a stack describes: its nodes and their services."""

import dataclasses
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from heatclient.v1 import client as heat_client

from tripleo_workflows import exceptions
from tripleo_workflows.stack import stacks

RoleData = dict[str, Any]

# A URL of so many ids stays well under Heat's limit of 16 KiB a line.
_IDS_AT_ONCE = 100
_DEPTH = 10


@dataclasses.dataclass(frozen=True)
class Node:
    """A deployed server.

    :param server_id: Heat's physical resource id, the node's identity.
    :param index: its place among the nodes of its role, from 0.
    :param address: its address in the control plane's network.
    """

    name: str
    server_id: str
    role: str
    index: int
    address: str


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Everything that a rollout is computed from.

    :param nodes: by name, in the order of the roles.
    :param role_data: by role, then by service name: the ``role_data`` of
        the services that have a ``lifecycle``.
    :param unmanaged: by role, the names of the services that have none.
    """

    stack_id: str
    nodes: dict[str, Node]
    role_data: dict[str, dict[str, RoleData]]
    unmanaged: dict[str, list[str]]


def read(heat: heat_client.Client, plan: str,
         roles: Iterable[str]) -> Cloud:
    """Read a cloud out of the outputs and resources of its stack.

    :param roles: names of those that are asked for, in the order in which
        they are rolled; nodes of others are left out.
    :raises NotFound: there is no such stack, output or service chain.
    """
    stack = stacks.get(heat, plan)
    stack_id = stack['id']
    names = list(roles)
    nodes = _nodes(heat, stack_id, names)
    managed: dict[str, dict[str, RoleData]] = {}
    unmanaged: dict[str, list[str]] = {}

    for name in names:
        services = role_data(heat, stack_id, name)
        managed[name] = {service: data for service, data
                         in services.items() if 'lifecycle' in data}
        unmanaged[name] = sorted(services.keys() - managed[name].keys())

    return Cloud(stack_id, nodes, managed, unmanaged)


def nodes(heat: heat_client.Client, plan: str) -> dict[str, Node]:
    """All nodes of a stack by name, whatever runs on them.

    :raises NotFound: there is no such stack, or it describes no nodes.
    """
    return _nodes(heat, plan, roles(heat, plan))


def roles(heat: heat_client.Client, plan: str) -> list[str]:
    """The roles that a stack has, which its plan may have no more.

    :raises NotFound: there is no such stack, or it describes no nodes.
    """
    return list(stacks.output(heat, plan, 'ServerIdMap')['server_ids'])


def agent_resources(heat: heat_client.Client, stack: str
                    ) -> dict[str, tuple[str, str]]:
    """Where Heat keeps the servers, whatever stack they are nested in.

    :param stack: the root stack's name or id.
    :returns: stack and resource, as ``openstack stack resource show`` wants
        them, by hostname.
    """
    return {_attribute(heat, *place, 'name'): place
            for place in _servers(heat, stack)}


def agent_configurations(heat: heat_client.Client, stack: str
                         ) -> dict[str, dict[str, Any]]:
    """What the agent of each server needs to reach the undercloud.

    :param stack: the root stack's name or id.
    :returns: os-collect-config's configuration by hostname. It holds
        credentials: hand it to the node and to nobody else.
    """
    return {name: _attribute(heat, *place, 'os_collect_config')
            for name, place in agent_resources(heat, stack).items()}


def _servers(heat: heat_client.Client, stack: str
             ) -> Iterator[tuple[str, str]]:
    groups = stacks.output(heat, stack, 'ServerIdMap')['server_ids'].values()
    servers = [server for group in groups for server in group or []]

    # Servers are found by id, because a registry may give them any type.
    for start in range(0, len(servers), _IDS_AT_ONCE):
        with stacks.errors('show the servers', stack=stack):
            rows = heat.resources.list(
                stack, nested_depth=_DEPTH, filters={
                    'physical_resource_id':
                        servers[start:start + _IDS_AT_ONCE]})

        for row in rows:
            yield stacks.link(row, 'stack') or '', row.resource_name


def _nodes(heat: heat_client.Client, stack_id: str, roles: list[str]
           ) -> dict[str, Node]:
    server_ids = stacks.output(heat, stack_id, 'ServerIdMap')['server_ids']
    addresses = stacks.output(heat, stack_id, 'RoleNetIpMap')
    hostnames = stacks.output(heat, stack_id, 'RoleNetHostnameMap')
    nodes = {}

    for role in roles:
        ids = server_ids.get(role) or []
        names = hostnames.get(role) or {}
        short = names.get('canonical') or names.get('ctlplane') or []
        ips = (addresses.get(role) or {}).get('ctlplane') or []

        if not len(ids) == len(short) == len(ips):
            raise exceptions.InvalidInput(
                f'The stack has {len(ids)} servers, {len(short)} names and '
                f'{len(ips)} addresses of the role {role}.',
                'Bring the stack to the plan again; if that does not help, '
                'correct the outputs of the root template.',
                stack=stack_id, role=role)

        for index, (server_id, name, address) in enumerate(
                zip(ids, short, ips, strict=True)):
            hostname = name.split('.')[0]
            nodes[hostname] = Node(hostname, server_id, role, index, address)

    return nodes


def role_data(heat: heat_client.Client, stack_id: str, role: str
              ) -> dict[str, RoleData]:
    """Each service's own role data, which the merged output has lost.

    :returns: by the service's name.
    """
    resource = f'{role}ServiceChain'
    with stacks.errors(f'show {resource}', stack=stack_id):
        nested = heat.resources.get(stack_id, resource)

    chain = _attribute(
        heat, nested.physical_resource_id, 'ServiceChain', 'role_data')

    # A service that is switched off has no data.
    return {data['service_name']: data for data in chain or [] if data}


def _attribute(heat: heat_client.Client, stack: str, resource: str,
               name: str) -> Any:
    with stacks.errors(f'show {resource}', stack=stack):
        found = heat.resources.get(stack, resource, with_attr=[name])

    return found.attributes.get(name)
