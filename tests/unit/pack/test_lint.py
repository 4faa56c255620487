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

"""Each rule against a workbook that breaks it, and some that do not."""

import contextlib
import io
import pathlib

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.pack import cli
from tripleo_workflows.pack import workbooks
from tripleo_workflows.pack.lint import checker
from tripleo_workflows.pack.lint import rules
from tripleo_workflows.rollout import graph

HERE = pathlib.Path(__file__).parent


class LintTestCase(testtools.TestCase):

    def file(self, text):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'x.yaml')
        path.write_text(text)

        return path

    def test_each_rule_finds_what_breaks_it_and_nothing_else(self):
        for rule in rules.ALL:
            path = HERE / 'broken' / f'{rule}.yaml'
            marked = [(rule, number) for number, line
                      in enumerate(path.read_text().splitlines(), 1)
                      if line.endswith('# here')]

            self.assertNotEqual([], marked, rule)
            self.assertEqual(marked, [
                (finding.rule, finding.line)
                for finding in checker.check([path])])

    def test_there_is_a_broken_workbook_for_rules_only(self):
        self.assertEqual(set(rules.ALL), {
            path.stem for path in (HERE / 'broken').iterdir()})

    def test_each_rule_says_what_is_wrong(self):
        for rule in rules.ALL.values():
            self.assertTrue(rule.description.endswith('.'), rule.name)

    def test_what_looks_like_it_is_let_pass(self):
        self.assertEqual([], checker.check([HERE / 'sound.yaml']))

    def test_the_pack_is_sound(self):
        self.assertEqual([], checker.check(workbooks.paths()))

    def test_files_may_call_each_other_and_what_stands_beside_them(self):
        calling = self.file(
            "version: '2.0'\n"
            'mine:\n'
            '  tasks:\n'
            '    ask: {workflow: sound.v1.once, input: {rounds: 1}}\n')
        shape = {'no-description', 'no-output'}

        self.assertEqual(['unknown-workflow'], [
            finding.rule
            for finding in checker.check([calling], ignored=shape)])
        self.assertEqual(['ask does not give description.'], [
            finding.message for finding in checker.check(
                [calling], [HERE / 'sound.yaml'], ignored=shape)])

    def test_compiled_graphs_are_plain_workflows(self):
        rolled = {'release': '2', 'leaving': {}, 'lifecycle': {},
                  'steps': {'prepare': [], 'finish': []},
                  'batches': [['node']]}
        document = {'plan': 'overcloud', 'services': {
            'web': {**rolled, 'after': {'roll': []}},
            'lb': {**rolled, 'after': {'roll': ['web.roll']}}}}
        path = self.file(graph.compile_workflows(document, 'the.graph')[
            'the.graph'])

        self.assertEqual(
            {'input-not-described', 'no-output'},
            {finding.rule for finding
             in checker.check([path], workbooks.paths())})

    def test_what_is_no_yaml_is_found_in_its_line(self):
        findings = checker.check([self.file('version: 2\nname: {{ x }}\n')])

        self.assertEqual([('language', 2)], [
            (finding.rule, finding.line) for finding in findings])
        self.assertEqual(['language'], [
            finding.rule for finding in checker.check([self.file('- 1\n')])])

    def test_what_only_mistrals_own_reading_shows_is_found(self):
        path = self.file('version: "2.0"\nmine:\n  tasks:\n    greet:\n'
                         '      action: std.noop\n'
                         '      with-items: person of list\n')
        [finding] = checker.check([path])

        self.assertEqual(('language', 2), (finding.rule, finding.line))
        self.assertIn('with-items', finding.message)

    def test_files_of_other_shapes_have_findings_too(self):
        for text in ('', '- 1\n', 'workflows: []\n', 'name: mine\n',
                     'name: mine\nworkflows:\n  one:\n',
                     'name: mine\nworkflows: {on: {}}\n',
                     'name: mine\nactions: {greet: 1}\n'
                     'workflows: {one: {tasks: {a: {action: greet}}}}\n',
                     'mine: {tasks: {a: std.noop}}\n',
                     'mine: {tasks: {2: {action: std.noop}}}\n'):
            findings = checker.check([self.file(text)])

            self.assertEqual({'language'},
                             {finding.rule for finding in findings}, text)

    def test_a_secret_is_not_repeated(self):
        [finding] = checker.check([HERE / 'broken' / 'secret-literal.yaml'])

        self.assertIn('X-Auth-Token', str(finding))
        self.assertNotIn('4f1d0c', str(finding))

    def test_rules_to_ignore_must_exist(self):
        error = self.assertRaises(exceptions.InvalidInput, checker.check,
                                  [], ignored=['no-such-rule'])
        self.assertIn('no-such-rule', str(error))


class CommandTestCase(testtools.TestCase):

    def run_command(self, *arguments):
        output = io.StringIO()

        with contextlib.redirect_stdout(output):
            code = cli.main(['lint', *map(str, arguments)])

        return code, output.getvalue()

    def test_findings_are_lines_and_exit_code_1(self):
        path = HERE / 'broken' / 'unknown-action.yaml'

        self.assertEqual(
            (1, f'{path}:17: unknown-action There is no action std.ecko.\n'),
            self.run_command(path))
        self.assertEqual((0, ''), self.run_command(
            path, '--ignore', 'unknown-action'))

    def test_without_files_the_pack_is_checked(self):
        self.assertEqual((0, ''), self.run_command())
