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

"""What a run deploys, and what it upgrades that to."""

import pathlib
import shutil

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud.ci import scenario

SAMPLE = pathlib.Path(
    __file__, '../../../../../samples/overcloud').resolve()


class ScenarioTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def _environment(self, name, text):
        path = self.root / name
        path.write_text(text)

        return path

    def _read(self, second=None, name=None, before=(), after=()):
        return scenario.read(SAMPLE, second, name, before, after)

    def _next(self, parameters='  WebRelease: "2"\n'):
        return self._environment(
            'web-2.yaml', f'parameter_defaults:\n{parameters}')

    def test_nodes_are_called_as_the_roles_say(self):
        found = self._read(after=[self._next()])

        self.assertEqual('overcloud', found.stack)
        self.assertEqual(
            ('overcloud-controller-0', 'overcloud-controller-1',
             'overcloud-controller-2', 'overcloud-database-0',
             'overcloud-compute-0', 'overcloud-compute-1'), found.nodes)

    def test_a_stack_of_another_name_has_nodes_of_that_name(self):
        found = self._read(name='other', after=[self._next()])
        self.assertEqual('other-controller-0', found.nodes[0])

    def test_counts_and_names_can_be_parameters(self):
        counts = self._environment(
            'counts.yaml',
            'parameter_defaults:\n'
            '  ControllerCount: 1\n'
            '  ComputeCount: 0\n'
            "  DatabaseHostnameFormat: 'db%index%-%stackname%'\n")
        found = self._read(before=[counts], after=[self._next()])

        self.assertEqual(('overcloud-controller-0', 'db0-overcloud'),
                         found.nodes)

    def test_nodes_that_an_upgrade_adds_are_there_from_the_start(self):
        found = self._read(after=[self._next('  ComputeCount: 3\n')])
        self.assertIn('overcloud-compute-2', found.nodes)

    def test_later_files_win(self):
        first = self._environment(
            'a.yaml', 'parameter_defaults: {WebRelease: "7", Other: 1}\n')
        second = self._environment(
            'b.yaml', 'parameter_defaults: {WebRelease: "8"}\n')
        found = self._read(before=[first, second], after=[self._next()])

        self.assertEqual({'WebRelease': '8', 'Other': 1}, found.parameters)

    def test_each_file_is_an_upgrade(self):
        found = self._read(after=[self._next(), self._next()])

        self.assertEqual(['upgrade 1 to web-2', 'upgrade 2 to web-2'],
                         [hop.title for hop in found.hops])
        self.assertEqual([None, None], [hop.files for hop in found.hops])
        self.assertEqual(3, found.releases)

    def test_a_second_plan_comes_with_the_first_upgrade(self):
        second = shutil.copytree(SAMPLE, self.root / 'next')
        (second / 'mark').write_text('second')
        found = self._read(second=second, after=[self._next(), self._next()])

        self.assertEqual('second', found.hops[0].files['mark'])
        self.assertIsNone(found.hops[1].files)

    def test_a_second_plan_alone_is_an_upgrade(self):
        second = shutil.copytree(SAMPLE, self.root / 'next')
        found = self._read(second=second)

        self.assertEqual(['upgrade 1 to next'],
                         [hop.title for hop in found.hops])

    def test_nothing_to_upgrade_to_is_refused(self):
        error = self.assertRaises(exceptions.InvalidInput, self._read)
        self.assertEqual('--to', error.where['field'])

    def test_a_file_without_parameters_is_refused(self):
        for text in ('resource_registry: {}\n', '[]\n', ''):
            path = self._environment('x.yaml', text)
            error = self.assertRaises(exceptions.InvalidInput, self._read,
                                      after=[path])
            self.assertIn('parameter_defaults', str(error))

    def test_a_missing_file_is_named(self):
        error = self.assertRaises(exceptions.NotFound, self._read,
                                  after=[self.root / 'none.yaml'])
        self.assertIn('none.yaml', str(error))
