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

"""Rehearsals: cases that pass, cases that must fail, and their format."""

import pathlib
import re
import subprocess
import sys

import fixtures
import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.pack import definitions
from tripleo_workflows.pack import workbooks
from tripleo_workflows.pack.rehearsal import cases
from tripleo_workflows.pack.rehearsal import coverage
from tripleo_workflows.pack.rehearsal import engine

PLAYS = pathlib.Path(__file__).parent / 'plays'
ROOT = PLAYS.parents[3]
#: What each bad case must be told.
PROBLEMS = {
    'an action without an answer':
        ["The task first of plays.v1.asks calls std.http, which has no "
         "script, with {url: 'http://192.0.2.1/'}."],
    'an answer that is left':
        ['The action std.http was not called for 1 of 3 answers.'],
    'too few answers':
        ["The action std.http is called once more than it has answers, by "
         "the task second, with {url: 'http://192.0.2.1/'}."],
    'another input':
        ['The action std.http is given url: http://192.0.2.1/ instead of '
         'http://192.0.2.2/.'] * 2,
    'a workflow that does not exist':
        ['There is no workflow plays.v1.no_such.'],
    'an input that does not exist':
        ["Invalid input [name=waits, class=DirectWorkflowSpec, "
         "unexpected=['color']]"],
    'another state':
        ['It ended in ERROR instead of SUCCESS. Failure caused by error in '
         'tasks: fail'],
    'another order':
        ['tasks: - expected, + happened', '  + first', '    second',
         '  - first'],
    'another output':
        ['output: - expected, + happened', '  - body: two', '  + body: one'],
}


def command(*arguments, directory=PLAYS):
    """Run it by itself: a process has one engine."""
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name('tripleo-workflows'),
         *arguments],
        cwd=directory, capture_output=True, text=True, timeout=300)

    return done.returncode, done.stdout, done.stderr


class RehearseTestCase(testtools.TestCase):

    def test_cases_pass_and_fail_as_they_should(self):
        code, output, errors = command('rehearse', 'good.yaml', 'bad.yaml')
        told, _, end = output.partition('Covered:\n')
        blocks = re.findall(r'^(ok|FAIL) +(good|bad)\.yaml: (.*) \([\d.]+ s\)'
                            r'\n((?: {5}.*\n)*)', told, re.MULTILINE)

        self.assertEqual(1, code, errors)
        self.assertEqual(
            PROBLEMS, {name: [line[5:] for line in lines.splitlines()]
                       for result, file, name, lines in blocks
                       if result == 'FAIL'})
        self.assertEqual(
            [case['name'] for case in yaml.safe_load(
                (PLAYS / 'good.yaml').read_text())['cases']],
            [name for result, file, name, lines in blocks if result == 'ok'])
        self.assertIn('plays.v1.pauses: tasks 1/2, transitions 2/2, '
                      'failures 0/0\n    no case has the task end\n', end)
        self.assertTrue(output.endswith(' - Passed: 9\n - Failed: 9\n'))

    def test_each_workbook_of_the_pack_has_rehearsals(self):
        self.assertEqual(
            {path.name for path in workbooks.paths()},
            {path.name for path in (ROOT / 'tests/rehearsal').iterdir()})


class FormatTestCase(testtools.TestCase):

    def load(self, content):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'x.yaml')
        path.write_text(yaml.safe_dump(content))

        return cases.load(path)

    def refused(self, content):
        return self.assertRaises(exceptions.InvalidInput, self.load, content)

    def test_what_is_wrong_is_named_with_its_place(self):
        case = {'name': 'x', 'workflow': 'x', 'tasks': []}

        for wrong, place in (
                ({**case, 'task': []}, 'cases.0'),
                ({**case, 'actions': {'a': {'results': 1}}},
                 'cases.0.actions.a'),
                ({**case, 'tasks': [{'a': 'ERROR', 'b': 'ERROR'}]},
                 'cases.0.tasks.0')):
            self.assertIn(f'[field={place}', str(self.refused(
                {'cases': [wrong]})))

    def test_an_answer_succeeds_or_fails(self):
        answer = {'result': 1, 'error': 'no'}
        self.refused({'cases': [{'name': 'x', 'workflow': 'x', 'tasks': [],
                                 'actions': {'a': answer}}]})

    def test_a_case_needs_a_workflow(self):
        error = self.refused({'cases': [{'name': 'lost', 'tasks': []}]})
        self.assertIn('lost names no workflow', str(error))

    def test_a_file_names_workflow_and_workbooks_for_its_cases(self):
        rehearsal = self.load({'workflow': 'mine', 'workbooks': ['a.yaml'],
                               'cases': [{'name': 'x', 'tasks': []}]})

        self.assertEqual('mine', rehearsal.cases[0].workflow)
        self.assertEqual([rehearsal.cases[0].file.parent / 'a.yaml'],
                         rehearsal.workbooks)

    def test_a_file_that_cannot_be_read_is_named(self):
        error = self.assertRaises(exceptions.InvalidInput, cases.load,
                                  PLAYS / 'none.yaml')
        self.assertIn('none.yaml', str(error))


class CoverageTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        file = definitions.read(PLAYS / 'plays.yaml')
        self.workflows = {workflow.name: workflow
                          for workflow in file.workflows}
        self.seen = coverage.Coverage()

    def missing(self, workflow, taken=()):
        return next(row.missing for row in self.seen.rows(
            self.workflows, [workflow], set(taken))
            if row.workflow == workflow)

    def test_what_nothing_has_seen_is_missing(self):
        self.assertEqual(
            {'task': {'left', 'right', 'both'},
             'transition': {'left on-success both', 'right on-success both'},
             'failure': set()}, self.missing('plays.v1.branches'))

    def test_what_ran_was_taken_or_failed_is_not(self):
        self.seen.add(engine.Execution(
            'plays.v1.calls', 'ERROR', '', {},
            [engine.Task('call', 'ERROR', '', [engine.Execution(
                'plays.v1.branches', 'SUCCESS', '', {},
                [engine.Task('left', 'SUCCESS', '', [])])])]), ())

        self.assertFalse(any(self.missing('plays.v1.calls').values()))
        self.assertEqual(
            {'task': {'right', 'both'},
             'transition': {'right on-success both'}, 'failure': set()},
            self.missing('plays.v1.branches', [
                ('plays.v1.branches', 'left', 'on-success', 'both')]))

    def test_stand_ins_do_not_count(self):
        self.seen.add(engine.Execution(
            'plays.v1.fails', 'SUCCESS', '', {},
            [engine.Task('fail', 'SUCCESS', '', [])]), {'plays.v1.fails'})

        self.assertEqual({'fail'}, self.missing('plays.v1.fails')['task'])
