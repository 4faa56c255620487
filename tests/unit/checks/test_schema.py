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

from typing import Any

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.checks import schema

WELL_FORMED: dict[str, dict[str, Any]] = {
    'http': {'url': 'http://$NODE_ADDRESS/', 'status': '201'},
    'tcp': {'host': '$NODE_ADDRESS', 'port': 3306, 'expect': 'mysql'},
    'script': {'script': 'exit 1', 'inputs': {'LIMIT': 3}, 'timeout': 5},
    'upgrade_check': {'command': 'keystone-status upgrade check'},
}


class SchemaTest(testtools.TestCase):
    def problem(self, check: object) -> str:
        return str(self.assertRaises(
            exceptions.InvalidInput, schema.require, check))

    def test_each_kind(self) -> None:
        self.assertEqual(set(schema.KINDS), set(WELL_FORMED))

        for kind, options in WELL_FORMED.items():
            check = {'name': 'x', kind: options}
            schema.require(check)
            self.assertEqual(kind, schema.kind_of(check))

    def test_what_is_lacking_is_named(self) -> None:
        for check, field in (
                ({'http': {'url': 'http://x'}}, 'The check lacks name.'),
                ({'name': 'x', 'http': {}}, 'field http of a check lacks '
                                            'url.'),
                ({'name': 'x', 'tcp': {'host': 'y'}}, 'lacks port.'),
                ({'name': 'x'}, 'exactly one of http, tcp, script, '
                                'upgrade_check.'),
                ({'name': 'x', **WELL_FORMED}, 'exactly one of')):
            self.assertIn(field, self.problem(check))

    def test_an_unknown_field_is_named_with_those_there_are(self) -> None:
        text = self.problem({'name': 'x', 'tcp': {
            **WELL_FORMED['tcp'], 'banner': 'secret'}})

        self.assertIn('tcp of a check has no banner; it may have expect,',
                      text)
        self.assertIn('check=x', text)
        self.assertNotIn('secret', text)

    def test_a_value_is_never_shown(self) -> None:
        for kind, field, value in (
                ('http', 'url', ['secret']),
                ('http', 'status', 'secret'),
                ('http', 'timeout', -4711),
                ('tcp', 'port', 4711471147),
                ('script', 'inputs', 'secret'),
                ('script', 'timeout', 'secret')):
            text = self.problem({'name': 'x', kind: {
                **WELL_FORMED[kind], field: value}})

            self.assertIn(f'The field {kind}.{field} of a check ', text)
            self.assertNotIn('secret', text)
            self.assertNotIn('4711', text)

    def test_names_of_inputs_are_variables(self) -> None:
        text = self.problem({'name': 'x', 'script': {
            'script': 'true', 'inputs': {'not-a-name': 1}}})

        self.assertIn('script.inputs', text)

    def test_on_names_the_nodes(self) -> None:
        self.assertIn('must be one of bootstrap, all', self.problem(
            {'name': 'x', 'on': 'some', 'script': {'script': 'true'}}))

    def test_no_check_at_all(self) -> None:
        for nothing in (None, 'http', []):
            self.assertIn('must be of type object', self.problem(nothing))
