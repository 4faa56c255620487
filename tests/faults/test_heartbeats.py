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

"""Nobody takes over: Mistral itself notices that it lost an action."""

import time

import testtools

from tests.faults import light as light_service
from tests.faults import logs
from tests.faults import targets
from tests.faults import verdict
from tripleo_workflows.operation import lock

#: Eight missed heartbeats, or 60 s without a first one, and what follows.
LOST_SECONDS = 300
STEP = 'configure'


class HeartbeatsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.light = light_service.deployed()
        self.addCleanup(self.light.abort)

    def test_a_lost_action_ends_its_execution_which_is_resumed(self):
        digest = self.light.preview(f'heartbeats {time.time()}')
        operation = self.light.start(digest)
        logs.Journal(self.light.root(light_service.NAMES[0])).wait(
            operation, STEP, LOST_SECONDS)
        targets.kill_service(self.light.state, 'mistral')
        targets.wait_until_ready(self.light.state)
        self.wait_until_ended(operation)
        # Its owner has ended: nothing is left to take over from.
        self.light.cloud.wait(self.light.resume(), LOST_SECONDS)

        self.assertEqual([], verdict.of(
            self.light, verdict.Run(operation, digest, '')))

    def wait_until_ended(self, execution):
        deadline = time.monotonic() + LOST_SECONDS

        while (lock.state_of(self.light.clients.mistral, execution)
               in lock.HOLDING_STATES):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.5)
