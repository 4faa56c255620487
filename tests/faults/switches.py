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

"""The harness's side of the switch in ``tests/faults/switch``."""

import json
import pathlib
import time

from tests.faults import light

DIRECTORY = pathlib.Path(__file__).with_name('switch')
LOOK_SECONDS = 0.01


class Switch:
    """Arms a point, waits until a worker is held there, and lets it go.

    :param place: the directory through which it speaks with the worker.
    """

    def __init__(self, place):
        self._place = place
        place.mkdir(mode=0o700, exist_ok=True)

    def arm(self, point, step, node='', status='sent'):
        """Hold the next worker that reaches a point.

        :param point: ``before dispatch`` or ``after dispatch`` of a step to
            a node; ``before write`` or ``after write`` of a record in which
            a step has a status on all nodes.
        """
        self.release()
        (self._place / 'reached.json').unlink(missing_ok=True)
        (self._place / 'go').unlink(missing_ok=True)
        draft = self._place / 'draft.json'
        draft.write_text(json.dumps({
            'point': point, 'batch': f'{light.SERVICE}.1', 'step': step,
            'node': node, 'status': status}))
        draft.rename(self._place / 'armed.json')

    def wait(self, seconds):
        """Wait until a worker is held.

        :raises TimeoutError: none came.
        """
        deadline = time.monotonic() + seconds

        while not (self._place / 'reached.json').exists():
            if time.monotonic() > deadline:
                raise TimeoutError('No worker came to the switch.')

            time.sleep(LOOK_SECONDS)

    def release(self):
        """Let go whoever is held, and hold nobody any more."""
        (self._place / 'armed.json').unlink(missing_ok=True)
        (self._place / 'go').touch()
