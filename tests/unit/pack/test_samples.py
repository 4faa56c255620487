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

"""The examples that the documentation shows, against what they print."""

import contextlib
import io
import os
import pathlib
import re
import types

import testtools

from tests.unit import fakes
from tests.unit.pack import test_rehearse
from tests.unit.pack import test_sync
from tripleo_workflows import clients
from tripleo_workflows.pack import cli

SAMPLES = pathlib.Path(__file__).parents[3] / 'samples' / 'workbook'


def shown(name):
    """Arguments of the command that a file shows, and its output."""
    first, _, output = (SAMPLES / name).read_text().partition('\n')

    return first.removeprefix('$ tripleo-workflows ').split(), output


class SamplesTestCase(testtools.TestCase):

    def run_here(self, arguments):
        self.addCleanup(os.chdir, pathlib.Path.cwd())
        os.chdir(SAMPLES)
        output = io.StringIO()

        with contextlib.redirect_stdout(output):
            code = cli.main(arguments)

        return code, output.getvalue()

    def rehearse(self, name):
        arguments, expected = shown(name)
        code, output, errors = test_rehearse.command(
            *arguments, directory=SAMPLES)

        # How long it takes is the machine's business.
        self.assertEqual(expected, re.sub(r'\([\d.]+ s\)', '(0.1 s)', output),
                         errors)

        return code

    def test_the_draft_has_what_the_guide_shows(self):
        arguments, expected = shown('draft.lint.txt')
        self.assertEqual((1, expected), self.run_here(arguments))

    def test_the_workbook_is_sound(self):
        self.assertEqual((0, ''), self.run_here(['lint', 'night.yaml']))

    def test_its_rehearsals_pass(self):
        self.assertEqual(0, self.rehearse('night-rehearsal.txt'))

    def test_a_surprise_is_told(self):
        self.assertEqual(1, self.rehearse('night-surprise.txt'))

    def test_it_is_loaded(self):
        arguments, expected = shown('night.sync.txt')
        cloud = fakes.Clients()
        cloud.mistral = types.SimpleNamespace(
            workbooks=test_sync.Definitions({}),
            workflows=test_sync.Definitions({}))
        self.patch(clients, 'from_environment', lambda: cloud)

        self.assertEqual((0, expected), self.run_here(arguments))
        self.assertEqual((SAMPLES / 'night.yaml').read_text(),
                         cloud.mistral.workbooks.stored['site.night.v1'])
