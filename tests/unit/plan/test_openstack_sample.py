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

import os
import pathlib

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
