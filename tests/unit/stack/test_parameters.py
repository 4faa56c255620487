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

from tripleo_workflows import exceptions
from tripleo_workflows.stack import parameters


def check(value, kind='string', **constraint):
    schema = {'type': kind, 'constraints': [constraint] if constraint else []}
    parameters.check('web.yaml', {'A': schema}, {'A': value, 'B': object()})


class ParametersTest(testtools.TestCase):

    def test_takes_what_heat_takes(self):
        for value, kind in (
                ('text', 'string'), (5, 'string'), ('', 'string'),
                ('5', 'number'), (0.5, 'number'),
                ('Yes', 'boolean'), (True, 'boolean'),
                ('{"a": 1}', 'json'), ({'a': 1}, 'json'), ([], 'json'),
                ('a,b', 'comma_delimited_list'),
                (['a', 1], 'comma_delimited_list'), (None, 'number')):
            check(value, kind)

    def test_refuses_other_types(self):
        for value, kind in (
                ({}, 'string'), ('five', 'number'), ([], 'number'),
                ('maybe', 'boolean'), ('{', 'json'), (5, 'json'),
                ({}, 'comma_delimited_list')):
            error = self.assertRaises(exceptions.InvalidInput, check, value,
                                      kind)

            self.assertIn(f'A must be of type {kind}, says web.yaml',
                          error.message)

    def test_knows_heats_constraints(self):
        for good, bad, kind, constraint in (
                ('1', '3', 'string', {'allowed_values': ['1', '2']}),
                ('1', 3, 'number', {'allowed_values': [1, 2]}),
                ('a, b', 'a,c', 'comma_delimited_list',
                 {'allowed_values': ['a', 'b']}),
                (1, 0, 'number', {'range': {'min': 1}}),
                (9, 10, 'number', {'range': {'max': 9}}),
                ('ab', 'a', 'string', {'length': {'min': 2}}),
                ('ab1', 'ab1-', 'string', {'allowed_pattern': '[a-z0-9]+'}),
                ('x', None, 'string', {'custom_constraint': 'nova.flavor'})):
            check(good, kind, **constraint)
            if bad is not None:
                self.assertRaises(exceptions.InvalidInput, check, bad, kind,
                                  **constraint)

    def test_explains_with_the_constraints_own_words(self):
        error = self.assertRaises(
            exceptions.InvalidInput, check, 'hidden',
            allowed_pattern='[0-9]+', description='digits only')

        self.assertIn('must match [0-9]+ (digits only)', error.message)
        self.assertNotIn('hidden', str(error))
