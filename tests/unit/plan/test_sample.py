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

"""The steps of samples/overcloud that people will copy."""

import itertools
import json
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
import threading
import urllib.request

import fixtures
import testtools

DEPLOYMENT = pathlib.Path(
    __file__, '../../../../samples/overcloud/deployment').resolve()


_NUMBERS = itertools.count(1)


def _address():
    """A loopback address that no other test uses: the ports are fixed."""
    high, low = divmod(os.getpid() % 2 ** 14, 250)

    return f'127.{64 + high}.{low}.{next(_NUMBERS)}'


class WebTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'var/lib/web').mkdir(parents=True)
        self.address = _address()

    def start(self, release):
        process = subprocess.Popen(
            [sys.executable, DEPLOYMENT / f'web/release-{release}.py'],
            env={'NODE_NAME': 'controller-0', 'NODE_ROOT': str(self.root),
                 'NODE_ADDRESS': self.address},
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        return process, process.stdout.readline()

    def stop(self, process):
        process.terminate()
        self.assertEqual(0, process.wait(10))

    def ask(self, path, body=None):
        with urllib.request.urlopen(f'http://{self.address}:8080{path}',
                                    data=body, timeout=5) as answer:
            return json.load(answer)

    def test_a_release_goes_on_with_the_items_of_the_one_before(self):
        process, line = self.start(1)
        self.assertEqual(f'started release=1 pid={process.pid}\n', line)
        self.assertEqual({'release': '1', 'node': 'controller-0',
                          'pid': process.pid}, self.ask('/'))
        self.assertEqual({'number': 1}, self.ask('/items', b'one'))
        self.assertEqual({'count': 1}, self.ask('/items'))
        self.stop(process)

        process, _ = self.start(2)
        self.assertEqual('2', self.ask('/')['release'])
        self.assertEqual({'count': 1, 'newest': None}, self.ask('/items'))
        self.assertEqual({'number': 2}, self.ask('/items', b'two'))
        self.assertIsNotNone(self.ask('/items')['newest'])
        self.stop(process)

        process, _ = self.start(1)
        self.assertEqual({'count': 2}, self.ask('/items'))
        self.stop(process)

    def test_a_stop_waits_for_the_request_in_flight(self):
        process, _ = self.start(1)

        with socket.create_connection((self.address, 8080),
                                      timeout=5) as client:
            client.sendall(b'POST /items HTTP/1.1\r\nHost: web\r\n'
                           b'Content-Length: 4\r\n\r\nso')
            # An answer to a later connection shows that ours was accepted.
            self.ask('/health')
            process.terminate()
            self.assertRaises(subprocess.TimeoutExpired, process.wait, 0.5)
            client.sendall(b'me')

            self.assertIn(b' 201 ', client.makefile('rb').readline())

        self.assertEqual(0, process.wait(10))


class _LoadBalancer(socketserver.ThreadingTCPServer):
    """Haproxy's runtime socket, for one server of the backend web."""

    allow_reuse_address = True

    def __init__(self, address, sessions):
        super().__init__((address, 9000), _RuntimeSocket)
        self.sessions = sessions
        self.state = 'UP'


class _RuntimeSocket(socketserver.StreamRequestHandler):

    def handle(self):
        command = self.rfile.readline().decode().strip()

        if command == 'show stat':
            # One session ends whenever somebody looks.
            self.server.sessions = max(0, self.server.sessions - 1)
            self.wfile.write(
                '# pxname,svname,scur,status,\n'
                'web,FRONTEND,9,OPEN,\nweb,controller-1,9,UP,\n'
                f'web,controller-0,{self.server.sessions},'
                f'{self.server.state},\n\n'.encode())
        elif command.startswith('set server web/controller-0 state '):
            state = command.split()[-1]
            self.server.state = {'drain': 'DRAIN', 'ready': 'UP'}[state]
            self.wfile.write(b'\n')
        else:
            self.wfile.write(b'No such server.\n')


class TrafficTest(testtools.TestCase):

    def load_balancer(self, sessions=0):
        server = _LoadBalancer(_address(), sessions)
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)

        return server

    def run_step(self, state, *addresses, node='controller-0', deadline=5):
        return subprocess.run(
            [sys.executable, DEPLOYMENT / 'web/traffic.py'],
            env={'NODE_NAME': node, 'STATE': state,
                 'DEADLINE': str(deadline),
                 'LOAD_BALANCERS': ' '.join(addresses)},
            capture_output=True, text=True)

    def test_drains_until_no_session_is_left_anywhere(self):
        servers = [self.load_balancer(2), self.load_balancer(4)]

        done = self.run_step('drain', *(server.server_address[0]
                                        for server in servers))

        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertEqual([(0, 'DRAIN')] * 2, [
            (server.sessions, server.state) for server in servers])

    def test_gives_up_at_the_deadline(self):
        server = self.load_balancer(10 ** 6)

        done = self.run_step('drain', server.server_address[0], deadline=0)

        self.assertEqual(1, done.returncode)
        self.assertIn(server.server_address[0], done.stderr)

    def test_puts_back(self):
        server = self.load_balancer()
        server.state = 'DRAIN'

        self.assertEqual(0, self.run_step(
            'ready', server.server_address[0]).returncode)
        self.assertEqual('UP', server.state)

    def test_a_load_balancer_that_does_not_run_sends_nobody(self):
        address = _address()

        done = self.run_step('drain', address)

        self.assertEqual(0, done.returncode)
        self.assertIn(f'{address} is not running', done.stdout)

    def test_a_refusal_is_an_error(self):
        server = self.load_balancer()

        done = self.run_step('drain', server.server_address[0], node='other')

        self.assertEqual(1, done.returncode)
        self.assertIn('No such server', done.stderr)
