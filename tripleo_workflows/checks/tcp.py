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

"""The check that asks a TCP port."""

import socket
import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import http
from tripleo_workflows.checks import variables


def ask(options: Mapping[str, Any],
        facts: Mapping[str, str]) -> contract.Finding:
    """Carry out one TCP check.

    :param options: as :mod:`tripleo_workflows.checks.schema` has them.
    :param facts: values of the variables in its host and in what it sends,
        by name.
    :raises variables.Unfilled: it uses a variable that is none.
    """
    host = variables.fill(options['host'], facts)
    send = variables.fill(options.get('send', ''), facts)
    expect = options.get('expect', '')
    port = int(options['port'])
    shown = f'Port {port} of {host}'

    try:
        answer = exchange(host, port, send.encode(), expect.encode(),
                          float(options.get('timeout', http.TIMEOUT)))
    except OSError as error:
        return contract.Finding(
            contract.Code.FAILURE, f'{shown}: {http.reason(error)}.',
            'See whether the service runs and listens there.')

    if expect.encode() not in answer:
        return contract.Finding(
            contract.Code.FAILURE, f'{shown} answered without {expect!r}.',
            "See the service's log.")

    return contract.Finding(contract.Code.SUCCESS, f'{shown} answered.')


def exchange(host: str, port: int, send: bytes, expect: bytes,
             timeout: float) -> bytes:
    """Open a connection, send, and read until what is expected has come.

    :param expect: where it is empty, nothing is read.
    :param timeout: for all of it, in seconds.
    :returns: what was read, at most ``http.BODY_LIMIT`` bytes.
    :raises TimeoutError: it took longer.
    :raises OSError: the connection was refused or reset.
    """
    deadline = time.monotonic() + timeout
    answer = b''

    with socket.create_connection((host, port), timeout) as connection:
        connection.sendall(send)

        while expect not in answer and len(answer) < http.BODY_LIMIT:
            connection.settimeout(http.remaining(deadline))
            chunk = connection.recv(http.BODY_LIMIT - len(answer))

            if not chunk:
                break

            answer += chunk

    return answer
