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

"""Ports for an undercloud on a machine where other things run, too."""

import socket

from tripleo_workflows.undercloud import state as undercloud_state


def free() -> dict[str, int]:
    """Ports by service: the defaults, or the nearest above with all free."""
    for shift in range(0, 10000, 100):
        ports = {service: port + shift for service, port
                 in undercloud_state.DEFAULT_PORTS.items()}

        if all(map(_is_free, ports.values())):
            return ports

    raise RuntimeError('No ports are free on the loopback interface.')


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False

    return True
