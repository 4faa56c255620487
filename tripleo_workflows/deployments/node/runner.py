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

"""The program that travels to a node with every step.

It needs nothing but Python 3 and its standard library. Heat's ``script``
hook runs it without arguments: it *delivers*, that is, it checks the fence,
journals ``accepted`` and leaves a *guardian* behind, in a session of its own
and without the hook's pipes, so that the hook and the agent go on at once.
The guardian runs the payload, journals ``started`` and ``done``, and PUTs the
result to a temporary URL.

The journal decides what an attempt may do: a done attempt answers again and
runs nothing, a running one is left alone, one that was interrupted runs again
only if its step is idempotent, and one with a lower fence than the node has
seen is refused.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
import typing

from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.deployments.node import history
from tripleo_workflows.deployments.node import journal as node_journal
from tripleo_workflows.deployments.node import payload as node_payload
from tripleo_workflows.deployments.node import survey
from tripleo_workflows.deployments.node import transfer

Request = node_payload.Request
Result = node_payload.Result

#: Who has not answered after so many seconds tells that he will.
ACCEPTED_SECONDS = 1.0
#: Seconds that the guardians of an aborted operation get to stop.
STOP_SECONDS = node_payload.GRACE_SECONDS + 10


def main(request: Request) -> None:
    """Deliver a request; what the hook waits for."""
    deadline = time.monotonic() + request['lifetime']
    journal = node_journal.Journal(attempts.directory(),
                                   os.environ.get('deploy_server_id', ''))
    answer = accept(request, journal)
    name = history.attempt_name(request['key'])
    said = answer['status'] if answer else 'accepted'

    if os.fork():
        print(f'{said} {name}')
        return

    try:
        _detach()
        guard(request, journal, answer, deadline)
    finally:
        # What the hook's process has open or buffered is not ours to end.
        os._exit(0)


def _detach() -> None:
    """Leave the hook: its session, its pipes and its directory."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)

    for descriptor in range(3):
        os.dup2(null, descriptor)

    os.closerange(3, 1024)
    os.chdir('/')


def accept(request: Request, journal: node_journal.Journal) -> Result | None:
    """Check a request's fence and journal that it has arrived.

    :returns: the answer, where that is all there is to do.
    """
    key, fence = request['key'], request['fence']
    attempt = history.attempt_name(key)

    if request['kind'] == 'survey':
        return None

    try:
        with journal.locked():
            entries = journal.entries()
            history.check_fence(entries, key, fence)
            journal.reserve()
            journal.compact()

            if request['kind'] == 'abort':
                journal.append(history.ABORT, key, fence)
            elif not history.is_accepted(entries, attempt, fence):
                journal.append(history.ACCEPTED, key, fence)
    except history.Refused as refused:
        return _refusal(fence, refused)
    except OSError as error:
        return _done_before(journal, attempt) or _unwritable(error)

    return None


def _done_before(journal: node_journal.Journal, attempt: str
                 ) -> Result | None:
    with contextlib.suppress(OSError):
        done = history.last(journal.entries(), history.DONE, attempt)

        if done:
            return dict(done['result'])

    return None


def guard(request: Request, journal: node_journal.Journal,
          answer: Result | None, deadline: float) -> None:
    """Do what a request asks for and send the answer.

    :param answer: what :func:`accept` found out.
    :param deadline: until when an answer is worth sending, on the monotonic
        clock.
    """
    attempts.adopt_orphans()
    accepted = threading.Timer(ACCEPTED_SECONDS, transfer.send, (
        b'', 'text/plain', request['accepted_url'], deadline))
    accepted.daemon = True
    accepted.start()

    try:
        if answer is None:
            answer = _act(request, journal, deadline)
    except Exception as error:
        # Whatever it was: somebody waits for an answer, and gets one.
        answer = _broken(error)

    accepted.cancel()

    if answer is None:
        return

    answer['key'] = request['key']
    transfer.send(node_payload.encoded(answer),
                  node_payload.content_type(answer), request['result_url'],
                  deadline)

    with contextlib.suppress(OSError):
        attempts.tidy(history.recent_attempts(journal.entries(),
                                              attempts.KEPT))


def _act(request: Request, journal: node_journal.Journal, deadline: float
         ) -> Result | None:
    if request['kind'] == 'survey':
        return {'status': 'done', 'status_code': 0, 'survey': survey.survey(
            journal.entries(), journal.server, request['key']['node'])}

    if request['kind'] == 'abort':
        return {'status': 'done', 'status_code': 0,
                'stopped': _stop(request['key'], journal)}

    attempt = history.attempt_name(request['key'])

    try:
        with attempts.guarded(attempt, deadline) as place:
            # Where another guardian runs it still, that one will answer.
            if place is None:
                return None

            return Attempt(request, journal, attempt, deadline).answer()
    except OSError as error:
        return _done_before(journal, attempt) or _unwritable(error)


class Attempt:
    """An attempt whose only guardian we are."""

    def __init__(self, request: Request, journal: node_journal.Journal,
                 attempt: str, deadline: float):
        self._request = request
        self._journal = journal
        self._attempt = attempt
        self._deadline = deadline
        self._place = attempts.place_of(attempt)
        self._seen = (-1, -1)

    def answer(self) -> Result:
        """Run it to its end, or tell what the journal knows of it."""
        entries = self._journal.entries()
        done = history.last(entries, history.DONE, self._attempt)

        if done:
            return dict(done['result'])

        # A guardian that was killed may have left a payload that runs on.
        attempts.end_descendants(self._place)
        attempts.end_orphans()
        started = history.last(entries, history.STARTED, self._attempt)

        if started and not self._request['idempotent']:
            return {'status': 'interrupted', 'started': started['time'],
                    'error': 'This attempt was started, and what watched '
                             'over it was killed before it was done. How far '
                             'it came is not known.'}

        try:
            payload = node_payload.Payload(
                self._request, self._secrets(), self._place)
        except (transfer.NotServed, node_payload.Unrunnable) as error:
            return self._finish({'status': 'failed', 'error': str(error)})

        try:
            return self._start(payload)
        finally:
            payload.clean()

    def _secrets(self) -> dict[str, str]:
        url = self._request.get('secrets_url')

        return transfer.fetch_secrets(url, self._deadline) if url else {}

    def _start(self, payload: node_payload.Payload) -> Result:
        try:
            with self._journal.locked():
                entries = self._journal.entries()
                history.check_fence(entries, self._request['key'],
                                    self._request['fence'])
                aborted = history.is_aborted(entries, self._attempt)

                if not aborted:
                    self._journal.append(
                        history.STARTED, self._request['key'],
                        self._request['fence'], pid=os.getpid(),
                        monotonic=time.monotonic())
        except history.Refused as refused:
            return _refusal(self._request['fence'], refused)
        except OSError as error:
            return _unwritable(error)

        if aborted:
            return self._finish({
                'status': 'aborted',
                'error': 'The operation was aborted before this began.'})

        try:
            result = payload.run(self._is_aborted)
        except Exception as error:
            attempts.end_descendants(self._place)
            result = _broken(error)

        result = self._finish(result)
        url = self._request.get('output_url')

        if url and result.get('output_bytes') and not node_payload.is_whole(
                result):
            result['output_sent'] = transfer.send_file(payload.log, url,
                                                       self._deadline)

        return result

    def _is_aborted(self) -> bool:
        signature = self._journal.signature()

        if signature == self._seen:
            return False

        self._seen = signature

        return history.is_aborted(self._journal.entries(), self._attempt)

    def _finish(self, result: Result) -> Result:
        return finish(self._journal, self._request['key'],
                      self._request['fence'], result,
                      self._request.get('completes'))


def finish(journal: node_journal.Journal, key: history.Entry, fence: int,
           result: Result, completes: object = None) -> Result:
    """Journal how an attempt ended, unless that is known already.

    :returns: the result that the journal holds.
    """
    attempt = history.attempt_name(key)
    more: dict[str, typing.Any] = {'result': dict(result)}

    if completes and result['status'] == 'done':
        more['completes'] = completes

    try:
        with journal.locked():
            done = history.last(journal.entries(), history.DONE, attempt)

            if done:
                return dict(done['result'])

            journal.append(history.DONE, key, fence, **more)
    except OSError as error:
        code = result.get('status_code')
        ended = (f'The payload ended with status code {code}'
                 if code is not None else result.get('error'))

        return {'status': 'interrupted', 'error':
                f'{ended}, but the journal could not be written '
                f'({error.strerror}), so this node does not know that.'}

    return result


def _stop(key: history.Entry, journal: node_journal.Journal
          ) -> list[dict[str, typing.Any]]:
    """Stop the running attempts of an operation.

    Their guardians see it in the journal. One that does not is killed.

    :returns: what was stopped.
    """
    entries = journal.entries()
    # Some may have seen it already, and stopped.
    position = max(number for number, entry in enumerate(entries)
                   if entry['event'] == history.ABORT
                   and entry['key'] == key)
    accepted = history.newest(entries, history.ACCEPTED)
    names = history.unfinished(entries[:position], key['plan'],
                               key['operation'])
    attempts.wait_for_guardians(names, STOP_SECONDS)
    deaf = {name: guardian for name in names
            if (guardian := attempts.guardian_of(name)) is not None}

    for guardian in filter(None, deaf.values()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(guardian, signal.SIGKILL)

    # What they leave is an orphan only when they are gone.
    attempts.wait_for_guardians(deaf, attempts.KILL_SECONDS)

    for name in deaf:
        finish(journal, accepted[name]['key'], accepted[name]['fence'], {
            'status': 'aborted',
            'error': 'The operation was aborted; what watched over this '
                     'attempt had to be killed.'})

    attempts.end_orphans()
    done = history.newest(journal.entries(), history.DONE)

    return [{**{part: done[name]['key'][part]
                for part in ('service', 'batch', 'step', 'attempt')},
             'status': done[name]['result']['status']}
            for name in names if name in done]


def _refusal(fence: int, refused: history.Refused) -> Result:
    return {'status': 'refused', 'fence': fence, 'fence_seen': refused.seen,
            'operation_seen': refused.operation}


def _unwritable(error: OSError) -> Result:
    return {'status': 'failed', 'error':
            f'The journal in {attempts.directory()} cannot be written '
            f'({error.strerror or error}). Nothing was run. Make room or '
            f'mend the file system, then send the step again, as another '
            f'attempt.'}


def _broken(error: Exception) -> Result:
    # Not its text: that may quote what must not be told.
    frame = traceback.extract_tb(error.__traceback__)[-1]

    return {'status': 'failed', 'error':
            f'The runner failed with {type(error).__name__} in '
            f'{frame.name} (Python {sys.version.split()[0]}).'}
