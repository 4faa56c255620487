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

"""Running a payload under its time limit, and describing how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import typing

from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.deployments.node import output
from tripleo_workflows.deployments.node import playbook

#: Seconds between TERM and KILL for a payload that must end.
GRACE_SECONDS = 10
#: Seconds between two looks whether the attempt was aborted.
LOOK_SECONDS = 0.5

#: What listings tell of a result.
LISTED = ('status', 'status_code', 'seconds', 'changed')

Request = typing.Mapping[str, typing.Any]
Result = typing.Dict[str, typing.Any]  # noqa: UP006 (nodes may have 3.8)


class Unrunnable(Exception):
    """A payload that this node cannot run; the text says why, and a remedy."""


class Payload:
    """A payload that is ready to run.

    :param secrets: values by name, for the payload's eyes only.
    :param place: the attempt's directory.
    :raises Unrunnable: where the node lacks something.
    """

    def __init__(self, request: Request, secrets: typing.Mapping[str, str],
                 place: pathlib.Path):
        self._request = request
        self._place = place
        self._redactor = output.Redactor(secrets)
        self._playbook: playbook.Playbook | None = None
        self.log = place / 'output'

        if not shutil.which('timeout'):
            raise Unrunnable('This node lacks the program timeout. Install '
                             'coreutils on it.')

        try:
            if request['kind'] == 'playbook':
                self._playbook = playbook.Playbook(
                    request['payload'], request['environment'], secrets,
                    place)
                self._words = self._playbook.words
                variables: dict[str, str] = self._playbook.environment
            else:
                self._words = [str(self._script())]
                variables = {**request['environment'], **secrets}
        except OSError as error:
            raise Unrunnable(f'The payload cannot be written to '
                             f'{place}: {error.strerror}.') from None
        except playbook.NoAnsible as error:
            raise Unrunnable(str(error)) from None

        self._environment = {**clean_environment(), **variables,
                             attempts.MARK: str(place)}

    def _script(self) -> pathlib.Path:
        script = self._place / 'script'
        text = self._request['payload']
        script.write_text(
            text if text.startswith('#!') else '#!/bin/sh\n' + text)
        script.chmod(0o700)

        return script

    def run(self, is_aborted: typing.Callable[[], bool]) -> Result:
        """Run it to its end, and kill what it leaves behind.

        :param is_aborted: asked now and then whether it shall stop.
        :returns: the result but for its key.
        """
        limit = self._request['timeout']
        separate = self._request.get('separate')
        started = time.time()
        clock = time.monotonic()
        # If this guardian is killed, its payload is bounded all the same.
        process = subprocess.Popen(
            ['timeout', '-k', str(GRACE_SECONDS), str(limit), *self._words],
            cwd=self._place, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if separate else subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self._playbook.descriptors if self._playbook else ())
        capture = output.Capture(self.log, self._redactor)
        streams = {name: capture.read(stream) for name, stream in (
            ('stdout', process.stdout), ('stderr', process.stderr)) if stream}
        aborted = _wait(process, is_aborted)
        seconds = time.monotonic() - clock
        attempts.end_descendants(self._place)
        capture.finish()
        code = process.returncode
        # As shells have it: a payload that died of a signal.
        code = code if code >= 0 else 128 - code
        result: Result = {
            'status': 'aborted' if aborted else 'failed' if code else 'done',
            'status_code': code, 'seconds': round(seconds, 3),
            'started': round(started, 3), 'output': capture.ends.text(),
            'output_bytes': capture.ends.size}

        if seconds >= limit and not aborted:
            result['timed_out'] = True

        if separate:
            result.update({name: ends.text()
                           for name, ends in streams.items()})

        if self._playbook:
            result.update(self._playbook.report(self._redactor.text))

        return result

    def clean(self) -> None:
        """Remove what only the payload needed."""
        if self._playbook:
            self._playbook.clean()


def is_whole(result: Result) -> bool:
    """Whether a result holds all that its payload wrote."""
    size: int = result['output_bytes']

    return len(result['output'].encode()) == size


def clean_environment() -> dict[str, str]:
    """The hook's environment without the deployment's inputs.

    One of them is a URL that lets its holder write an answer.
    """
    return {name: value for name, value in os.environ.items()
            if not name.startswith(('deploy_', 'heat_outputs_'))}


def _wait(process: subprocess.Popen[bytes],
          is_aborted: typing.Callable[[], bool]) -> bool:
    """Wait for a payload's end; stop it where it was aborted.

    :returns: whether it was.
    """
    aborted = False

    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(None if aborted else LOOK_SECONDS)
            return aborted

        if is_aborted():
            # ``timeout`` passes it on, and kills after its grace.
            process.terminate()
            aborted = True


def encoded(result: Result) -> bytes:
    """A result as it is sent."""
    return json.dumps(result, ensure_ascii=False).encode(errors='replace')


def content_type(result: Result) -> str:
    """The type that a result is sent with.

    Listings show it: of a step that is done, they tell all there is.
    """
    return 'application/json' + ''.join(
        f';{name}={result[name]}' for name in LISTED if name in result)
