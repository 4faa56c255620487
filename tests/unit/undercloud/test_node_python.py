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
import pathlib
import subprocess
import sys

import fixtures
import testtools

from tripleo_workflows.undercloud import node_python
from tripleo_workflows.undercloud import state as undercloud_state


class NodePythonTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.state = undercloud_state.StateDirectory(
            pathlib.Path(self.useFixture(fixtures.TempDir()).path))

    def ask(self, expression: str) -> object:
        return json.loads(subprocess.run(
            [node_python.interpreter_of(self.state), '-c',
             f'import json, sys; print(json.dumps({expression}))'],
            check=True, capture_output=True, cwd='/').stdout)

    def test_it_has_our_packages_and_runs_nothing_of_them(self) -> None:
        node_python.provide(self.state)
        self.assertTrue(self.ask('__import__("yaml").__file__'))
        self.assertEqual(
            [], self.ask('[name for name in sys.modules '
                         'if "editable" in name or name == "paste"]'))
        self.assertEqual(str(node_python.environment_of(self.state)),
                         self.ask('sys.prefix'))

    def test_it_follows_our_own(self) -> None:
        node_python.provide(self.state)
        self.useFixture(fixtures.MonkeyPatch(
            'sys.path', [*sys.path, '/elsewhere/site-packages', '/else']))
        # A second time with nothing else changes nothing.
        node_python.provide(self.state)
        node_python.provide(self.state)
        (names,) = node_python.environment_of(self.state).rglob('*.pth')
        lines = names.read_text().splitlines()
        self.assertIn('/elsewhere/site-packages', lines)
        self.assertNotIn('/else', lines)
