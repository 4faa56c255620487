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

"""Signalling without the clients that a signal does not need."""

import json
import pathlib
import subprocess
import sys

import fixtures
import testtools

from tripleo_workflows.undercloud import node_notify

SCRIPT = """\
import sys
try:
    from keystoneclient.v3 import client
    found = 'with'
except ImportError:
    found = 'without'
print(found, sys.argv[1:], sys.stdin.read())
"""


class TestNotify(testtools.TestCase):

    def _run(self, inputs: dict[str, str]) -> str:
        """Run a stand-in of the stock script; give what it saw."""
        place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        script = place / 'notify'
        script.write_text(SCRIPT)
        configuration = place / 'deployment.json'
        configuration.write_text(json.dumps({'inputs': [
            {'name': name, 'value': value}
            for name, value in inputs.items()]}))
        done = subprocess.run(
            [sys.executable, '-P', node_notify.__file__, str(script),
             str(configuration)], input='signal', capture_output=True,
            text=True, check=True)
        seen, arguments, signal = done.stdout.split()
        self.assertEqual(f"['{configuration}']", arguments)
        self.assertEqual('signal', signal)

        return seen

    def test_a_temporary_url_needs_no_clients(self) -> None:
        self.assertEqual('without', self._run(
            {'deploy_signal_id': 'http://127.0.0.1/x'}))

    def test_a_users_credentials_need_them(self) -> None:
        self.assertEqual('with', self._run(
            {'deploy_auth_url': 'http://127.0.0.1/v3'}))
