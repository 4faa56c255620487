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

"""Plans that would delete servers, which an update must never do unasked."""

from heatclient.v1 import client as heat_client

from tripleo_workflows import exceptions
from tripleo_workflows.stack import arguments as stack_arguments
from tripleo_workflows.stack import stacks


def refuse(heat: heat_client.Client,
           arguments: stack_arguments.HeatArguments) -> None:
    """Refuse a plan that wants fewer servers of a role than there are.

    A node has to be drained and its services removed before Heat deletes its
    server, and no workflow does that yet.

    :raises InvalidInput: names the role's count.
    """
    stack = stacks.find(heat, arguments.stack_name)

    if stack is None or stack['status'] != 'COMPLETE':
        return

    server_ids = stacks.output(heat, stack['id'], 'ServerIdMap')['server_ids']

    for role, servers in server_ids.items():
        wanted = _count(arguments, role)

        if wanted < len(servers or ()):
            raise exceptions.InvalidInput(
                f'{role}Count: the plan wants {wanted} servers of the role '
                f'{role}, and the stack has {len(servers)}. Removing nodes '
                f'is not served yet.',
                f'Set {role}Count to {len(servers)} or more.',
                plan=arguments.stack_name, role=role, field=f'{role}Count')


def _count(arguments: stack_arguments.HeatArguments, role: str) -> int:
    name = f'{role}Count'
    declared = arguments.template.get('parameters', {}).get(name, {})
    given = arguments.environment.get('parameter_defaults', {})

    return int(given.get(name, declared.get('default', 0)))
