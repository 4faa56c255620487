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

import errno
import pathlib
import socket
from collections.abc import Mapping

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state

_LISTEN = '0A'


def free() -> dict[str, int]:
    """Ports by service: the defaults, or the nearest above with all free.

    :raises Conflict: there are none.
    """
    for shift in range(0, 10000, 100):
        ports = {service: port + shift for service, port
                 in undercloud_state.DEFAULT_PORTS.items()}

        if all(map(_is_free, ports.values())):
            return ports

    raise exceptions.Conflict(
        'No ports are free on the loopback interface.',
        'Stop what listens there.')


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False

    return True


def refuse_taken(ports: Mapping[str, int]) -> None:
    """Refuse ports on which somebody listens, or that cannot be had.

    :param ports: by service.
    :raises InvalidInput: two services have the same port.
    :raises Conflict: somebody listens; names port, service and option.
    """
    for service, port in ports.items():
        option = f'--{service}-port'
        others = [name for name, other in ports.items()
                  if other == port and name != service]

        if others:
            raise exceptions.InvalidInput(
                f'{service} and {others[0]} cannot both have port {port}.',
                f'Choose another one with {option}.', field=option)

        with socket.socket() as probe:
            # A port of our own that was just closed is not taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

            try:
                probe.bind(('127.0.0.1', port))
            except (OSError, OverflowError) as error:
                raise _refusal(service, port, error) from None


def _refusal(service: str, port: int, error: OSError | OverflowError
             ) -> exceptions.TripleoError:
    option = f'--{service}-port'

    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return exceptions.Conflict(
            f'Port {port}, wanted for {service}, is taken by another '
            f'program.',
            f'Stop that program, or choose another port with {option}.',
            service=service, port=port)

    return exceptions.InvalidInput(
        f'Port {port} cannot be had for {service}: '
        f'{getattr(error, "strerror", None) or error}.',
        f'Choose another one with {option}.', field=option)


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
