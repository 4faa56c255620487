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

"""Cases, and the file in which CI systems read them."""

import pathlib
from xml.etree import ElementTree

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud.ci import junit


class SuiteTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.suite = junit.Suite('run', ['one', 'two', 'three', 'four'])

    def _written(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'x.xml')
        self.suite.write(path)

        return ElementTree.parse(path).getroot().find(  # noqa: S314
            'testsuite')

    def _fill(self):
        with self.suite.case('one'):
            """It passes."""

        with self.suite.case('two') as case:
            case.has_nothing('There is none.')

        with testtools.ExpectedException(junit.Stopped):
            with self.suite.case('three'):
                raise exceptions.StepFailed('It broke.', 'Mend it.', node='a')

    def test_a_failure_carries_its_remedy(self):
        self._fill()
        failure = self._written().find('testcase[@name="three"]/failure')

        self.assertEqual('It broke. Mend it. [node=a]',
                         failure.get('message'))
        self.assertEqual('It broke. Mend it. [node=a]', failure.text)

    def test_cases_are_counted(self):
        self._fill()
        suite = self._written()

        self.assertEqual(
            ['4', '1', '2'],
            [suite.get(key) for key in ('tests', 'failures', 'skipped')])

    def test_what_was_not_reached_is_skipped(self):
        self._fill()
        cases = self._written().findall('testcase[skipped]')

        self.assertEqual(['two', 'four'], [case.get('name')
                                           for case in cases])

    def test_a_case_without_anything_to_show_lets_a_run_pass(self):
        suite = junit.Suite('run', ['one', 'two'])

        with suite.case('one'):
            """It passes."""

        self.assertFalse(suite.passed)

        with suite.case('two') as case:
            case.has_nothing('There is none.')

        self.assertTrue(suite.passed)

    def test_a_failed_run_does_not_pass(self):
        self._fill()
        self.assertFalse(self.suite.passed)

    def test_a_mistake_of_ours_is_a_failure_with_its_place(self):
        with testtools.ExpectedException(junit.Stopped):
            with self.suite.case('one'):
                raise ZeroDivisionError('by nothing')

        self.assertIn('ZeroDivisionError: by nothing', self.suite['one'].text)
        self.assertIn('test_junit.py', self.suite['one'].text)

    def test_an_output_with_control_characters_is_well_formed(self):
        with testtools.ExpectedException(junit.Stopped):
            with self.suite.case('one'):
                raise exceptions.StepFailed('\x1b[31mred\x00 <é>\nmore')

        failure = self._written().find('testcase[@name="one"]/failure')
        self.assertEqual('[31mred <é>', failure.get('message'))
        self.assertEqual('[31mred <é>\nmore', failure.text)
