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

"""A real HTTP server on loopback that answers what a test tells it to."""

import http.server
import threading
import time
from types import TracebackType


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Say nothing of clients that give up: tests are about those."""


class Server:
    """A server whose answers can be changed while it runs.

    ``status`` and ``body`` are what it answers, ``statuses`` what it answers
    to some requests instead, by method and path; while ``slow`` is set it
    holds its answers back until the server is closed.
    """

    def __init__(self) -> None:
        self.status = 200
        self.statuses: dict[tuple[str, str], int] = {}
        self.body = b'release 1'
        self.slow = False
        self.seen: list[tuple[str, str, bytes]] = []
        self.headers: dict[str, str] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._server = _Listener(('127.0.0.1', 0), self._handler())
        self.url = f'http://127.0.0.1:{self._server.server_port}'
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> 'Server':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop to listen; connections are refused from now on."""
        self._closed.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, requests: int, seconds: float = 30) -> float:
        """Wait until so many requests have come; say how long it took."""
        started = time.monotonic()

        with self._changed:
            if not self._changed.wait_for(
                    lambda: len(self.seen) >= requests, seconds):
                raise AssertionError(
                    f'{len(self.seen)} of {requests} requests came')

        return time.monotonic() - started

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get('Content-Length', 0))
                content = self.rfile.read(length)

                with server._changed:
                    server.headers = dict(self.headers)
                    server.seen.append((self.command, self.path, content))
                    server._changed.notify_all()

                if server.slow:
                    server._closed.wait(30)

                self.send_response(server.statuses.get(
                    (self.command, self.path), server.status))
                self.send_header('Location', '/elsewhere')
                self.end_headers()
                self.wfile.write(server.body)

            do_POST = do_PUT = do_GET

            def log_message(self, *args: object) -> None:
                pass

        return Handler
