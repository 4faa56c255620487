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

"""How nodes are shown."""

import argparse
import json
import pathlib

import testtools
import yaml

from tripleo_workflows.undercloud import nodes

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
        self.assertTrue(callable(adding.func))
        showing = parser.parse_args(['list', '-f', 'environment'])
        self.assertEqual('environment', showing.format)
        self.assertTrue(callable(showing.func))
