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

"""The steps of samples/openstack that people will copy."""

import configparser
import contextlib
import http.server
import json
import os
import pathlib
import shlex
import subprocess
import threading
import time

import fixtures
import testtools

from tests.unit.plan import test_sample

DEPLOYMENT = pathlib.Path(
    __file__, '../../../../samples/openstack/deployment').resolve()
RELEASE = '29.1.0'

#: Stands in for keystone-manage: notes what it was given, and ends as told.
PROGRAM = """\
#!/bin/sh
echo "$*" >> "$NODE_ROOT/arguments"
cat "$2" >> "$NODE_ROOT/configuration"
echo "$OS_BOOTSTRAP_PASSWORD" >> "$NODE_ROOT/passwords"
read -r answer < "$NODE_ROOT/answers"
sed -i 1d "$NODE_ROOT/answers"
[ -z "$answer" ] || { echo "$answer"; exit 1; }
"""


class Controller:
    """Keystone and Placement at an address, as a reporter needs them."""

    def __init__(self, case):
        self.address = test_sample.free_address()
        self.providers = {}
        self.inventories = {}
        self.asked = []
        #: What a request is answered with instead, if anything.
        self.status = None
        self.case = case

    def serve(self, port):
        controller = self

        class Handler(http.server.BaseHTTPRequestHandler):

            def answer(self):
                body = self.rfile.read(
                    int(self.headers.get('Content-Length') or 0))
                status, content = controller.answer(
                    self.command, self.path, json.loads(body or 'null'),
                    self.headers)
                self.send_response(controller.status or status)
                self.send_header('X-Subject-Token', 'a-token')
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *arguments):
                """Nobody reads it."""

        server = http.server.ThreadingHTTPServer((self.address, port),
                                                 Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        self.case.addCleanup(server.server_close)
        self.case.addCleanup(server.shutdown)

    def answer(self, method, path, body, headers):
        self.asked.append(f'{method} {path}')

        if path == '/v3/auth/tokens':
            user = body['auth']['identity']['password']['user']

            return (201 if user['password'] == 'hidden' else 401), {}

        if headers['X-Auth-Token'] != 'a-token':
            return 401, {}

        if method == 'POST':
            self.providers[body['uuid']] = body['name']
            self.inventories[body['uuid']] = 0, {}

            return 200, body

        provider = path.split('/')[2]

        if provider not in self.providers:
            return 404, {}

        if method == 'PUT':
            generation, _ = self.inventories[provider]

            if body['resource_provider_generation'] != generation:
                return 409, {}

            self.inventories[provider] = generation + 1, body['inventories']

        generation, inventory = self.inventories[provider]

        return 200, {'resource_provider_generation': generation,
                     'inventories': inventory}


class StepsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.node = test_sample.Node(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'node'))
        self.place = self.node.root / 'opt/keystone' / RELEASE

    def step(self, *scripts, **inputs):
        script = self.node.root / 'joined'
        script.write_text(''.join((DEPLOYMENT / name).read_text()
                                  for name in scripts))

        return self.node.step(script, SERVICE='keystone', RELEASE=RELEASE,
                              **inputs)

    def read(self, name):
        return (self.node.root / name).read_text()


class PackageTest(StepsTestCase):

    def test_what_was_not_staged_is_refused(self):
        self.place.mkdir(parents=True)

        done = self.step('common/package.sh')

        self.assertEqual((1, 'keystone 29.1.0 was not staged on this node.\n'),
                         (done.returncode, done.stdout))
        self.assertFalse((self.place.parent / 'current').exists())

    def test_the_current_release_is_another_one(self):
        for release in ('28.1.0', RELEASE):
            place = self.place.with_name(release)
            place.mkdir(parents=True)
            (place / 'complete').touch()

        (self.place.parent / 'current').symlink_to('28.1.0')

        self.assertEqual(0, self.step('common/package.sh').returncode)
        self.assertEqual(self.place,
                         (self.place.parent / 'current').resolve())

    def test_releases_that_are_no_longer_needed_are_removed(self):
        links = {'current': '28.1.0', 'previous': '27.1.0'}

        for release in ('23.0.2', '26.0.0', *links.values(), RELEASE):
            place = self.place.with_name(release)
            place.mkdir(parents=True)
            (place / 'complete').touch()

        for name, release in links.items():
            (self.place.parent / name).symlink_to(release)

        done = self.step('common/stage.sh', REQUIREMENTS='')

        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual({*links, *links.values(), RELEASE}, {
            path.name for path in self.place.parent.iterdir()})

    def test_the_release_before_is_kept_for_a_way_back(self):
        for release in ('28.1.0', RELEASE):
            place = self.place.with_name(release)
            place.mkdir(parents=True)
            (place / 'complete').touch()

        (self.place.parent / 'current').symlink_to('28.1.0')

        for _ in range(2):
            self.assertEqual(0, self.step('common/package.sh').returncode)
            self.assertEqual(
                '28.1.0', os.readlink(self.place.parent / 'previous'))


class ManageTest(StepsTestCase):

    def setUp(self):
        super().setUp()
        program = self.place / 'bin/keystone-manage'
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(0o700)

    def manage(self, *answers, bootstrap=False, admin='one'):
        (self.node.root / 'answers').write_text(
            ''.join(f'{answer}\n' for answer in [*answers, *[''] * 9]))
        scripts = ['common/manage.sh',
                   *['keystone/bootstrap.sh'] * bootstrap]

        return self.step(
            *scripts, PROGRAM='keystone-manage', HASH_ROUNDS='4',
            ARGUMENTS='db_sync --expand', SECTION='database',
            DATABASE='127.0.0.9', MIGRATION_PASSWORD='hidden',
            ADMIN_PASSWORD=admin, PLACEMENT_PASSWORD='two')

    def test_the_password_is_in_no_list_of_processes(self):
        self.assertEqual(0, self.manage().returncode)
        self.assertEqual('--config-file /dev/stdin db_sync --expand\n',
                         self.read('arguments'))
        self.assertIn('[database]\nconnection = mysql+pymysql://migration:'
                      'hidden@127.0.0.9/keystone?', self.read('configuration'))

    def test_it_steps_aside_and_tries_again(self):
        locked = '(1205, Lock wait timeout exceeded)'

        done = self.manage(locked, locked)

        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual(3, self.read('arguments').count('--expand'))

    def test_any_other_failure_ends_it(self):
        done = self.manage('(1290, read-only)')

        self.assertEqual((1, '(1290, read-only)\n'),
                         (done.returncode, done.stdout))
        self.assertEqual(1, self.read('arguments').count('--expand'))

    def test_a_schema_that_is_newer_needs_nothing(self):
        done = self.manage("Can't locate revision identified by '742c857f'")

        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual(1, self.read('arguments').count('--expand'))

    def test_a_contraction_may_meet_a_schema_that_is_newer(self):
        ahead = 'upgrade contract ahead of expand'

        for checked, code in (("Can't locate revision", 0), ('', 1)):
            done = self.manage(ahead, checked)
            self.assertEqual(code, done.returncode, done.stdout)
            self.assertEqual(1, self.read('arguments').count('--check'))
            (self.node.root / 'arguments').unlink()

    def test_accounts_are_made_once_and_where_a_password_is_new(self):
        for admin, passwords in (('one', 'one two'), ('one', ''),
                                 ('three', 'three two')):
            (self.node.root / 'passwords').write_text('')
            done = self.manage(bootstrap=True, admin=admin)

            self.assertEqual(0, done.returncode, done.stdout)
            self.assertEqual(passwords.split(),
                             self.read('passwords').split())

    def test_accounts_that_were_not_made_are_tried_again(self):
        self.assertEqual(1, self.manage(
            '', 'no database', bootstrap=True).returncode)
        (self.node.root / 'passwords').write_text('')

        self.assertEqual(0, self.manage(bootstrap=True).returncode)
        self.assertEqual(['one', 'two'], self.read('passwords').split())


class InventoryTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.node = test_sample.Node(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'node'))
        self.reported = self.node.root / 'var/lib/inventory/reported'
        self.controller = Controller(self)
        self.controller.serve(5000)
        self.controller.serve(8778)

    def step(self, name, code=0, **inputs):
        done = self.node.step(DEPLOYMENT / 'inventory' / name, **inputs)
        self.assertEqual(code, done.returncode, done.stdout)

        return done.stdout

    def configure(self, *controllers, password='hidden'):
        self.step('package.sh', PROGRAM=(
            DEPLOYMENT / 'inventory/report.py').read_text())
        self.step('configure.sh', PASSWORD=password,
                  CONTROLLERS=' '.join(controllers
                                       or [self.controller.address]))

    @contextlib.contextmanager
    def running(self):
        """The reporter, run as the node's service manager does."""
        parser = configparser.RawConfigParser()
        parser.read(self.node.root / 'etc/services.d/inventory.conf')
        process = subprocess.Popen(
            shlex.split(parser['program:inventory']['command']),
            env=self.node.environment, stdout=subprocess.PIPE, text=True)

        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def report(self):
        self.reported.unlink(missing_ok=True)

        with self.running() as process:
            while not self.reported.exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)

    def verify(self, code=0):
        return self.step('verify.py', code, DEADLINE='0')

    def inventory(self):
        [(_, inventory)] = self.controller.inventories.values()

        return {name: has['total'] for name, has in inventory.items()}

    def test_the_password_is_in_one_file_that_nobody_else_reads(self):
        self.configure()

        files = [path for path in self.node.root.rglob('*')
                 if path.is_file() and 'hidden' in path.read_text()]

        self.assertEqual([self.node.root / 'etc/inventory/inventory.conf'],
                         files)
        self.assertEqual(0o600, files[0].stat().st_mode & 0o777)

    def test_placement_gets_what_the_node_has(self):
        self.configure()
        before = time.time()

        self.report()

        self.assertEqual(['controller-0'],
                         [*self.controller.providers.values()])
        self.assertEqual(os.cpu_count(), self.inventory()['VCPU'])
        self.assertGreater(self.inventory()['MEMORY_MB'], 0)
        self.assertTrue(before <= float(self.reported.read_text())
                        <= time.time())

    def test_what_is_there_is_left_alone_and_what_is_wrong_is_mended(self):
        self.configure()
        self.report()
        wanted = self.inventory()
        self.controller.asked.clear()

        self.report()
        self.assertFalse([asked for asked in self.controller.asked
                          if asked.startswith('PUT')])

        [provider] = self.controller.providers
        self.controller.inventories[provider] = 7, {'VCPU': {'total': 1}}
        self.report()
        self.assertEqual(wanted, self.inventory())

    def test_the_next_controller_is_asked_where_one_does_not_answer(self):
        broken = Controller(self)
        broken.status = 503
        broken.serve(5000)
        self.configure(test_sample.free_address(), broken.address,
                       self.controller.address)

        self.report()

        self.assertEqual(1, len(self.controller.providers))
        self.assertEqual(['POST /v3/auth/tokens'], broken.asked)

    def test_nothing_is_reported_where_nobody_answers(self):
        self.configure(password='wrong')

        with self.running() as process:
            self.assertIn('401', process.stdout.readline())

        self.assertFalse(self.reported.exists())

    def test_verify_wants_a_report_since_the_start(self):
        self.configure()
        self.report()
        self.verify()

        # As a start does.
        self.reported.unlink()
        self.assertEqual('Nothing was reported since the start.\n',
                         self.verify(2))

    def test_verify_asks_placement_itself(self):
        self.configure()
        self.report()

        [provider] = self.controller.providers
        self.controller.inventories[provider] = 7, {'VCPU': {'total': 1}}
        self.assertIn("Placement has {'VCPU': 1} of controller-0",
                      self.verify(2))

        self.controller.providers.clear()
        self.assertIn('404', self.verify(2))
        self.configure(test_sample.free_address())
        self.assertIn('No controller answers as it must.', self.verify(2))

    def test_a_start_forgets_what_was_reported_before(self):
        self.configure()
        self.reported.touch()
        manager = self.node.root / 'bin/supervisorctl'
        manager.write_text('#!/bin/sh\necho "$@"\n')
        manager.chmod(0o700)

        self.assertEqual(['stop', 'update', 'start'],
                         self.step('start.sh').split()[::2])
        self.assertFalse(self.reported.exists())
