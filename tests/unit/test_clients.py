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

import http.server
import threading

import testtools
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session as keystone_session
from keystoneauth1 import token_endpoint

from tripleo_workflows import clients as service_clients


class _Forgetful(http.server.BaseHTTPRequestHandler):
    """Closes a connection instead of answering, as often as it is told."""

    def answer(self):
        length = int(self.headers.get('Content-Length', 0))
        self.rfile.read(length)
        self.server.seen.append(self.command)

        if len(self.server.seen) <= self.server.lost:
            self.close_connection = True
            return

        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *arguments):
        """Nobody reads it."""


class LostConnectionTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), _Forgetful)
        self.server.seen = []
        self.addCleanup(self.server.server_close)
        serving = threading.Thread(target=self.server.serve_forever,
                                   kwargs={'poll_interval': 0.01})
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(self.server.shutdown)
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        self.session = service_clients.with_connections(
            keystone_session.Session(
                auth=token_endpoint.Token(self.url, 'token')))

    def test_what_may_be_repeated_is(self):
        for method in ('GET', 'PUT'):
            self.server.seen.clear()
            self.server.lost = 2

            answer = self.session.request(self.url, method)

            self.assertEqual((200, [method] * 3),
                             (answer.status_code, self.server.seen))

    def test_an_end_is_put_to_repeating(self):
        self.server.lost = 100

        self.assertRaises(keystone_exceptions.ConnectFailure,
                          self.session.request, self.url, 'GET')
        self.assertEqual(['GET'] * (1 + service_clients.RETRIES),
                         self.server.seen)

    def test_what_may_be_done_only_once_is_not_repeated(self):
        self.server.lost = 1

        self.assertRaises(keystone_exceptions.ConnectFailure,
                          self.session.request, self.url, 'POST')
        self.assertEqual(['POST'], self.server.seen)

    def test_heat_is_asked_again_to_make_a_deployment(self):
        self.server.lost = 1

        service_clients.Clients(self.session).heat.http_client.post('/x')

        self.assertEqual(['POST'] * 2, self.server.seen)
