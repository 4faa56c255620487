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

"""A Swift account in memory, behind real HTTP."""

import hashlib
import http.server
import json
import threading
import urllib.parse

import fixtures
import swiftclient


class SwiftServer(fixtures.Fixture):
    """Serves containers and objects; ``puts`` lists the objects written."""

    def _setUp(self):
        self.containers = {}
        self.headers = {}
        self.puts = []
        self.failing = None

        class Handler(_Handler):
            account = self

        self._server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), Handler)
        thread = threading.Thread(target=self._server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(self._server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self._server.shutdown)

    def connection(self):
        host, port = self._server.server_address

        connection = swiftclient.Connection(
            preauthurl=f'http://{host}:{port}/v1/AUTH_test',
            preauthtoken='token', retries=0)
        self.addCleanup(connection.close)

        return connection


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1

    def do_HEAD(self):
        self._container_of(lambda container, _: self._answer(
            204, headers=self.account.headers[container]))

    def do_PUT(self):
        container, name = self._names()
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))

        if name:
            self.account.puts.append(name)
            self.account.containers[container][name] = body
        else:
            self.account.containers[container] = {}
            self._store_headers(container)

        self._answer(201)

    def do_POST(self):
        self._container_of(lambda container, _: (
            self._store_headers(container), self._answer(204)))

    def do_GET(self):
        self._container_of(self._get)

    def do_DELETE(self):
        self._container_of(lambda container, name: self._answer(
            204 if self.account.containers[container].pop(name, None)
            is not None else 404))

    def _get(self, container, name):
        objects = self.account.containers[container]

        if name is None:
            marker = self._query.get('marker', [''])[0]
            rows = [{'name': key, 'hash': hashlib.md5(
                         body, usedforsecurity=False).hexdigest()}
                    for key, body in sorted(objects.items())
                    if key > marker]
            self._answer(200, json.dumps(rows).encode())
        elif name in objects:
            self._answer(200, objects[name])
        else:
            self._answer(404)

    def _container_of(self, work):
        container, name = self._names()

        if self.account.failing:
            self._answer(self.account.failing)
        elif container not in self.account.containers:
            self._answer(404)
        else:
            work(container, name)

    def _names(self):
        parts = urllib.parse.urlsplit(self.path)
        self._query = urllib.parse.parse_qs(parts.query)
        path = urllib.parse.unquote(parts.path)
        container, _, name = path.removeprefix(
            '/v1/AUTH_test/').partition('/')

        return container, name or None

    def _store_headers(self, container):
        self.account.headers.setdefault(container, {}).update(
            {key.lower(): value for key, value in self.headers.items()
             if key.lower().startswith('x-container-meta-')})

    def _answer(self, status, body=b'', headers=None):
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Tests are quiet."""
