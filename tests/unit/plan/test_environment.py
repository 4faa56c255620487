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

import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.plan import environment


def load(text):
    return environment.load({'plan-environment.yaml': text})


class EnvironmentTest(testtools.TestCase):

    def test_fills_in_what_is_left_out(self):
        loaded = load('version: 1.0\npasswords:\n')

        self.assertEqual('overcloud.yaml', loaded['template'])
        self.assertEqual([], loaded['environments'])
        self.assertEqual({}, loaded['passwords'])
        self.assertEqual({}, loaded['parameter_defaults'])

    def test_what_is_dumped_loads_again(self):
        loaded = load('version: 1.0\nname: overcloud\n'
                      'environments: [{path: a.yaml}, {data: {b: 1}}]\n'
                      "parameter_defaults: {WebRelease: '1'}\n")

        self.assertEqual(loaded, load(environment.dump(loaded)))

    def test_merges_parameters_into_a_copy(self):
        loaded = load("version: 1\nparameter_defaults: {A: {x: 1}, B: '2'}\n")

        merged = environment.merge_parameters(loaded, {'A': {'y': 2}})

        self.assertEqual({'A': {'y': 2}, 'B': '2'},
                         merged['parameter_defaults'])
        self.assertEqual({'A': {'x': 1}, 'B': '2'},
                         loaded['parameter_defaults'])

    def test_a_plan_without_the_file(self):
        error = self.assertRaises(exceptions.NotFound, environment.load, {})

        self.assertIn('Add plan-environment.yaml', error.remedy)

    def test_names_the_line_of_broken_yaml(self):
        error = self.assertRaises(
            exceptions.InvalidInput, load, 'version: 1.0\nname: [a\n')

        self.assertEqual('plan-environment.yaml', error.where['file'])
        self.assertEqual(3, error.where['line'])

    def test_refuses_a_key_that_is_given_twice(self):
        error = self.assertRaises(
            exceptions.InvalidInput, load,
            'version: 1\nparameter_defaults:\n  A: 1\n  A: 2\n')

        self.assertIn('line 4', error.message)
        self.assertIn('key A appears twice', error.message)

    def test_names_the_wrong_field(self):
        cases = {
            'version: 1\nenvironments: [{path: a}, {file: b}]':
                ('environments[1]', 'either path'),
            'version: 1\nparameter_defaults: [A]':
                ('parameter_defaults', 'type map'),
            'version: 1\nparameter_default: {A: 1}':
                ('', 'no field parameter_default'),
            'name: overcloud': ('', 'lacks version'),
            'version: 1\nname: over_cloud': ('name', 'must match'),
            '- version': ('', 'type map'),
        }

        for text, (field, explanation) in cases.items():
            error = self.assertRaises(exceptions.InvalidInput, load, text)

            self.assertEqual(field, error.where.get('field', ''))
            self.assertIn(explanation, error.message)
            self.assertIn('Correct the field', error.remedy)

    def test_shows_no_value_of_a_wrong_field(self):
        error = self.assertRaises(
            exceptions.InvalidInput, load,
            yaml.safe_dump({'version': 1, 'passwords': 'hidden'}))

        self.assertNotIn('hidden', str(error))
