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

"""Attempts on a node: their directories, their guardians, their processes."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import time
import typing

#: A variable in the environment of a payload and of all that it starts.
MARK = 'TRIPLEO_ATTEMPT'
#: Finished attempts whose directories stay, for those who look for a cause.
KEPT = 20

#: Seconds within which killed processes must be gone.
KILL_SECONDS = 5.0
LOOK_SECONDS = 0.05
PR_SET_CHILD_SUBREAPER = 36


def directory() -> pathlib.Path:
    """Where the node keeps its journal and attempts."""
    return pathlib.Path(os.environ.get('TRIPLEO_RUNNER_DIR',
                                       '/var/lib/tripleo-workflows'))


def place_of(attempt: str) -> pathlib.Path:
    """The directory of an attempt."""
    return directory() / 'attempts' / attempt


@contextlib.contextmanager
def guarded(attempt: str, deadline: float
            ) -> typing.Iterator[pathlib.Path | None]:
    """Be the one guardian of an attempt; wait while there is another.

    :param deadline: when to stop waiting, on the monotonic clock.
    :returns: the attempt's directory; None where another one has it still.
    :raises OSError: where there can be no directory.
    """
    descriptor = None
    place = place_of(attempt)
    pause = LOOK_SECONDS

    while descriptor is None and time.monotonic() < deadline:
        descriptor = _lock(place, os.O_CREAT)

        if descriptor is None:
            time.sleep(pause)
            pause = min(pause * 2, 1)

    if descriptor is None:
        yield None
        return

    try:
        # On a full disk the lock holds all the same, without our id.
        with contextlib.suppress(OSError):
            os.write(descriptor, str(os.getpid()).encode())

        yield place
    finally:
        # What a lock's file holds is the id of a guardian that lives, or
        # was killed.
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _lock(place: pathlib.Path, flags: int) -> int | None:
    """Lock an attempt's directory, if nobody has and it is not removed."""
    if flags & os.O_CREAT:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)

    path = place / 'lock'

    try:
        descriptor = os.open(path, os.O_RDWR | flags, 0o600)
    except FileNotFoundError:
        return None

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

        if os.path.samestat(os.fstat(descriptor), path.stat()):
            os.ftruncate(descriptor, 0)
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass

    os.close(descriptor)

    return None


def guardian_of(attempt: str) -> int | None:
    """The process id of an attempt's living guardian, if there is one."""
    path = place_of(attempt) / 'lock'

    try:
        with open(path) as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        # One that has only just begun has not written its id yet.
        return int(path.read_text() or 0)

    return None


def wait_for_guardians(names: typing.Iterable[str], seconds: float) -> None:
    """Wait, for some seconds, until attempts have no living guardian."""
    deadline = time.monotonic() + seconds

    while time.monotonic() < deadline and any(
            guardian_of(name) is not None for name in names):
        time.sleep(LOOK_SECONDS)


def tidy(kept: typing.Iterable[str]) -> None:
    """Remove the directories of all but these attempts and living ones."""
    kept = set(kept)
    attempts = directory() / 'attempts'

    for place in attempts.iterdir() if attempts.exists() else ():
        if place.name in kept:
            continue

        descriptor = _lock(place, 0)

        if descriptor is not None:
            shutil.rmtree(place, ignore_errors=True)
            os.close(descriptor)


def adopt_orphans() -> None:
    """Become the parent of what our descendants leave behind.

    So they are found even with another session and no environment.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(place: pathlib.Path) -> int:
    """Kill all that this process and an attempt's payload have started.

    No service is a child of a payload, so what is left is a leftover.

    :returns: how many processes there were.
    """
    return _kill(lambda: _descendants() | _marked(str(place)))


def end_orphans() -> int:
    """Kill what payloads started that no longer have a guardian.

    :returns: how many processes there were.
    """
    def orphans() -> set[int]:
        return {process for process, mark in _marks()
                if os.path.dirname(mark) == str(directory() / 'attempts')
                and guardian_of(os.path.basename(mark)) is None}

    return _kill(orphans)


def _kill(find: typing.Callable[[], set[int]]) -> int:
    killed: set[int] = set()
    deadline = time.monotonic() + KILL_SECONDS

    while (found := find()) and time.monotonic() < deadline:
        killed |= found

        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)

        _reap()
        time.sleep(0.01)

    return len(killed)


def _reap() -> None:
    """Take leave of adopted children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _processes() -> typing.Iterator[pathlib.Path]:
    own = str(os.getpid())

    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit() and entry.name != own:
            yield entry


def _marks() -> typing.Iterator[tuple[int, str]]:
    """The living processes that bear a mark, with it."""
    wanted = f'{MARK}='.encode()

    for entry in _processes():
        # It may have ended meanwhile, or belong to somebody else.
        with contextlib.suppress(OSError):
            for variable in (entry / 'environ').read_bytes().split(b'\0'):
                if variable.startswith(wanted):
                    yield int(entry.name), os.fsdecode(
                        variable[len(wanted):])


def _marked(mark: str) -> set[int]:
    return {process for process, found in _marks() if found == mark}


def _descendants() -> set[int]:
    """Our children, their children and so on, without those that ended."""
    children: dict[int, set[int]] = {}

    for entry in _processes():
        with contextlib.suppress(OSError):
            # A program's name may hold anything, a parenthesis too.
            state, parent = (entry / 'stat').read_text(
                errors='replace').rpartition(')')[2].split()[:2]

            if state != 'Z':
                children.setdefault(int(parent), set()).add(int(entry.name))

    found: set[int] = set()
    wave = {os.getpid()}

    while wave:
        wave = set().union(*(children.get(one, set()) for one in wave))
        found |= wave

    return found
