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

"""The clock of a run: what its parts are, and how long each takes."""

import contextlib
import time
from collections.abc import Callable
from collections.abc import Iterator

Say = Callable[[str], None]


def say(text: str) -> None:
    """Print at once, whatever stands at the other end."""
    print(text, flush=True)


class Clock:
    """Announces the parts of a run, and remembers how long each took.

    :param tell: is given the lines.
    """

    def __init__(self, tell: Say = say):
        self.tell = tell
        self.begun = time.monotonic()
        #: Titles and seconds of the parts that have ended, in their order.
        self.parts: list[tuple[str, float]] = []

    @contextlib.contextmanager
    def part(self, title: str) -> Iterator[None]:
        """Announce a part, and time what is done meanwhile."""
        self.tell(f'\n== {title}')
        begun = time.monotonic()

        try:
            yield
        finally:
            self.parts.append((title, time.monotonic() - begun))

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self.begun

    def stamp(self) -> str:
        """What stands before a line that says when something happened."""
        return f'{self.seconds:7.1f} s  '

    def summary(self) -> Iterator[str]:
        """Lines that say how long each part took, and all of them."""
        for title, seconds in self.parts:
            yield f'{seconds:7.1f} s  {title}'

        yield f'{self.seconds:7.1f} s  in all'
