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

from tests.unit.actions import test_base
from tests.unit.checks import server
from tripleo_workflows.actions import checks


class RunTestCase(test_base.ContextTestCase):

    def run_checks(self, **inputs):
        # As an executor makes it: without __init__, from its inputs.
        action = checks.Run.__new__(checks.Run)

        for name, value in {'facts': None, **inputs}.items():
            setattr(action, name, value)

        return action.run(self.api())

    def test_a_failure_is_told_and_does_not_fail_the_action(self):
        with server.Server() as asked:
            result = self.run_checks(
                checks=[{'name': 'reads', 'http': {'url': 'http://$HOST/'}},
                        {'name': 'away', 'http': {'url': 'http://$HOST/',
                                                  'status': 404}}],
                facts={'HOST': asked.url.split('//')[1]})

        self.assertEqual((False, 2, ['away', 'reads']), (
            result['passed'], result['result'],
            [row['name'] for row in result['results']]))

    def test_a_check_that_is_wrong_fails_it(self):
        result = self.run_checks(checks=[{'name': 'reads', 'http': {}}])

        self.assertIn('lacks url', result.error)
        self.assertIn('check=reads', result.error)
