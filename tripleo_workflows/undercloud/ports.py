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

"""The undercloud's ports: nobody else may hold them."""

import pathlib
import socket

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import configuration
from tripleo_workflows.undercloud import state as undercloud_state

_LISTEN = '0A'


def refuse_taken(state: undercloud_state.StateDirectory) -> None:
    """Refuse ports on which somebody listens.

    :raises Conflict: names the port, the service and the option.
    """
    inner = configuration.inner_swift_ports(state)
    wanted = [*((service, port, service) for service, port
                in state.ports().items()),
              *((f'swift ({kind})', port, 'swift')
                for kind, port in inner.items())]

    for service, port, option in wanted:
        with socket.socket() as probe:
            # A port of our own that was just closed is not taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                raise exceptions.Conflict(
                    f'Port {port}, wanted for {service}, is taken by another '
                    f'program.',
                    f'Stop that program, or choose another port with '
                    f'--{option}-port.', service=service,
                    port=port) from None


def listeners(process_id: int) -> set[str]:
    """IPv4 and IPv6 addresses on which a process listens for TCP.

    :returns: as the kernel prints them, ``0100007F:1388`` for
        127.0.0.1:5000.
    """
    inodes = set()

    for entry in pathlib.Path(f'/proc/{process_id}/fd').iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue

        if target.startswith('socket:['):
            inodes.add(target[len('socket:['):-1])

    found = set()

    for table in ('tcp', 'tcp6'):
        for line in pathlib.Path('/proc/net', table).read_text(
                ).splitlines()[1:]:
            fields = line.split()

            if fields[3] == _LISTEN and fields[9] in inodes:
                found.add(fields[1])

    return found
