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

"""The step runner: the one file that travels to a node with every step.

It needs nothing but Python 3 and its standard library. Heat's ``script``
hook runs it without arguments: it *delivers*, that is, it stores the request
that was appended to its text, journals ``accepted`` and starts a *guardian*
in a session of its own, so that the hook and the agent go on at once. The
guardian runs the payload, journals ``started`` and ``done``, and PUTs the
result to a temporary URL.

The journal (one JSON object a line) decides what an attempt may do: a done
attempt answers again and runs nothing, a running one is left alone, one that
was interrupted runs again only if its step is idempotent, and one with a
lower fence than the node has seen is refused.
"""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import typing
import urllib.error
import urllib.request

DEFAULT_DIRECTORY = '/var/lib/tripleo-workflows'

#: Bytes of a payload's output that a result carries, from both ends.
HEAD_BYTES = 4 * 1024
TAIL_BYTES = 12 * 1024
#: Bytes of a payload's output that stay on the node.
LOG_BYTES = 10 * 1024 * 1024
#: Seconds between TERM and KILL for a payload that exceeds its time limit.
GRACE_SECONDS = 10
#: A variable in the environment of a payload and of all that it starts.
MARK = 'TRIPLEO_ATTEMPT'

Entry = dict[str, typing.Any]


def runner_directory() -> pathlib.Path:
    """Where the node keeps its journal and attempts."""
    return pathlib.Path(os.environ.get('TRIPLEO_RUNNER_DIR',
                                       DEFAULT_DIRECTORY))


class Journal:
    """What this node accepted, started and completed, in order of time."""

    def __init__(self, directory: pathlib.Path):
        self.path = directory / 'journal.jsonl'

    def entries(self) -> list[Entry]:
        """All entries that are whole; a torn line is passed over."""
        entries = []

        try:
            lines = self.path.read_text(errors='replace').splitlines()
        except FileNotFoundError:
            return []

        for line in lines:
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue

        return entries

    def append(self, entry: Entry) -> None:
        """Add an entry, on a line of its own, and force it to the disk."""
        line = json.dumps({**entry, 'time': round(time.time(), 3)}) + '\n'
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND,
                             0o600)

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size

            # A crash may have torn the last line: it must not swallow ours.
            if size and os.pread(descriptor, 1, size - 1) != b'\n':
                line = '\n' + line

            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def highest_fence(self, plan: str) -> int:
        """The highest fence of a plan that this node has accepted."""
        return max((entry['fence'] for entry in self.entries()
                    if entry.get('event') == 'accepted'
                    and entry.get('plan') == plan), default=0)

    def last(self, event: str, attempt: str) -> Entry | None:
        """The newest entry of an attempt with this event."""
        return next((entry for entry in reversed(self.entries())
                     if entry.get('event') == event
                     and entry.get('attempt') == attempt), None)


def attempt_name(key: Entry) -> str:
    """The name of an attempt on its node, from the parts of its key."""
    parts = [str(key[part]) for part in (
        'plan', 'operation', 'service', 'batch', 'step', 'attempt')]
    digest = hashlib.sha256('/'.join(parts).encode()).hexdigest()

    return f'{key["service"]}.{key["step"]}.{digest[:16]}'


def deliver(request: Entry, source: str) -> str:
    """Accept an attempt and start its guardian; what the hook waits for.

    :param request: the request, as ``deployments.delivery`` makes it.
    :param source: the text of this program, which the guardian runs.
    :returns: what happened, in a line for the deployment's output.
    """
    directory = runner_directory()
    attempt = attempt_name(request['key'])
    place = directory / 'attempts' / attempt
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = Journal(directory)
    plan = request['key']['plan']

    if request['fence'] >= journal.highest_fence(plan):
        journal.append({'event': 'accepted', 'attempt': attempt, 'plan': plan,
                        'fence': request['fence'], 'key': request['key']})

    # A file of its own for each delivery: an earlier guardian may be reading.
    delivery = place / f'delivery-{time.time_ns()}.py'
    descriptor = os.open(delivery, os.O_WRONLY | os.O_CREAT, 0o600)

    with os.fdopen(descriptor, 'w') as stream:
        stream.write(source)

    subprocess.Popen(
        [sys.executable, str(delivery), 'guard'], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=place, env=_clean_environment())

    return f'accepted {attempt}'


def guard(request: Entry) -> None:
    """Run an attempt to its end, or answer for it, and send the result."""
    directory = runner_directory()
    attempt = attempt_name(request['key'])
    place = directory / 'attempts' / attempt

    with open(place / 'lock', 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Its guardian is at work, and will answer for this delivery too.
            return

        result = _decide(request, attempt, place, Journal(directory))
        result['key'] = request['key']
        send(result, request['result_url'], request['deadline'])


def _decide(request: Entry, attempt: str, place: pathlib.Path,
            journal: Journal) -> Entry:
    done = journal.last('done', attempt)

    if done:
        result: Entry = done['result']
        return result

    seen = journal.highest_fence(request['key']['plan'])

    if request['fence'] < seen:
        return {'status': 'refused', 'fence': request['fence'],
                'fence_seen': seen}

    if journal.last('started', attempt) and not request['idempotent']:
        return {'status': 'interrupted'}

    journal.append({'event': 'started', 'attempt': attempt,
                    'pid': os.getpid()})
    result = run(request, place)
    journal.append({'event': 'done', 'attempt': attempt, 'result': result})

    return result


def run(request: Entry, place: pathlib.Path) -> Entry:
    """Run the payload under its time limit and describe how it ended.

    :returns: ``status`` (``done`` or ``failed``), ``status_code``,
        ``seconds``, ``started`` (epoch seconds) and ``output`` (both ends of
        what it wrote).
    """
    script = place / 'script'
    text = request['script']
    script.write_text(text if text.startswith('#!') else '#!/bin/sh\n' + text)
    script.chmod(0o700)
    environment = {**_clean_environment(), **request['environment'],
                   MARK: str(place)}
    started = time.time()
    clock = time.monotonic()
    process = subprocess.Popen(
        ['timeout', '-k', str(GRACE_SECONDS), str(request['timeout']),
         str(script)],
        cwd=place, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True)
    output = Output(typing.cast(typing.BinaryIO, process.stdout),
                    place / 'output')
    status_code = process.wait()
    seconds = time.monotonic() - clock
    _kill_survivors(str(place))
    result: Entry = {
        'status': 'failed' if status_code else 'done',
        'status_code': status_code, 'seconds': round(seconds, 3),
        'started': round(started, 3), 'output': output.text()}

    if status_code == 124 or seconds > request['timeout']:
        result['timed_out'] = True

    return result


class Output:
    """Reads a payload's output as it comes and keeps both of its ends."""

    def __init__(self, stream: typing.BinaryIO, log: pathlib.Path):
        self._stream = stream
        self._log = log
        self._head = b''
        self._tail = b''
        self._dropped = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        written = 0

        with open(self._log, 'wb') as log:
            while chunk := os.read(self._stream.fileno(), 65536):
                log.write(chunk[:max(0, LOG_BYTES - written)])
                written += len(chunk)
                room = HEAD_BYTES - len(self._head)
                self._head += chunk[:room]
                tail = self._tail + chunk[room:]
                self._tail = tail[-TAIL_BYTES:]
                self._dropped += len(tail) - len(self._tail)

    def text(self) -> str:
        """What is kept, once the writers are gone or five seconds over."""
        self._thread.join(5)
        gap = (f'\n[... {self._dropped} bytes left out ...]\n'.encode()
               if self._dropped else b'')

        return (self._head + gap + self._tail).decode(errors='replace')


def send(result: Entry, url: str, deadline: float) -> bool:
    """PUT a result, again and again until it is taken or time is up."""
    body = json.dumps(result, ensure_ascii=False).encode()
    pause = 0.5

    while True:
        # The undercloud made this URL: it is one of its own object store.
        request = urllib.request.Request(  # noqa: S310
            url, data=body, method='PUT',
            headers={'Content-Type': 'application/json'})

        try:
            with urllib.request.urlopen(request, timeout=20):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            if time.time() + pause > deadline:
                return False

        time.sleep(pause)
        pause = min(pause * 2, 10)


def _clean_environment() -> dict[str, str]:
    # The hook exports the deployment's inputs, and one of them is a URL that
    # lets its holder write our answer.
    return {name: value for name, value in os.environ.items()
            if not name.startswith('deploy_')}


def _marked_processes(mark: str) -> list[int]:
    wanted = f'{MARK}={mark}'.encode()
    marked = []

    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue

        try:
            variables = (entry / 'environ').read_bytes().split(b'\0')
        except OSError:
            continue

        if wanted in variables:
            marked.append(int(entry.name))

    return marked


def _kill_survivors(mark: str) -> None:
    # No service is a child of a payload, so what is left is a leftover.
    for process_id in _marked_processes(mark):
        try:
            os.kill(process_id, signal.SIGKILL)
        except ProcessLookupError:
            continue


def main(arguments: list[str], request: Entry) -> int:
    """Deliver, or with the argument ``guard`` be the guardian."""
    if arguments == ['guard']:
        guard(request)
        pathlib.Path(__file__).unlink(missing_ok=True)
        return 0

    if not shutil.which('timeout'):
        print('This node lacks the program timeout (coreutils).')
        return 1

    print(deliver(request, pathlib.Path(__file__).read_text()))
    return 0
