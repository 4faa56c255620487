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

"""What a node fetches from and sends to the undercloud's object store."""

from __future__ import annotations

import http.client
import json
import pathlib
import time
import typing
import urllib.error
import urllib.request

#: Seconds that a single request may take.
REQUEST_SECONDS = 20
#: Seconds between two tries, growing from the first to the second.
PAUSES = (0.5, 5.0)
#: Seconds within which secrets must be served, while the store is troubled.
SECRETS_SECONDS = 60.0
#: Tries while the store says that there are none.
SECRETS_TRIES = 3
#: Seconds for the whole output; the result does not wait for it any longer.
OUTPUT_SECONDS = 30.0

TROUBLE = (urllib.error.URLError, http.client.HTTPException, OSError)


class NotServed(Exception):
    """Secrets that the node could not get; the text says why."""


def send(body: bytes, content_type: str, url: str, deadline: float) -> bool:
    """PUT a body, again and again until it is taken or time is up.

    :param deadline: on the monotonic clock.
    :returns: whether it was taken.
    """
    pause = PAUSES[0]

    while True:
        # The undercloud made this URL: it is one of its own object store.
        request = urllib.request.Request(  # noqa: S310
            url, data=body, method='PUT',
            headers={'Content-Type': content_type})

        try:
            with urllib.request.urlopen(  # noqa: S310
                    request, timeout=REQUEST_SECONDS):
                return True
        except TROUBLE:
            if time.monotonic() + pause > deadline:
                return False

        time.sleep(pause)
        pause = min(pause * 2, PAUSES[1])


def send_file(path: pathlib.Path, url: str, deadline: float) -> bool:
    """PUT a file's content, for a limited time.

    :returns: whether it was taken.
    """
    try:
        body = path.read_bytes()
    except OSError:
        return False

    return send(body, 'application/octet-stream', url,
                min(deadline, time.monotonic() + OUTPUT_SECONDS))


def fetch_secrets(url: str, deadline: float) -> dict[str, str]:
    """GET a step's secrets, which are values by name.

    :param deadline: on the monotonic clock.
    :raises NotServed: where the store does not give them in time.
    """
    deadline = min(deadline, time.monotonic() + SECRETS_SECONDS)
    pause = PAUSES[0]
    tries = 0

    while True:
        try:
            with urllib.request.urlopen(  # noqa: S310
                    url, timeout=REQUEST_SECONDS) as response:
                return _mapping(response.read())
        except urllib.error.HTTPError as error:
            reason = f'the object store answered {error.code}'
            tries += error.code < 500
        except TROUBLE as error:
            reason = str(getattr(error, 'reason', error))

        if tries == SECRETS_TRIES or time.monotonic() + pause > deadline:
            raise NotServed(
                f'The secrets of this step were not served: {reason}. '
                f'Nothing was run. Send the step again, as another attempt.')

        time.sleep(pause)
        pause = min(pause * 2, PAUSES[1])


def _mapping(body: bytes) -> dict[str, str]:
    try:
        found: typing.Any = json.loads(body)
    except ValueError:
        found = None

    # The text may not quote what was served.
    if not isinstance(found, dict) or not all(
            isinstance(value, str) for value in found.values()):
        raise NotServed('The secrets of this step are not values by name. '
                        'Nothing was run.')

    return found
