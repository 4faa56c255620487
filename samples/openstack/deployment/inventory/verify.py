#!/usr/bin/env python3
"""Asks Placement for this node, once there was a report since the start.

Inputs: DEADLINE, in seconds, for that report.
"""

import os
import pathlib
import sys
import time
from typing import NoReturn

sys.path.insert(0, str(pathlib.Path(os.environ['NODE_ROOT'], 'opt/inventory')))

import report


def main() -> None:
    deadline = time.monotonic() + float(os.environ['DEADLINE'])

    while not report.REPORTED.exists():
        if time.monotonic() > deadline:
            fail('Nothing was reported since the start.')
        time.sleep(0.1)

    try:
        _, inventory = report.first_answer(report.Placement.inventory)
    except ConnectionError as error:
        fail(str(error))

    if inventory != report.INVENTORY:
        fail(f'Placement has {inventory} of {report.NAME}, which has '
             f'{report.INVENTORY}.')


def fail(text: str) -> NoReturn:
    print(text)
    sys.exit(2)


main()
