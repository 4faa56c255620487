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

"""One seed: an upgrade, a kill, going on, and the verdict."""

import time

from tests.faults import moments
from tests.faults import scenario
from tests.faults import switches
from tests.faults import targets
from tests.faults import verdict
from tests.functional import cloud as functional_cloud

#: A seed may last that long, without what makes it good again.
MOST_SECONDS = 45.0
#: Longer than going on takes on the slowest machine: what takes longer hangs.
RESUME_SECONDS = 240.0


class Seeds:
    """Runs seeds one after the other on the light service.

    :param most: seconds that each of them may last.
    """

    def __init__(self, light, most=MOST_SECONDS):
        self._light = light
        self._most = most
        self._switch = switches.Switch(light.state.root / 'switch')

    def run(self, seed):
        """Run a seed.

        :returns: its scenario, what is wrong in sentences, and the seconds.
        """
        drawn = scenario.of_seed(seed)
        begun = time.monotonic()
        digest = self._light.preview(f'{seed}.{time.time():.0f}')

        with moments.of(self._light, self._switch, drawn):
            operation = self._light.start(digest)
            started = moments.wait(self._light, self._switch, drawn,
                                   operation)
            targets.kill(self._light, drawn, started)

        targets.wait_until_ready(self._light.state)
        error = self._go_on(operation, take_over=True)
        run = verdict.Run(operation, digest, error)
        wrong = verdict.of(self._light, run)
        seconds = time.monotonic() - begun

        if seconds > self._most:
            wrong.append(f'It lasted longer than {self._most:.0f} s.')

        return drawn, run, wrong, seconds

    def _go_on(self, operation, **inputs):
        """Go on with the operation; what it ended with, '' for success."""
        try:
            self._light.cloud.wait(self._light.resume(**inputs),
                                   RESUME_SECONDS)
        except functional_cloud.ExecutionFailed as error:
            # The kill may have come too late to disturb anything.
            if 'No operation of this plan is open' in str(error):
                return self._ended(operation)

            return str(error)

        return ''

    def _ended(self, execution):
        try:
            self._light.cloud.wait(execution, RESUME_SECONDS)
        except functional_cloud.ExecutionFailed as error:
            return str(error)

        return ''

    def restore(self, left_open):
        """Make the service good again, for the next seed.

        :param left_open: whether the operation may still be open.
        """
        targets.wait_until_ready(self._light.state)
        targets.wait_for_nodes(self._light)

        if not left_open:
            return

        try:
            self._light.cloud.wait(self._light.resume(
                take_over=True, retry_failed=True), RESUME_SECONDS)
        except functional_cloud.ExecutionFailed:
            self._light.abort()
