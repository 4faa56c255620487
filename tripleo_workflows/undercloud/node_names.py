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

"""What local nodes may be called, and which addresses they get."""

import ipaddress
import re
from collections.abc import Collection

from tripleo_workflows import exceptions

#: The addresses of nodes unless somebody asks for others.
SUBNET = '127.1.0.0/24'
PREFIX_LENGTH = 24

LABEL = re.compile('[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?')


def check_name(name: str) -> str:
    """Give a node's name back if a host may have it.

    :raises InvalidInput: where it is no label of a host name.
    """
    if not LABEL.fullmatch(name):
        raise exceptions.InvalidInput(
            f'{name!r} is not a host name: at most 63 lower-case letters, '
            f'digits and hyphens, with no hyphen at either end.',
            'Name the node by such a label, as in "controller-0".',
            field='NAME')

    return name


def check_subnet(subnet: str) -> ipaddress.IPv4Network:
    """Read the subnet of nodes.

    :raises InvalidInput: where it is no loopback subnet of 24 bits.
    """
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        problem = f'{error}.'
    else:
        if network.is_loopback and network.prefixlen == PREFIX_LENGTH:
            return network
        problem = f'{subnet} is not a loopback subnet of 24 bits.'

    raise exceptions.InvalidInput(
        problem, f'Give one like {SUBNET}.', field='--subnet')


def next_address(subnet: str, taken: Collection[str]) -> str:
    """The first address of a subnet that no node has.

    :param taken: the addresses of nodes that exist.
    :raises InvalidInput: where the subnet is wrong or full.
    """
    for host in check_subnet(subnet).hosts():
        if str(host) not in taken:
            return str(host)

    raise exceptions.InvalidInput(
        f'Every address of {subnet} has a node.',
        'Give another subnet.', field='--subnet')
