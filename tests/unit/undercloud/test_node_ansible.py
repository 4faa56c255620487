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

"""The ansible-core that some nodes have."""

import os
import pathlib
import shutil
import sys

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_ansible
from tripleo_workflows.undercloud import state as undercloud_state

#: Stands in for uv: makes the environment, unless it is told to fail.
INSTALLER = """\
#!/bin/sh
echo "$*" >> "$INSTALLER_LOG"
case "$1" in
venv) for place in "$@"; do :; done; mkdir -p "$place/bin" ;;
pip) test -z "$INSTALLER_FAILS" || { echo "no index"; exit 2; } ;;
esac
"""


class TestProvide(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root / 'state')
        self.calls = root / 'calls'
        programs = root / 'bin'
        programs.mkdir()
        installer = programs / 'uv'
        installer.write_text(INSTALLER)
        installer.chmod(0o700)
        self._set('INSTALLER_LOG', str(self.calls))
        self._set('PATH', f'{programs}:{os.environ["PATH"]}')
        # What lies beside the interpreter comes first.
        self.useFixture(fixtures.MonkeyPatch(
            'sys.executable', str(programs / 'python3')))

    def _set(self, name: str, value: str) -> None:
        self.useFixture(fixtures.EnvironmentVariable(name, value))

    def _calls(self) -> list[str]:
        return self.calls.read_text().splitlines()

    def test_it_is_made_once(self) -> None:
        node_ansible.provide(self.state)
        self.assertEqual(2, len(self._calls()))
        self.assertIn(node_ansible.REQUIREMENT, self._calls()[1])
        node_ansible.provide(self.state)
        self.assertEqual(2, len(self._calls()))

    def test_one_that_was_not_finished_is_made_anew(self) -> None:
        self._set('INSTALLER_FAILS', 'yes')
        error = self.assertRaises(exceptions.ServiceUnavailable,
                                  node_ansible.provide, self.state)
        self.assertIn('no index', error.message)
        self._set('INSTALLER_FAILS', '')
        node_ansible.provide(self.state)
        self.assertEqual(4, len(self._calls()))


class TestPath(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root / 'state')
        self.with_it = self._directory(root / 'with', 'ansible-playbook',
                                       'ansible', 'date')
        self.without = self._directory(root / 'without', 'who')
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.undercloud.node_ansible.SYSTEM_PATH',
            (str(self.with_it), str(self.without))))

    def _directory(self, path: pathlib.Path, *programs: str) -> pathlib.Path:
        path.mkdir()

        for name in programs:
            shutil.copy(sys.executable, path / name)

        return path

    def test_the_machines_own_ansible_is_not_found(self) -> None:
        for _ in range(2):
            path = ':'.join(node_ansible.system_path(self.state))
            self.assertIsNone(shutil.which('ansible-playbook', path=path))
            self.assertIsNone(shutil.which('ansible', path=path))
            self.assertIsNotNone(shutil.which('date', path=path))
            self.assertEqual(str(self.without / 'who'),
                             shutil.which('who', path=path))

    def test_only_a_node_that_was_given_it_finds_it(self) -> None:
        program = node_ansible.environment_of(self.state) / 'bin'
        program.mkdir(parents=True)
        shutil.copy(sys.executable, program / 'ansible-playbook')
        node = self._directory(self.state.root / 'node').joinpath('bin')
        node.mkdir()

        for _ in range(2):
            node_ansible.link(self.state, node.parent)

        self.assertEqual(str(node / 'ansible-playbook'),
                         shutil.which('ansible-playbook', path=str(node)))
