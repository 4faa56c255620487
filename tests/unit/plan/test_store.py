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

import pathlib

import fixtures
import testtools

from tests.unit.plan import swift_server
from tripleo_workflows import exceptions
from tripleo_workflows.plan import store


class PlanStoreTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.swift = self.useFixture(swift_server.SwiftServer())
        self.plan = store.PlanStore(self.swift.connection(), 'overcloud')

    def test_reads_what_was_written(self):
        files = {f'deployment/{number}.yaml': f'number: {number} ü\n'
                 for number in range(20)}
        self.plan.create()

        written = self.plan.write(files)

        self.assertEqual(sorted(files), written)
        self.assertEqual(files, self.plan.read())

    def test_sends_only_what_changed(self):
        self.plan.create()
        self.plan.write({'a.yaml': 'a', 'b.yaml': 'b', 'c.yaml': 'c'})
        self.swift.puts.clear()

        written = self.plan.write({'a.yaml': 'a', 'b.yaml': 'other'},
                                  remove=['c.yaml', 'never.yaml'])

        self.assertEqual(['b.yaml'], written)
        self.assertEqual(['b.yaml'], self.swift.puts)
        self.assertEqual({'a.yaml': 'a', 'b.yaml': 'other'},
                         self.plan.read())

    def test_does_not_remove_what_it_writes(self):
        self.plan.create()
        self.plan.write({'a.yaml': 'a'})

        self.plan.write({'a.yaml': 'a'}, remove=['a.yaml'])

        self.assertEqual({'a.yaml': 'a'}, self.plan.read())

    def test_leaves_out_what_is_no_text(self):
        self.plan.create()
        self.plan.write({'a.yaml': 'a'})
        self.swift.containers['overcloud']['logo.png'] = b'\x89PNG\xff'

        self.assertEqual({'a.yaml': 'a'}, self.plan.read())

    def test_marks_a_plan(self):
        self.assertFalse(self.plan.exists())

        self.plan.create()

        self.assertTrue(self.plan.exists())

    def test_adopts_a_container(self):
        self.swift.connection().put_container('overcloud')
        self.assertFalse(self.plan.exists())

        self.plan.adopt()

        self.assertTrue(self.plan.exists())

    def test_refuses_an_existing_container(self):
        self.plan.create()

        self.assertRaises(exceptions.Conflict, self.plan.create)

    def test_refuses_a_name_that_no_stack_may_have(self):
        plan = store.PlanStore(self.swift.connection(), 'over/cloud')

        error = self.assertRaises(exceptions.InvalidInput, plan.create)

        self.assertEqual('plan', error.where['field'])
        self.assertEqual({}, self.swift.containers)

    def test_a_missing_plan_is_named_with_the_remedy(self):
        for call in (self.plan.read, self.plan.adopt,
                     lambda: self.plan.write({'a': 'a'})):
            error = self.assertRaises(exceptions.NotFound, call)

            self.assertIn('no plan named overcloud', error.message)
            self.assertIn('plan upload', error.remedy)

    def test_errors_of_swift_carry_its_status_only(self):
        self.plan.create()
        self.swift.failing = 403

        error = self.assertRaises(exceptions.ServiceUnavailable,
                                  self.plan.read)

        self.assertIn('403', error.message)
        self.assertNotIn('http://', str(error))


class ReadDirectoryTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'plan')
        self.root.mkdir()
        self.write('overcloud.yaml', b'template')

    def write(self, name, content):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

        return file

    def test_reads_files_by_their_names_in_the_plan(self):
        self.write('deployment/web/web.yaml', b'web')

        self.assertEqual(
            {'overcloud.yaml': 'template', 'deployment/web/web.yaml': 'web'},
            store.read_directory(self.root))

    def test_skips_what_tools_leave_behind(self):
        for name in ('.git/config', '.tox/py3/log', 'a/__pycache__/b.pyc',
                     'b.pyc'):
            self.write(name, b'\xff')

        self.assertEqual({'overcloud.yaml': 'template'},
                         store.read_directory(self.root))

    def test_follows_a_link_inside_the_plan(self):
        (self.root / 'again.yaml').symlink_to('overcloud.yaml')

        self.assertEqual('template',
                         store.read_directory(self.root)['again.yaml'])

    def test_refuses_a_link_that_leads_outside(self):
        secret = self.root.parent / 'secret'
        secret.write_text('secret')
        for target in (secret, self.root.parent):
            link = self.root / 'link.yaml'
            link.symlink_to(target)

            error = self.assertRaises(
                exceptions.InvalidInput, store.read_directory, self.root)

            self.assertEqual('link.yaml', error.where['file'])
            link.unlink()

    def test_follows_a_link_that_leads_outside_where_it_may(self):
        (self.root.parent / 'shared.sh').write_text('shared')
        (self.root / 'shared.sh').symlink_to('../shared.sh')
        (self.root / 'again.yaml').symlink_to('overcloud.yaml')

        files = store.read_directory(self.root, follow_links=True)

        self.assertEqual('shared', files['shared.sh'])
        self.assertEqual('template', files['again.yaml'])

    def test_never_follows_a_link_to_a_directory(self):
        (self.root / 'linked').symlink_to(self.root.parent)

        self.assertRaises(exceptions.InvalidInput, store.read_directory,
                          self.root, follow_links=True)

    def test_refuses_a_dangling_link_and_binary_files(self):
        link = self.root / 'link.yaml'
        link.symlink_to('nowhere.yaml')
        error = self.assertRaises(
            exceptions.InvalidInput, store.read_directory, self.root)
        self.assertIn('cannot be read', error.message)
        link.unlink()

        self.write('logo.png', b'\x89PNG\xff')
        error = self.assertRaises(
            exceptions.InvalidInput, store.read_directory, self.root)
        self.assertIn('not UTF-8 text', error.message)

    def test_names_a_directory_that_is_missing_or_empty(self):
        self.assertRaises(exceptions.NotFound, store.read_directory,
                          self.root / 'missing')

        (self.root / 'empty').mkdir()
        self.assertRaises(exceptions.InvalidInput, store.read_directory,
                          self.root / 'empty')
