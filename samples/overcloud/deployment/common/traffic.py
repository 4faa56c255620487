#!/usr/bin/env python3
"""Takes a service of this node out of all load balancers, or back in.

Inputs: SERVICE, as the load balancers call it; STATE, drain or ready;
LOAD_BALANCERS, their addresses; DEADLINE in seconds.
"""

import csv
import os
import socket
import sys
import time

SERVICE = os.environ['SERVICE']
SERVER = os.environ['NODE_NAME']
STATE = os.environ['STATE']
PORT = 9000


def ask(address: str, command: str) -> str:
    """One command on a load balancer's runtime socket."""
    with socket.create_connection((address, PORT), timeout=5) as connection:
        connection.sendall(f'{command}\n'.encode())
        connection.shutdown(socket.SHUT_WR)

        return connection.makefile().read()


def is_done(address: str) -> bool:
    """Whether nothing runs through it any more, or everything again."""
    lines = ask(address, 'show stat').removeprefix('# ').splitlines()
    row = next(row for row in csv.DictReader(lines)
               if (row['pxname'], row['svname']) == (SERVICE, SERVER))

    return (row['status'] == 'UP' if STATE == 'ready'
            else row['scur'] == '0')


def main() -> None:
    deadline = time.monotonic() + float(os.environ['DEADLINE'])
    waiting = []

    for address in os.environ['LOAD_BALANCERS'].split():
        try:
            answer = ask(address,
                         f'set server {SERVICE}/{SERVER} state {STATE}')
        except ConnectionRefusedError:
            # It does not run, so it sends nobody here.
            print(f'The load balancer at {address} is not running.')
            continue

        if answer.strip():
            sys.exit(f'{address} refused: {answer.strip()}')

        waiting.append(address)

    while waiting := [address for address in waiting
                      if not is_done(address)]:
        if time.monotonic() > deadline:
            sys.exit(f'{SERVICE} of {SERVER} is not {STATE} in time at '
                     f'{", ".join(waiting)}.')
        time.sleep(0.05)


main()
