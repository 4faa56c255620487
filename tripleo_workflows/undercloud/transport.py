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

"""The in-process transport of oslo.messaging, without its polling.

Its listeners look for messages twenty times a second, which costs an idle
service a tenth of a core and a busy one 50 ms a message. Here a delivery
wakes them.
"""

import threading
import time as real_time
from typing import Any

from oslo_messaging._drivers import impl_fake

#: A listener looks by itself this often, to notice that it was stopped.
IDLE_SECONDS = 1.0


def wake_on_delivery() -> None:
    """Replace the polling in this process."""
    clock = _Clock()
    deliver = impl_fake.FakeExchange.deliver_message

    def deliver_and_wake(self: Any, *arguments: Any, **keywords: Any) -> None:
        deliver(self, *arguments, **keywords)
        clock.wake()

    impl_fake.FakeExchange.deliver_message = deliver_and_wake
    # The driver's loops pause through the module's name for time.
    impl_fake.time = clock


class _Clock:
    """The module ``time``, with a sleep that a delivery ends."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._deliveries = 0
        self._seen = threading.local()

    def time(self) -> float:
        return real_time.time()

    def wake(self) -> None:
        with self._condition:
            self._deliveries += 1
            self._condition.notify_all()

    def sleep(self, seconds: float) -> None:
        # What was delivered since this thread last woke up may have come
        # after it looked, so it looks again at once.
        seen = getattr(self._seen, 'deliveries', 0)

        with self._condition:
            self._condition.wait_for(lambda: self._deliveries != seen,
                                     IDLE_SECONDS)
            self._seen.deliveries = self._deliveries
