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

"""Waiting for what processes do by themselves."""

import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar('_Result')


def wait_for(condition: Callable[[], _Result], seconds: float = 60.0,
             pause: float = 0.05) -> _Result:
    """Wait until a condition holds, and return what it gave.

    :param pause: seconds between two looks.
    :raises AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds

    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f'Not within {seconds:.0f} s: {condition}')

        time.sleep(pause)

    return found
