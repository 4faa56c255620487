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

import json

import testtools

from tripleo_workflows.checks import contract


class CheckResultTest(testtools.TestCase):
    def test_json_form_has_the_fields_of_the_contract(self) -> None:
        result = contract.CheckResult(
            'api', contract.Code.FAILURE, 'It is down.', 'Start it.',
            1.23456, 'controller-0')

        self.assertEqual(
            {'name': 'api', 'result': 2, 'details': 'It is down.',
             'remedy': 'Start it.', 'seconds': 1.235,
             'node': 'controller-0'},
            json.loads(json.dumps(result.to_dict())))

    def test_codes_are_those_of_upgradecheck(self) -> None:
        self.assertEqual(
            {'SUCCESS': 0, 'WARNING': 1, 'FAILURE': 2, 'BROKEN': 255},
            {code.name: int(code) for code in contract.Code})
