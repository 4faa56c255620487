#!/usr/bin/env python3
"""Lets HAProxy take its new configuration, and waits until it has.

No connection is refused meanwhile, and requests in flight end.
"""

import os
import socket
import subprocess
import sys
import time

ADDRESS = os.environ['NODE_ADDRESS'], 9000
SECONDS = 10


def worker() -> str:
    """The process that answers on the runtime socket."""
    with socket.create_connection(ADDRESS, timeout=5) as connection:
        connection.sendall(b'show info\n')
        connection.shutdown(socket.SHUT_WR)

        return next((line for line in connection.makefile()
                     if line.startswith('Pid:')), '')


before = worker()
subprocess.run(['supervisorctl', 'signal', 'USR2', 'haproxy'], check=True)
deadline = time.monotonic() + SECONDS

while worker() in ('', before):
    if time.monotonic() > deadline:
        sys.exit(f'HAProxy did not take its configuration in {SECONDS} s.')
    time.sleep(0.05)
