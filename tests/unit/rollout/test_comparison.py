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

from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import comparison


def service(password='hunter2', port='80', text='one\ntwo\nthree\n'):
    return {'Controller': {'web': plans.lifecycle(
        secrets=['PASSWORD'], roll={'configure': plans.script(
            text, inputs={'PASSWORD': password, 'PORT': port})})}}


class ComparisonTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()
        self.swift = fakes.Swift()
        self.swift.put_container('overcloud-operations')
        self.record = operation_record.Record(self.swift, 'overcloud')

    def diff(self, before, after):
        self.kept.deploy(before)

        for digest, lifecycle in self.kept.lifecycles.items():
            self.record.put(f'state/lifecycles/{digest}.json', lifecycle)

        return comparison.diff(self.record, self.kept.compute(after))

    def test_changed_inputs_are_shown(self):
        text = self.diff(service(), service(port='8080'))

        self.assertIn('web on controller-0, controller-1, controller-2\n',
                      text)
        self.assertIn('--- a/web/Controller/configure\n'
                      '+++ b/web/Controller/configure\n', text)
        self.assertIn("-  PORT: '80'\n+  PORT: '8080'\n", text)

    def test_changed_lines_of_a_script_are_shown(self):
        text = self.diff(service(), service(text='one\n2\nthree\n'))

        self.assertIn(' one\n-two\n+2\n three', text)
        self.assertNotIn('package', text)

    def test_inputs_of_several_lines_are_compared_by_lines(self):
        text = self.diff(service(port='a\nb\nc\n'), service(port='a\nB\nc\n'))

        self.assertIn('     a\n-    b\n+    B\n', text)

    def test_of_secrets_only_the_names_are_told(self):
        text = self.diff(service(), service(password='correct horse'))

        self.assertIn('secret PASSWORD changed', text)
        self.assertNotIn('hunter2', text)
        self.assertNotIn('correct horse', text)

    def test_a_secret_that_stays_is_not_told(self):
        self.assertNotIn('secret', self.diff(service(), service(port='1')))

    def test_steps_that_come_and_go_are_shown(self):
        after = service(port='1')
        del after['Controller']['web']['lifecycle']['roll']['drain']
        after['Controller']['web']['lifecycle']['gate'] = [plans.http()]
        text = self.diff(service(), after)

        self.assertIn('-drain', text)
        self.assertIn('+- http:', text)

    def test_what_never_ran_has_nothing_to_compare_with(self):
        self.assertEqual(
            'web on controller-0, controller-1, controller-2: nothing that '
            'was stored to compare with', self.diff({}, service()))

    def test_nothing_is_shown_where_nothing_is_touched(self):
        self.assertEqual('', self.diff(service(), service()))
