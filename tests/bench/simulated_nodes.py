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

"""Hundreds of nodes in one process: ``… simulated_nodes ENROLL_DIRECTORY``.

They speak what a local node speaks: take their enrolment files, poll their
metadata as the stock agent's ``request`` collector does, and answer as the
runner does, whose journal they keep in memory. What a step says is not run:
it ends as ``done`` at once.
When the process is terminated it says, in a line of JSON, what it did.
"""

import ast
import concurrent.futures
import dataclasses
import heapq
import http.client
import json
import pathlib
import signal
import sys
import threading
import time
import urllib.parse
from typing import Any

from tripleo_workflows.deployments.node import history
from tripleo_workflows.deployments.node import payload
from tripleo_workflows.deployments.node import survey

#: Seconds between two polls of a node.
POLL_SECONDS = 10.0
#: How many nodes talk at once.
THREADS = 16
#: Seconds between two looks for new nodes.
LOOK_SECONDS = 1.0
#: The line of a config's text that holds the request.
MARK = 'REQUEST = json.loads('

_local = threading.local()


def request_of(text: str) -> dict[str, Any] | None:
    """The request that travels in a config's text, if it is one of ours."""
    for line in text.splitlines():
        if line.startswith(MARK):
            request: dict[str, Any] = json.loads(ast.literal_eval(
                line.removeprefix(MARK).removesuffix(')')))
            return request

    return None


def call(method: str, url: str, document: object = None,
         content_type: str = 'application/json'
         ) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Send a request over a connection that this thread keeps.

    A server that closed it meanwhile is connected to anew.
    """
    parts = urllib.parse.urlsplit(url)
    body = None if document is None else json.dumps(document)
    kept = _local.__dict__.setdefault('connections', {})

    for again in (False, True):
        connection = kept.setdefault(parts.netloc, http.client.HTTPConnection(
            parts.netloc, timeout=30))

        try:
            connection.request(method, f'{parts.path}?{parts.query}', body,
                               {'Content-Type': content_type})
            response = connection.getresponse()

            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()

            if again:
                raise

    raise AssertionError


@dataclasses.dataclass
class Counts:
    """What all nodes together did."""

    nodes: int = 0
    polls: int = 0
    fetches: int = 0
    deployments: int = 0
    answers: int = 0
    again: int = 0
    errors: int = 0
    late: float = 0.0


class Node:
    """A node with its agent, its hook, its runner and its journal."""

    def __init__(self, name: str, metadata_url: str, counts: Counts):
        self.name = name
        self._metadata_url = metadata_url
        self._counts = counts
        self._modified = ''
        self._seen: set[str] = set()
        self._entries: list[history.Entry] = []

    def poll(self) -> None:
        """Look for new metadata, and run what it brings."""
        self._counts.polls += 1
        _, headers, _ = call('HEAD', self._metadata_url)
        modified = headers.get('Last-Modified', '')

        if modified and modified == self._modified:
            return

        status, _, body = call('GET', self._metadata_url)
        self._counts.fetches += 1

        if status != 200 or not body:
            return

        self._modified = modified

        for deployment in json.loads(body).get('deployments', []):
            if deployment['id'] not in self._seen:
                self._seen.add(deployment['id'])
                self._run(deployment)

    def _run(self, deployment: dict[str, Any]) -> None:
        self._counts.deployments += 1
        request = request_of(deployment['config'] or '')

        if request is None:
            return

        inputs = {value['name']: value['value']
                  for value in deployment['inputs']}
        result = self._answer(request, inputs['deploy_server_id'])
        call('PUT', request['result_url'], result,
             payload.content_type(result))
        self._counts.answers += 1

    def _answer(self, request: dict[str, Any], server: str
                ) -> dict[str, Any]:
        key, fence = request['key'], request['fence']
        answer = {'key': key, 'status': 'done', 'status_code': 0,
                  'seconds': 0.0, 'started': round(time.time(), 3),
                  'output': '', 'output_bytes': 0}

        if request['kind'] == 'survey':
            return {**answer, 'survey': survey.survey(
                self._entries, server, self.name)}

        try:
            history.check_fence(self._entries, key, fence)
        except history.Refused as refused:
            return {'key': key, 'status': 'refused', 'fence': fence,
                    'fence_seen': refused.seen,
                    'operation_seen': refused.operation}

        attempt = history.attempt_name(key)
        done = history.last(self._entries, history.DONE, attempt)

        if done:
            self._counts.again += 1
            return dict(done['result'])

        entry = {'attempt': attempt, 'key': key, 'fence': fence,
                 'server': server, 'time': answer['started']}
        completes = request.get('completes')
        self._entries += [
            {**entry, 'event': history.ACCEPTED},
            {**entry, 'event': history.STARTED, 'pid': 0, 'monotonic': 0.0},
            {**entry, 'event': history.DONE, 'result': answer,
             **({'completes': completes} if completes else {})}]

        return answer


class Nodes:
    """All nodes, each polled in its turn."""

    def __init__(self, directory: pathlib.Path):
        self._directory = directory
        self._counts = Counts()
        self._due: list[tuple[float, int, Node]] = []
        self._ended = threading.Event()

    def run(self) -> Counts:
        """Poll until :meth:`stop` is called."""
        looked = 0.0

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            while not self._ended.is_set():
                now = time.monotonic()

                if now > looked + LOOK_SECONDS:
                    self._enroll(now)
                    looked = now

                while self._due and self._due[0][0] <= now:
                    due, number, node = heapq.heappop(self._due)
                    pool.submit(self._poll, node, due)
                    heapq.heappush(self._due,
                                   (due + POLL_SECONDS, number, node))

                next_due = self._due[0][0] - now if self._due else 1.0
                self._ended.wait(min(next_due, LOOK_SECONDS))

        return self._counts

    def stop(self) -> None:
        """Let all end."""
        self._ended.set()

    def _poll(self, node: Node, due: float) -> None:
        self._counts.late = max(self._counts.late, time.monotonic() - due)

        # Like an agent, it looks again at its next turn.
        try:
            node.poll()
        except Exception as error:
            self._counts.errors += 1
            print(f'{node.name}: {type(error).__name__}: {error}',
                  file=sys.stderr, flush=True)

    def _enroll(self, now: float) -> None:
        for path in sorted(self._directory.glob('*.json')):
            document = json.loads(path.read_text())
            path.unlink()
            number = self._counts.nodes
            self._counts.nodes += 1
            # Their phases are spread over the interval, by golden section.
            phase = POLL_SECONDS * (number * 0.6180339887 % 1)
            heapq.heappush(self._due, (now + phase, number, Node(
                path.stem, document['request']['metadata_url'],
                self._counts)))


def main(arguments: list[str]) -> None:
    """Simulate until terminated."""
    nodes = Nodes(pathlib.Path(arguments[0]))
    signal.signal(signal.SIGTERM, lambda number, frame: nodes.stop())
    print(json.dumps(dataclasses.asdict(nodes.run())), flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
