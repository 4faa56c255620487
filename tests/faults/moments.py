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

"""Waiting for the moment of a kill, and letting things go on after it."""

import contextlib
import time

from tests.faults import logs
from tests.faults import scenario

#: Longer than any step is away from the start of an upgrade, on the slowest
#: machine: what waits longer hangs.
MOMENT_SECONDS = 150.0
#: Longer than an agent that polls takes to start a step.
STARTED_SECONDS = 50.0


@contextlib.contextmanager
def of(light, switch, drawn):
    """Arm what a scenario needs before the operation is started."""
    if drawn.moment != scenario.JOURNAL:
        switch.arm(drawn.point, drawn.step, drawn.node, drawn.status)

    try:
        yield
    finally:
        switch.release()


def wait(light, switch, drawn, operation):
    """Return at the moment when the kill is due.

    :returns: the journal's entry of the step that was started, None where
        the moment does not depend on it.
    :raises TimeoutError: the moment did not come.
    """
    journal = logs.Journal(light.root(drawn.node))

    if drawn.moment == scenario.JOURNAL:
        started = journal.wait(operation, drawn.step, MOMENT_SECONDS)
        # This is no synchronisation, but the seed's choice.
        time.sleep(drawn.delay)

        return started

    switch.wait(MOMENT_SECONDS)

    if drawn.target in scenario.BRIEF:
        # The worker is held while the node begins with the step.
        return journal.wait(operation, drawn.step, STARTED_SECONDS)

    return None
