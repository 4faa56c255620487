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


"""The in-process transport wakes up on deliveries."""

import threading
import time

import testtools

from tripleo_workflows.undercloud import transport


class ClockTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.patch(transport, 'IDLE_SECONDS', 30.0)
        self.clock = transport._Clock()

    def test_a_delivery_ends_the_sleep(self) -> None:
        asleep = threading.Event()

        def sleep() -> None:
            asleep.set()
            self.clock.sleep(0.05)

        thread = threading.Thread(target=sleep)
        begun = time.monotonic()
        thread.start()
        asleep.wait()
        self.clock.wake()
        thread.join()
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_delivery_before_the_sleep_is_not_lost(self) -> None:
        begun = time.monotonic()
        self.clock.wake()
        self.clock.sleep(0.05)
        self.assertLess(time.monotonic() - begun, 10)

    def test_without_a_delivery_it_sleeps(self) -> None:
        self.patch(transport, 'IDLE_SECONDS', 0.05)
        begun = time.monotonic()
        self.clock.sleep(0.001)
        self.assertGreaterEqual(time.monotonic() - begun, 0.05)
