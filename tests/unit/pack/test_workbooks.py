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

"""The workbooks against Mistral's own checks; lint's rules do the rest."""

import functools
import json

import fixtures
import jsonschema
import testtools
from mistral.lang import parser

from tripleo_workflows.pack import workbooks


@functools.cache
def validator(schema):
    return jsonschema.validators.validator_for({})(json.loads(schema))


class WorkbooksTestCase(testtools.TestCase):

    def test_mistral_accepts_them(self):
        # It checks its own schemas again for each task, which takes minutes.
        self.useFixture(fixtures.MonkeyPatch(
            'mistral.lang.base.jsonschema.validate',
            lambda instance, schema: validator(json.dumps(schema)).validate(
                instance)))

        for name, text in workbooks.load().items():
            specification = parser.get_workbook_spec_from_yaml(
                text, validate=True)
            self.assertEqual(name, specification.get_name())
