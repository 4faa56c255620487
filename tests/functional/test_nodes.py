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

"""Local nodes of a running undercloud.

``TRIPLEO_TEST_STATE_DIR`` names the state directory of the undercloud. The
nodes' metadata comes from a server of the test: how Heat fills it is not the
nodes' business.
"""

import http.server
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import threading
import time

import testtools

from tests import waiting
from tripleo_workflows.undercloud import node_agent
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import node_tree
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import state as undercloud_state

NAME = 'functional-0'
#: Made and removed by a test, in a subnet of which no other test knows.
OTHERS = ['functional-1', 'functional-2']
OTHER_SUBNET = '127.77.0.0/24'
SERVICE = """\
[program:sleeper]
command = sleep 86400
autostart = false
startsecs = 0
"""


class Metadata(http.server.ThreadingHTTPServer):
    """Serves one deployment to an agent and takes its signal."""

    daemon_threads = True

    def __init__(self, script: str):
        super().__init__(('127.0.0.1', 0), self._handler())
        self.url = f'http://127.0.0.1:{self.server_port}'
        self.signalled = threading.Event()
        self.signal: dict[str, object] = {}
        inputs = {'deploy_signal_transport': 'TEMP_URL_SIGNAL',
                  'deploy_signal_id': f'{self.url}/signal',
                  'deploy_signal_verb': 'PUT'}
        self.body = json.dumps({'deployments': [{
            'id': f'deployment-{time.time_ns()}', 'name': 'functional',
            'group': 'script', 'config': script, 'outputs': [],
            'options': {}, 'inputs': [
                {'name': name, 'type': 'String', 'value': value}
                for name, value in inputs.items()]}]}).encode()
        threading.Thread(target=self.serve_forever, args=(0.05,)).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        metadata = self

        class Handler(http.server.BaseHTTPRequestHandler):

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()

                if self.command != 'HEAD':
                    self.wfile.write(body)

            def do_GET(self) -> None:
                self._answer(200, metadata.body)

            do_HEAD = do_GET

            def do_PUT(self) -> None:
                size = int(self.headers['Content-Length'])
                metadata.signal = json.loads(self.rfile.read(size))
                self._answer(201, b'')
                metadata.signalled.set()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler

    def stop(self) -> None:
        """Stop to serve."""
        self.shutdown()
        self.server_close()


class TestNodes(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.state = undercloud_state.StateDirectory(
            pathlib.Path(os.environ['TRIPLEO_TEST_STATE_DIR']))
        [self.node] = nodes.add(self.state, [NAME])

    def _serve(self, script: str) -> Metadata:
        metadata = Metadata(script)
        self.addCleanup(metadata.stop)

        return metadata

    def _enroll(self, metadata: Metadata) -> pathlib.Path:
        """Write what the workflow writes for the node's server."""
        path: pathlib.Path = self.state.enroll / f'{NAME}.json'
        draft = path.with_suffix('.new')
        draft.write_text(json.dumps({
            'collectors': ['request', 'local'],
            'request': {'metadata_url': f'{metadata.url}/metadata'}}))
        draft.chmod(0o600)
        draft.rename(path)

        return path

    def _variables(self, name: str = NAME) -> dict[str, str]:
        [root] = [node.root for node in nodes.listing(self.state)
                  if node.name == name]
        found: dict[str, str] = json.loads(
            (root / node_boot.ENVIRONMENT).read_text())

        return found

    def _supervisorctl(self, *arguments: str) -> str:
        return subprocess.run(
            ['supervisorctl', *arguments], env=self._variables(), check=True,
            capture_output=True, text=True).stdout

    def test_adding_twice_gives_the_same(self) -> None:
        [again] = nodes.add(self.state, [NAME])
        self.assertEqual(self.node, again)
        self.assertIn(again, nodes.listing(self.state))
        self.assertIsNotNone(again.pid)

    def _start_service(self) -> int:
        """Do what a step does to start a service; give its process id."""
        path = self.node.root / 'etc' / 'services.d' / 'sleeper.conf'
        path.write_text(SERVICE)
        self._supervisorctl('reread')
        self._supervisorctl('update')
        self._supervisorctl('start', 'sleeper')

        return int(self._supervisorctl('pid', 'sleeper'))

    def _remove_service(self) -> None:
        path = self.node.root / 'etc' / 'services.d' / 'sleeper.conf'
        path.unlink()
        self._supervisorctl('update')

    def _living(self) -> list[int]:
        return node_boot.processes(self.node.root)

    def test_the_service_manager_runs_what_is_put_there(self) -> None:
        number = self._start_service()
        self.assertIn(number, self._living())
        self._remove_service()
        waiting.wait_for(lambda: number not in self._living())

    def test_a_killed_service_manager_is_a_reboot(self) -> None:
        number = self._start_service()
        before = self._living()
        assert self.node.pid is not None
        os.kill(self.node.pid, signal.SIGKILL)
        waiting.wait_for(lambda: not set(before) & set(self._living()))
        [again] = nodes.add(self.state, [NAME])
        self.assertEqual(self.node.address, again.address)
        self.assertNotEqual(self.node.pid, again.pid)
        self.assertNotIn(number, self._living())
        self._remove_service()

    def test_an_enrolled_node_runs_its_deployments(self) -> None:
        metadata = self._serve(
            '#!/bin/sh\n'
            'echo "$NODE_NAME $NODE_ADDRESS $(command -v supervisorctl)"\n')
        path = self._enroll(metadata)
        self.assertTrue(metadata.signalled.wait(20))
        self.assertEqual(0, metadata.signal['deploy_status_code'],
                         metadata.signal)
        self.assertEqual(
            f'{NAME} {self.node.address} {self.node.root}/bin/supervisorctl\n',
            metadata.signal['deploy_stdout'])
        self.assertFalse(path.exists())

        for name in (node_agent.ENROLLED, node_agent.CONFIGURATION):
            mode = stat.S_IMODE((self.node.root / name).stat().st_mode)
            self.assertEqual(0o600, mode, name)

        self.assertEqual([nodes.ENROLLED], [
            node.state for node in nodes.listing(self.state)
            if node.name == NAME])

    def test_a_replaced_server_is_followed(self) -> None:
        for script in ('#!/bin/sh\necho first\n', '#!/bin/sh\necho second\n'):
            metadata = self._serve(script)
            self._enroll(metadata)
            self.assertTrue(metadata.signalled.wait(20), script)

        self.assertEqual('second\n', metadata.signal['deploy_stdout'])

    def test_a_killed_agent_comes_back(self) -> None:
        before = int(self._supervisorctl('pid', 'agent'))
        os.kill(before, signal.SIGKILL)
        waiting.wait_for(lambda: int(self._supervisorctl('pid', 'agent'))
                   not in (0, before))

    def test_nothing_of_the_undercloud_is_in_a_nodes_environment(
            self) -> None:
        for number in self._living():
            text = pathlib.Path(f'/proc/{number}/environ').read_text()
            names = {line.split('=')[0] for line in text.split('\0')}
            self.assertFalse([name for name in names
                              if name.startswith('OS_')
                              and 'CONFIG' not in name], names)

    def test_what_a_node_serves_comes_before_its_agent(self) -> None:
        waits = {b'supervisor.supervisord': 0,
                 b'node_agent.py': node_tree.AGENT_NICE,
                 b'os-collect-config': node_tree.AGENT_NICE}
        found = {part: os.getpriority(os.PRIO_PROCESS, number)
                 for number in self._living() for part in waits
                 if part in pathlib.Path(f'/proc/{number}/cmdline')
                 .read_bytes()}
        self.assertIn(b'supervisor.supervisord', found)
        self.assertGreater(len(found), 1)
        self.assertEqual({part: waits[part] for part in found}, found)

    def _others(self) -> list[nodes.Node]:
        return [node for node in nodes.listing(self.state)
                if node.name in OTHERS]

    def test_a_removed_node_leaves_nothing(self) -> None:
        made = nodes.add(self.state, OTHERS, OTHER_SUBNET)
        (self.state.enroll / f'{OTHERS[0]}.json').touch()
        nodes.remove(self.state, OTHERS[:1])

        self.assertEqual(made[1:], self._others())
        self.assertEqual([], node_boot.processes(made[0].root))
        self.assertEqual([], [
            str(path) for path in self.state.root.rglob(f'*{OTHERS[0]}*')
            if 'data' not in path.parts])

        # Its name and its address can be given again.
        [again] = nodes.add(self.state, OTHERS[:1], OTHER_SUBNET)
        self.assertEqual(made[0].address, again.address)
        self.assertNotEqual(made[0].pid, again.pid)
        nodes.remove(self.state, OTHERS)
        self.assertEqual([], self._others())

    def test_only_a_node_with_ansible_runs_playbooks(self) -> None:
        nodes.add(self.state, OTHERS[:1], OTHER_SUBNET, ansible=True)
        nodes.add(self.state, OTHERS[1:], OTHER_SUBNET)
        self.addCleanup(nodes.remove, self.state, OTHERS)
        command = ['ansible', 'localhost', '--connection', 'local',
                   '--module-name', 'command', '--args', 'printenv NODE_NAME']
        having, lacking = map(self._variables, OTHERS)
        # Ansible asks for the user's home, and not for $HOME.
        place = {'ANSIBLE_REMOTE_TEMP': f'{having["HOME"]}/ansible'}
        said = subprocess.run(command, env={**having, **place}, check=True,
                              text=True, capture_output=True).stdout
        self.assertEqual(OTHERS[0], said.splitlines()[-1])

        for name in ('ansible', 'ansible-playbook'):
            self.assertIsNone(shutil.which(name, path=lacking['PATH']))
            self.assertIsNotNone(shutil.which(name, path=having['PATH']))
