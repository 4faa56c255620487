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

"""The command where a run does not begin."""

import contextlib
import io
import pathlib
from xml.etree import ElementTree

import fixtures
import testtools

from tripleo_workflows.undercloud import cli

SAMPLE = pathlib.Path(
    __file__, '../../../../../samples/overcloud').resolve()


class RefusedRunTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.report = self.root / 'report'

    def _run(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()

        with (contextlib.redirect_stdout(output),
              contextlib.redirect_stderr(errors)):
            code = cli.main([
                'ci', *map(str, arguments), '--report', str(self.report),
                '--state-dir', str(self.root / 'state')])

        return code, output.getvalue(), errors.getvalue()

    def _release(self):
        path = self.root / 'web-2.yaml'
        path.write_text('parameter_defaults: {WebRelease: "2"}\n')

        return path

    def test_all_that_is_missing_is_said_and_nothing_is_begun(self):
        code, output, _ = self._run(
            SAMPLE, '--to', self.root / 'none.yaml', '--program', 'nosuch',
            '--packages', self.root / 'none.txt')

        self.assertEqual(2, code)
        self.assertIn('none.yaml', output)
        self.assertIn('none.txt', output)
        self.assertIn('nosuch', output)
        self.assertFalse((self.root / 'state').exists())

    def test_a_refused_run_is_reported(self):
        self._run(SAMPLE, '--to', self._release(), '--program', 'nosuch')
        suite = ElementTree.parse(  # noqa: S314
            self.report / 'junit.xml').getroot().find('testsuite')

        self.assertEqual(
            ['preflight', 'deploy', 'upgrade 1 to web-2', 'availability',
             'read-back', 'versions'],
            [case.get('name') for case in suite])
        self.assertIn('nosuch', suite.find(
            'testcase[@name="preflight"]/failure').text)
        self.assertEqual('5', suite.get('skipped'))

    def test_a_wrong_subnet_is_refused_before_anything_is_begun(self):
        code, output, _ = self._run(
            SAMPLE, '--to', self._release(), '--subnet', '10.0.0.0/24')

        self.assertEqual(2, code)
        self.assertIn('--subnet', output)

    def test_what_an_earlier_run_left_is_not_taken_for_this_one_s(self):
        self.report.mkdir()

        for name in ('rollout-2.svg', 'versions.json', 'theirs.txt'):
            (self.report / name).write_text('earlier')

        self._run(SAMPLE)

        self.assertEqual(
            ['junit.xml', 'theirs.txt'],
            sorted(path.name for path in self.report.iterdir()))

    def test_a_report_that_cannot_be_written_is_one_line(self):
        self.report.write_text('a file')
        code, _, errors = self._run(SAMPLE)

        self.assertEqual(1, code)
        self.assertEqual(1, len(errors.splitlines()))
        self.assertIn('--report', errors)
