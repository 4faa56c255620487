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

"""The journal of a node: what it accepted, started and completed.

One JSON object a line, in the order in which things happened: positions
count, clocks do not. All that depends on what the journal says is decided
and written under one lock, which is the lock of its directory.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import time
import typing

from tripleo_workflows.deployments.node import history

#: Bytes that are set aside, so that a full disk still takes a last word.
SPARE_BYTES = 128 * 1024
#: Bytes from which on the journal is compacted.
LIMIT_BYTES = 1024 * 1024


class Journal:
    """The journal in a directory.

    :param server: the id of the server that the node is, for new entries.
    """

    def __init__(self, directory: pathlib.Path, server: str = ''):
        self._directory = directory
        self.path = directory / 'journal.jsonl'
        self._spare = directory / 'spare'
        self.server = server

    @contextlib.contextmanager
    def locked(self) -> typing.Iterator[None]:
        """Keep others from writing; what was read stays true meanwhile.

        :raises OSError: where there is no directory to lock.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._directory, os.O_RDONLY)

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def entries(self) -> list[history.Entry]:
        """All entries that are whole; a torn line is passed over.

        No lock is needed: the journal is appended to, or replaced whole.
        """
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []

        entries = []

        for line in lines:
            # A torn line may end anywhere, in the middle of a character too.
            with contextlib.suppress(ValueError, TypeError):
                entry = json.loads(line)

                if all(field in entry for field in history.FIELDS):
                    entries.append(entry)

        return entries

    def signature(self) -> tuple[int, int]:
        """Something that changes when the journal does."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return 0, 0

        return found.st_ino, found.st_size

    def append(self, event: str, key: history.Entry, fence: int, **more: object
               ) -> None:
        """Add an entry on a line of its own and force it to the disk.

        To be called while :meth:`locked`.

        :raises OSError: where it cannot be written. Nothing of it is left.
        """
        entry = {'event': event, 'attempt': history.attempt_name(key),
                 'key': key, 'fence': fence, 'server': self.server, **more,
                 'time': round(time.time(), 3)}

        try:
            self._write(entry)
        except OSError:
            if not self._spare.exists():
                raise

            self._spare.unlink()
            self._write(entry)

    def _write(self, entry: history.Entry) -> None:
        line = json.dumps(entry).encode() + b'\n'
        new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND,
                             0o600)

        try:
            size = os.fstat(descriptor).st_size

            # A crash may have torn the last line: it must not swallow ours.
            if size and os.pread(descriptor, 1, size - 1) != b'\n':
                line = b'\n' + line

            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError('only a part of an entry could be written')

                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

        if new:
            self._sync_directory()

    def reserve(self) -> None:
        """Set space aside for the entries that an attempt still needs.

        To be called while :meth:`locked`.

        :raises OSError: where there is no space.
        """
        descriptor = os.open(self._spare, os.O_WRONLY | os.O_CREAT, 0o600)

        try:
            os.posix_fallocate(descriptor, 0, SPARE_BYTES)
        except OSError:
            self._spare.unlink()
            raise
        finally:
            os.close(descriptor)

    def compact(self) -> None:
        """Forget what no decision depends on, if the journal has grown.

        To be called while :meth:`locked`. A crash leaves the old journal or
        the new one.

        :raises OSError: where the new one cannot be written.
        """
        size = self.signature()[1]

        if size < LIMIT_BYTES or size < 2 * self._compacted():
            return

        kept = history.compacted(self.entries())
        body = ''.join(json.dumps(entry) + '\n' for entry in kept)
        # No entry, but what the next one is decided by.
        body = json.dumps({'compacted': len(body)}) + '\n' + body
        draft = self.path.with_name('journal.new')
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600)

        with os.fdopen(descriptor, 'wb') as stream:
            stream.write(body.encode())
            stream.flush()
            os.fsync(stream.fileno())

        draft.rename(self.path)
        self._sync_directory()

    def _compacted(self) -> int:
        """How large the journal was when it had been compacted."""
        with open(self.path, 'rb') as stream:
            first = stream.readline(100)

        try:
            size: int = json.loads(first)['compacted']
        except (ValueError, KeyError):
            return 0

        return size

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)

        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
