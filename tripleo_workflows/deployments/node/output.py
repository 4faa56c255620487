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

"""A payload's output: both of its ends, a log of it, and no secrets in it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import threading
import typing

#: Bytes of a payload's output that a result carries, from its two ends.
HEAD_BYTES = 4 * 1024
TAIL_BYTES = 12 * 1024
#: Bytes of it that stay on the node and go to the undercloud whole.
LOG_BYTES = 10 * 1024 * 1024
#: Seconds for the last output to arrive when all writers are gone.
END_SECONDS = 5.0
READ_BYTES = 65536
#: Lines of a secret of several lines are looked for from this length on.
LINE_LENGTH = 8

REDACTED = '[redacted]'


class Redactor:
    """Takes secrets out of what passes.

    It finds a value as it is and as JSON or Python write it, and the longer
    lines of a value of several lines; not what is computed from it.

    :param secrets: values by name.
    """

    def __init__(self, secrets: typing.Mapping[str, str]):
        forms: set[str] = set()

        for value in secrets.values():
            lines = [line.strip() for line in value.splitlines()]
            forms |= {value, value.strip(), json.dumps(value)[1:-1],
                      json.dumps(value, ensure_ascii=False)[1:-1],
                      repr(value)[1:-1]}
            forms |= {line for line in lines if len(line) >= LINE_LENGTH}

        self._forms = sorted((form.encode() for form in forms if form),
                             key=len, reverse=True)
        #: Bytes at the end that may be the beginning of a secret.
        self.reach = len(self._forms[0]) - 1 if self._forms else 0

    def bytes(self, data: bytes) -> bytes:
        """The same without secrets."""
        for form in self._forms:
            data = data.replace(form, REDACTED.encode())

        return data

    def text(self, text: str) -> str:
        """The same without secrets."""
        return self.bytes(text.encode(errors='replace')).decode()


class Ends:
    """Both ends of a stream of bytes, and how many bytes there were."""

    def __init__(self) -> None:
        self.size = 0
        self._head = b''
        self._tail = b''

    def add(self, data: bytes) -> None:
        """Take in what came next."""
        self.size += len(data)
        room = HEAD_BYTES - len(self._head)
        self._head += data[:room]
        self._tail = (self._tail + data[room:])[-TAIL_BYTES:]

    def whole(self) -> str | None:
        """All of it as text, or None where it takes too many bytes."""
        if self.size > HEAD_BYTES + TAIL_BYTES:
            return None

        text = (self._head + self._tail).decode(errors='replace')
        fits = _clipped(text, HEAD_BYTES + TAIL_BYTES) == text

        return text if fits else None

    def text(self) -> str:
        """What was kept, in as many bytes when it is JSON."""
        whole = self.whole()

        if whole is not None:
            return whole

        head = _clipped(self._head.decode(errors='replace'), HEAD_BYTES)
        tail = _clipped(self._tail.decode(errors='replace')[::-1],
                        TAIL_BYTES)[::-1]
        gap = self.size - len(head.encode()) - len(tail.encode())

        return f'{head}\n[... about {max(gap, 1)} bytes left out ...]\n{tail}'


def _clipped(text: str, limit: int) -> str:
    """The beginning of a text that takes so many bytes in JSON."""
    for position, character in enumerate(text):
        limit -= len(json.dumps(character, ensure_ascii=False).encode()) - 2

        if limit < 0:
            return text[:position]

    return text


class Capture:
    """Reads a payload's streams as it writes them.

    :param log: a file for all that comes, up to a limit.
    """

    def __init__(self, log: pathlib.Path, redactor: Redactor):
        self.ends = Ends()
        self._redactor = redactor
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._room = LOG_BYTES
        self._log: typing.BinaryIO | None = None

        # The disk may be full: the result still tells how it ended.
        with contextlib.suppress(OSError):
            self._log = open(log, 'wb', buffering=0)

    def read(self, stream: typing.IO[bytes]) -> Ends:
        """Begin to read a stream.

        :returns: its own two ends, complete after :meth:`finish`.
        """
        ends = Ends()
        thread = threading.Thread(
            target=self._read, args=(stream.fileno(), ends), daemon=True)
        thread.start()
        self._threads.append(thread)

        return ends

    def finish(self) -> None:
        """Wait for what is still on its way, for a few seconds."""
        for thread in self._threads:
            thread.join(END_SECONDS)

        with self._lock:
            if self._log:
                self._log.close()
                self._log = None

    def _read(self, descriptor: int, ends: Ends) -> None:
        held = b''

        while chunk := os.read(descriptor, READ_BYTES):
            data = self._redactor.bytes(held + chunk)
            keep = min(self._redactor.reach, len(data))
            held = data[len(data) - keep:]
            self._take(data[:len(data) - keep], ends)

        self._take(held, ends)

    def _take(self, data: bytes, ends: Ends) -> None:
        with self._lock:
            ends.add(data)
            self.ends.add(data)

            if not self._log or not self._room:
                return

            try:
                self._room -= self._log.write(data[:self._room])
            except OSError:
                self._room = 0
