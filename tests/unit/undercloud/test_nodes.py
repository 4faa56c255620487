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

"""How nodes are shown, and removed while the undercloud is down."""

import argparse
import json
import os
import pathlib
import subprocess

import fixtures
import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import node_tree
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import state as undercloud_state

NODES = [
    nodes.Node('web-0', '127.1.0.1', pathlib.Path('/s/nodes/web-0'),
               nodes.ENROLLED, 17),
    nodes.Node('web-1', '127.1.0.2', pathlib.Path('/s/nodes/web-1'),
               nodes.DOWN, None),
]


class TestFormats(testtools.TestCase):

    def test_the_environment_is_what_heat_reads(self) -> None:
        found = yaml.safe_load(nodes.environment(NODES))
        ports = found['parameter_defaults']['NodePortMap']
        self.assertEqual(['web-0', 'web-1'], sorted(ports))
        self.assertEqual(
            {'ctlplane': {'ip_address': '127.1.0.2',
                          'ip_subnet': '127.1.0.2/24',
                          'ip_address_uri': '127.1.0.2'}}, ports['web-1'])

    def test_programs_get_json(self) -> None:
        found = json.loads(nodes.document(NODES))
        self.assertEqual(
            {'name': 'web-1', 'address': '127.1.0.2',
             'root': '/s/nodes/web-1', 'state': 'down', 'pid': None},
            found[1])

    def test_people_get_a_table(self) -> None:
        self.assertEqual(
            ['Name   Address    State     PID',
             'web-0  127.1.0.1  enrolled  17',
             'web-1  127.1.0.2  down      -'],
            nodes.table(NODES).splitlines())

    def test_no_nodes_are_no_error(self) -> None:
        self.assertEqual([], json.loads(nodes.document([])))
        self.assertEqual({'parameter_defaults': {'NodePortMap': {}}},
                         yaml.safe_load(nodes.environment([])))


class TestArguments(testtools.TestCase):

    def test_each_command_has_its_function(self) -> None:
        parser = argparse.ArgumentParser()
        common = argparse.ArgumentParser(add_help=False)
        common.add_argument('--state-dir')
        nodes.add_arguments(parser, common)
        adding = parser.parse_args(['add', 'web-0', 'web-1'])
        self.assertEqual(['web-0', 'web-1'], adding.names)
        self.assertFalse(adding.ansible)
        self.assertTrue(callable(adding.func))
        removing = parser.parse_args(['remove', 'web-1'])
        self.assertEqual(['web-1'], removing.names)
        self.assertTrue(callable(removing.func))
        showing = parser.parse_args(['list', '-f', 'environment'])
        self.assertEqual('environment', showing.format)
        self.assertTrue(callable(showing.func))


class TestRemove(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.state = undercloud_state.StateDirectory(pathlib.Path(
            self.useFixture(fixtures.TempDir()).path))
        self.state.enroll.mkdir()

        for name in ('web-0', 'web-1'):
            self._make(name)

    def _make(self, name: str) -> None:
        path = node_tree.root_of(self.state, name) / node_boot.ENVIRONMENT
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(
            {'NODE_NAME': name, 'NODE_ADDRESS': f'127.1.0.{name[-1]}'}))
        (self.state.enroll / f'{name}.json').touch()

    def _names(self) -> list[str]:
        return [node.name for node in nodes.listing(self.state)]

    def test_all_of_it_goes_with_its_processes(self) -> None:
        root = node_tree.root_of(self.state, 'web-0')
        process = subprocess.Popen(
            ['sleep', '600'], env={**os.environ, 'NODE_ROOT': str(root)})
        self.addCleanup(process.kill)
        nodes.remove(self.state, ['web-0', 'web-0'])

        self.assertEqual(-15, process.wait(5))
        self.assertEqual(['web-1'], self._names())
        self.assertEqual([], [str(path) for path
                              in self.state.root.rglob('*web-0*')])

    def test_nothing_is_removed_where_one_name_is_unknown(self) -> None:
        error = self.assertRaises(exceptions.NotFound, nodes.remove,
                                  self.state, ['web-0', 'web-9'])
        self.assertIn('web-9', error.message)
        self.assertIn('web-0, web-1', error.remedy)
        self.assertEqual(['web-0', 'web-1'], self._names())
        self.assertTrue((self.state.enroll / 'web-0.json').exists())

    def test_what_a_killed_removal_left_does_not_matter(self) -> None:
        root = node_tree.root_of(self.state, 'web-0')
        doomed = root.with_name('.removed') / 'web-0'
        doomed.parent.mkdir()
        root.rename(doomed)
        self.assertEqual(['web-1'], self._names())
        self._make_again('web-0')
        nodes.remove(self.state, ['web-0'])
        self.assertEqual(['web-1'], self._names())
        self.assertEqual([], list(self.state.root.rglob('*web-0*')))

    def _make_again(self, name: str) -> None:
        (self.state.enroll / f'{name}.json').unlink()
        self._make(name)
