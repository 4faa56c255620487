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

import pathlib

import fixtures
import testtools

from tests.unit.checks import server
from tripleo_workflows.pack import cli


class CheckTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.server = server.Server()
        self.addCleanup(self.server.close)
        self.file = pathlib.Path(self.useFixture(fixtures.TempDir()).path,
                                 'checks.yaml')
        self.stdout, self.stderr = (
            self.useFixture(fixtures.StringStream(name)).stream
            for name in ('stdout', 'stderr'))
        self.useFixture(fixtures.MonkeyPatch('sys.stdout', self.stdout))
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', self.stderr))

    def check(self, text, *arguments):
        """Run the command; give its exit code and what it printed."""
        self.file.write_text(text)
        code = cli.main(['check', str(self.file), *arguments])
        self.stdout.seek(0)
        self.stderr.seek(0)

        return code, self.stdout.read() + self.stderr.read()

    def test_the_worst_result_is_the_exit_code(self):
        reads = '- {name: reads, http: {url: $URL}}\n'

        for lines, code in (
                ('[]', 0), (reads, 0),
                (reads + '- {name: other, http: {url: $URL, status: 404}}', 2),
                (reads + '- {name: other, http: {url: $NOTHING}}', 255)):
            found, printed = self.check(
                lines, '--fact', f'URL={self.server.url}')
            self.assertEqual(code, found, printed)

        self.assertIn(f'SUCCESS  reads: GET {self.server.url}', printed)
        self.assertIn('FAILURE  other: ', printed)
        self.assertIn('BROKEN   other: ', printed)

    def test_what_cannot_be_asked_is_refused(self):
        for text, arguments, words in (
                ('{', (), 'cannot be read'),
                ('checks: []', (), 'is no list of checks'),
                ('[{name: a, script: {script: x}}]', (), 'runs on nodes'),
                ('[]', ('--fact', 'URL'), "'URL' has no value"),
                ('[text]', (), 'must be of type object')):
            code, printed = self.check(text, *arguments)
            self.assertEqual(1, code)
            self.assertIn(words, printed)

    def test_no_such_file(self):
        code = cli.main(['check', str(self.file)])
        self.stderr.seek(0)

        self.assertEqual(1, code)
        self.assertIn('checks.yaml', self.stderr.read())
