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

import configparser
import itertools
import json
import os
import pathlib
import shlex
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import fixtures
import pymysql
import testtools

DEPLOYMENT = pathlib.Path(
    __file__, '../../../../samples/overcloud/deployment').resolve()
#: Where Debian has servers, and a user's PATH may not look.
PATH = os.environ['PATH'] + ':/usr/sbin'

_NUMBERS = itertools.count(1)


def free_address():
    """A loopback address that no other test uses: the ports are fixed."""
    high, low = divmod(os.getpid() % 2 ** 14, 250)

    return f'127.{64 + high}.{low}.{next(_NUMBERS)}'


class Node:
    """A root directory, an address, and what the steps make there."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.address = free_address()
        self.environment = {
            'NODE_NAME': 'controller-0', 'NODE_ROOT': str(self.root),
            'NODE_ADDRESS': self.address, 'HOME': str(self.root),
            'PATH': f'{self.root}/bin:{pathlib.Path(sys.executable).parent}:'
                    f'{PATH}'}

        for name in ('bin', 'etc', 'opt', 'var/lib', 'var/log'):
            (self.root / name).mkdir(parents=True)

    def step(self, script, **inputs):
        """Run a step as the runner does; return how it ended."""
        text = (DEPLOYMENT / script).read_text()
        copy = self.root / 'step'
        copy.write_text(text)
        copy.chmod(0o700)

        return subprocess.run(
            [copy], env={**self.environment, **inputs},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def start(self, service, port):
        """Start a service as its configuration says, and wait for it."""
        parser = configparser.RawConfigParser()
        parser.read(self.root / f'etc/services.d/{service}.conf')
        program = dict(parser.items(f'program:{service}'))
        variables = dict(
            pair.partition('=')[::2] for pair
            in shlex.split(program.get('environment', '').replace(',', ' ')))
        log = self.root / f'var/log/{service}.log'

        with log.open('a') as file:
            process = subprocess.Popen(
                shlex.split(program['command']), stdout=file,
                env={**self.environment, **variables},
                stderr=subprocess.STDOUT)

        while True:
            if process.poll() is not None:
                raise AssertionError(log.read_text())

            try:
                socket.create_connection((self.address, port)).close()
                return process
            except ConnectionRefusedError:
                time.sleep(0.01)


def ask(node, path, body=None, port=8080):
    with urllib.request.urlopen(f'http://{node.address}:{port}{path}',
                                data=body, timeout=10) as answer:
        return json.load(answer)


class DatabaseTestCase(testtools.TestCase):
    """Tests with a database server, as the steps make it."""

    passwords = {'SERVICES': 'web', 'PRIVILEGES': 'SELECT, INSERT',
                 'WEB_PASSWORD': 'one', 'MIGRATION_PASSWORD': 'other'}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.database = Node(pathlib.Path(directory.name, 'node'))
        cls.configured()
        cls.started()
        cls.addClassCleanup(cls.stopped)

    @classmethod
    def started(cls):
        cls.server = cls.database.start('mariadb', 3306)

    @classmethod
    def stopped(cls):
        cls.server.terminate()
        cls.server.wait()

    @classmethod
    def configured(cls, **passwords):
        done = cls.database.step('mariadb/configure.py',
                                 **{**cls.passwords, **passwords})
        assert done.returncode == 0, done.stdout

    def setUp(self):
        super().setUp()
        self.administer('DROP TABLE IF EXISTS web.items')

    def administer(self, statement):
        return subprocess.run(
            ['mariadb', '--no-defaults', '--skip-column-names',
             '--socket=mariadb.sock', '--execute', statement],
            cwd=self.database.root / 'var/lib/mariadb', check=True,
            capture_output=True, text=True).stdout

    def connect(self, user='web', password='one'):
        connection = pymysql.connect(
            host=self.database.address, user=user, password=password,
            database='web', autocommit=True)
        self.addCleanup(
            lambda: connection.open and connection.close())

        return connection

    def node(self):
        return Node(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'node'))

    def migrate(self, half, release):
        done = self.node().step(
            'web/migrate.py', HALF=half, RELEASE=release,
            DATABASE=self.database.address, MIGRATION_PASSWORD='other')
        self.assertEqual(0, done.returncode, done.stdout)

        return done.stdout

    def web(self, release, password='one'):
        """A node that runs a release of the web service."""
        node = self.node()

        for script in ('web/package.sh', 'web/configure.sh'):
            done = node.step(
                script, RELEASE=release, PASSWORD=password,
                DATABASE=self.database.address,
                PROGRAM=(DEPLOYMENT / f'web/release-{release}.py'
                         ).read_text())
            self.assertEqual(0, done.returncode, done.stdout)

        node.process = node.start('web', 8080)
        self.addCleanup(node.process.wait)
        self.addCleanup(node.process.kill)

        return node


class MariadbTest(DatabaseTestCase):

    def accepted(self):
        """Which passwords the server takes from the web service."""
        found = []

        for password in ('one', 'two', 'three', ''):
            try:
                self.connect(password=password)
                found.append(password)
            except pymysql.err.OperationalError:
                """It is refused."""

        return found

    def rotate(self, password, migration='other'):
        self.configured(WEB_PASSWORD=password, MIGRATION_PASSWORD=migration)
        done = self.database.step('mariadb/reload.sh')
        self.assertEqual(0, done.returncode, done.stdout)

    def verify(self):
        done = self.database.step('mariadb/verify.sh', SERVICES='web')

        return done.returncode, done.stdout

    def clean_up(self, password):
        done = self.database.step('mariadb/keep-password.py', SERVICE='web',
                                  PASSWORD=password,
                                  DATABASE=self.database.address)
        self.assertEqual(0, done.returncode, done.stdout)

    def test_a_new_password_is_taken_beside_the_old_one_for_a_while(self):
        self.assertEqual(['one'], self.accepted())

        for before, after in (('one', 'two'), ('two', 'three')):
            self.rotate(after)
            self.assertEqual({before, after}, set(self.accepted()))
            # Again, as after an interruption.
            self.rotate(after)
            self.assertEqual({before, after}, set(self.accepted()))

            self.clean_up(after)
            self.assertEqual([after], self.accepted())
            self.rotate(after)
            self.assertEqual([after], self.accepted())

        self.stopped()
        self.started()
        self.assertEqual(['three'], self.accepted())
        self.rotate('one')
        self.clean_up('one')

    def test_the_web_service_changes_no_table(self):
        self.migrate('expand', '1')

        with self.connect().cursor() as cursor:
            for statement in ('DROP TABLE items', 'CREATE TABLE t (a INT)',
                              'ALTER TABLE items ADD COLUMN a INT',
                              'DELETE FROM items'):
                error = self.assertRaises(pymysql.err.OperationalError,
                                          cursor.execute, statement)
                self.assertEqual(1142, error.args[0])

    def test_no_password_is_written_down(self):
        secret = 'neither-of-the-two'
        self.addCleanup(self.clean_up, 'one')
        self.addCleanup(self.rotate, 'one')
        self.rotate(secret, secret)

        self.assertEqual([], [
            path for path in self.database.root.rglob('*')
            if path.is_file() and secret.encode() in path.read_bytes()])

    def test_verify_misses_an_account(self):
        self.assertEqual((0, ''), self.verify())
        self.administer('DROP USER migration')
        self.assertEqual((2, 'The account migration is missing.\n'),
                         self.verify())
        self.rotate('one')
        self.assertEqual((0, ''), self.verify())


class WebTest(DatabaseTestCase):

    def setUp(self):
        super().setUp()
        self.migrate('expand', '1')

    def test_two_releases_serve_between_expand_and_contract(self):
        old = self.web('1')
        self.assertEqual('1', ask(old, '/')['release'])
        self.assertEqual({'number': 1}, ask(old, '/items', b'first'))

        for _ in range(2):
            self.assertIn('content, text', self.migrate('expand', '2'))

        new = self.web('2')
        self.assertEqual('2', ask(new, '/')['release'])
        self.assertEqual({'count': 1, 'newest': 'first'}, ask(new, '/items'))
        self.assertEqual({'number': 2}, ask(old, '/items', b'second'))
        self.assertEqual('second', ask(new, '/items')['newest'])
        self.assertEqual({'number': 3}, ask(new, '/items', b'third'))
        self.assertEqual({'count': 3}, ask(old, '/items'))
        self.assertEqual('first\nsecond\nthird\n', self.administer(
            'SELECT text FROM web.items ORDER BY number'))

        for _ in range(2):
            self.assertIn(': content\n', self.migrate('contract', '2'))

        self.assertEqual({'number': 4}, ask(new, '/items', b'fourth'))
        error = self.assertRaises(urllib.error.HTTPError, ask, old, '/items',
                                  b'lost')
        self.assertEqual(503, error.code)
        # Which is why verify writes.
        self.assertEqual({'healthy': True}, ask(old, '/health'))

        self.migrate('expand', '1')
        self.assertEqual({'number': 5}, ask(old, '/items', b'fifth'))
        self.assertEqual('fifth', ask(new, '/items')['newest'])
        self.assertIn(': text\n', self.migrate('contract', '1'))
        self.assertEqual({'count': 5}, ask(old, '/items'))

    def test_many_items_are_copied(self):
        self.administer('INSERT INTO web.items (text) '
                        'SELECT seq FROM web.seq_1_to_2500')
        self.migrate('expand', '2')

        self.assertEqual('2500\n', self.administer(
            'SELECT COUNT(*) FROM web.items WHERE content = text'))

    def test_a_long_transaction_holds_nobody_up_but_the_change(self):
        old = self.web('1')
        connection = self.connect()
        connection.begin()

        with connection.cursor() as cursor:
            cursor.execute('SELECT * FROM items')

        change = threading.Thread(target=self.migrate,
                                  args=('expand', '2'))
        change.start()

        while 'metadata lock' not in self.administer('SHOW PROCESSLIST'):
            self.assertTrue(change.is_alive())

        # It gets its turn when the change has stepped aside.
        self.assertEqual({'number': 1}, ask(old, '/items', b'meanwhile'))
        self.assertTrue(change.is_alive())
        connection.commit()
        change.join()
        self.assertIn('content', self.administer(
            'SHOW COLUMNS FROM web.items'))

    def test_a_backup_can_be_restored(self):
        old = self.web('1')
        ask(old, '/items', b'kept')
        done = old.step('web/backup.sh', RELEASE='2',
                        DATABASE=self.database.address,
                        MIGRATION_PASSWORD='other')
        self.assertEqual((0, ''), (done.returncode, done.stdout))
        backup = old.root / 'var/lib/web/before-release-2.sql'
        self.assertEqual(0o600, backup.stat().st_mode & 0o777)
        self.migrate('expand', '2')
        ask(old, '/items', b'lost')

        with backup.open() as file:
            subprocess.run(
                ['mariadb', '--no-defaults', '--user=migration',
                 f'--host={self.database.address}', 'web'], stdin=file,
                env={**os.environ, 'MYSQL_PWD': 'other'}, check=True)

        self.assertEqual('1\tkept\n', self.administer(
            'SELECT * FROM web.items'))
        self.assertEqual({'number': 2}, ask(old, '/items', b'new'))

    def test_a_wrong_password_shows_where_something_is_stored(self):
        node = self.web('1', password='wrong')

        self.assertEqual({'healthy': True}, ask(node, '/health'))
        error = self.assertRaises(urllib.error.HTTPError, ask, node,
                                  '/items', b'lost')
        self.assertEqual(503, error.code)
        self.assertNotIn('wrong', (node.root / 'var/log/web.log'
                                   ).read_text())

    def test_a_stop_waits_for_the_request_in_flight(self):
        node = self.web('1')

        with socket.create_connection((node.address, 8080),
                                      timeout=5) as client:
            client.sendall(b'POST /items HTTP/1.1\r\nHost: web\r\n'
                           b'Content-Length: 4\r\n\r\nso')
            # An answer to a later connection shows that ours was accepted.
            ask(node, '/health')
            node.process.terminate()
            self.assertRaises(subprocess.TimeoutExpired,
                              node.process.wait, 0.5)
            client.sendall(b'me')

            self.assertIn(b' 201 ', client.makefile('rb').readline())

        self.assertEqual(0, node.process.wait(10))


class HaproxyTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.node = Node(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'node'))

    def configure(self, timeout):
        done = self.node.step(
            'haproxy/configure.sh', SERVICES='web:8000:8080:/health',
            SERVERS='controller-0', ADDRESSES=self.node.address,
            TIMEOUT=timeout)
        self.assertEqual(0, done.returncode, done.stdout)

    def answers(self, stopped, seen):
        while not stopped.is_set():
            with urllib.request.urlopen(
                    f'http://{self.node.address}:8000/haproxy-alive',
                    timeout=5) as answer:
                seen.append(answer.status)

    def test_a_reload_refuses_nobody(self):
        self.configure('30')
        process = self.node.start('haproxy', 8000)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        manager = self.node.root / 'bin/supervisorctl'
        manager.write_text(f'#!/bin/sh\nkill "-$2" {process.pid}\n')
        manager.chmod(0o700)
        stopped, seen = threading.Event(), []
        client = threading.Thread(target=self.answers, args=(stopped, seen))
        client.start()

        try:
            self.configure('31')
            done = self.node.step('haproxy/reload.py')
            before = len(seen)

            while len(seen) < before + 20:
                self.assertTrue(client.is_alive())
        finally:
            stopped.set()
            client.join()

        self.assertEqual((0, ''), (done.returncode, done.stdout))
        self.assertIn('Former worker', (
            self.node.root / 'var/log/haproxy.log').read_text())


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
        server = _LoadBalancer(free_address(), sessions)
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)

        return server

    def run_step(self, state, *addresses, node='controller-0', deadline=5):
        return subprocess.run(
            [sys.executable, DEPLOYMENT / 'common/traffic.py'],
            env={'NODE_NAME': node, 'SERVICE': 'web', 'STATE': state,
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
        address = free_address()

        done = self.run_step('drain', address)

        self.assertEqual(0, done.returncode)
        self.assertIn(f'{address} is not running', done.stdout)

    def test_a_refusal_is_an_error(self):
        server = self.load_balancer()

        done = self.run_step('drain', server.server_address[0], node='other')

        self.assertEqual(1, done.returncode)
        self.assertIn('No such server', done.stderr)
