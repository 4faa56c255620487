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

"""The folder in which a run leaves what it saw."""

import json
import pathlib

import fixtures
import testtools

from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import folder


class FolderTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.told = []
        self.folder = folder.Folder(self.root / 'report', self.told.append)
        self.folder.begin()

    def test_texts_stay_and_others_become_json(self):
        self.folder.write('a.svg', lambda: '<svg/>')
        self.folder.write('a.json', lambda: {'seconds': 1})

        self.assertEqual('<svg/>', (self.folder.path / 'a.svg').read_text())
        self.assertEqual({'seconds': 1}, json.loads(
            (self.folder.path / 'a.json').read_text()))

    def test_what_cannot_be_had_is_said_and_costs_nothing_else(self):
        def fail():
            raise OSError('the record is away')

        self.folder.write('record.json', fail)
        self.folder.write('timings.json', lambda: {})

        self.assertEqual(
            ['record.json could not be written: the record is away'],
            self.told)
        self.assertEqual(['timings.json'], [
            path.name for path in self.folder.path.iterdir()])

    def test_logs_are_copied(self):
        state = undercloud_state.StateDirectory(self.root / 'state')
        state.make()
        (state.log / 'heat.log').write_text('what Heat did')
        self.folder.keep_logs(state)

        self.assertEqual('what Heat did', (
            self.folder.path / 'logs' / 'heat.log').read_text())

    def test_an_undercloud_that_never_was_has_no_logs(self):
        self.folder.keep_logs(
            undercloud_state.StateDirectory(self.root / 'none'))
        self.assertEqual([], list(self.folder.path.iterdir()))
