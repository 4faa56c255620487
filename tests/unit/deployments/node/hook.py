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

"""What delivers to the runner, and what takes its answers, in tests."""

import http.server
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

import fixtures
import testtools

from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments.node import journal


class Store(fixtures.Fixture):
    """Takes what nodes PUT, and serves secrets.

    :param answers: status codes of the first requests; then all is well.
    :param secrets: what is served; nothing is as long as it is None.
    """

    def __init__(self, answers=(), secrets=None):
        super().__init__()
        self.results = queue.Queue()
        self.outputs = queue.Queue()
        #: Who accepted something, and what hooks have signalled.
        self.accepted = queue.Queue()
        self.signals = queue.Queue()
        self.asked = []
        self.types = queue.Queue()
        self.secrets = secrets
        self.answers = list(answers)
        #: Secrets wait until this is set.
        self.gate = threading.Event()
        self.gate.set()

    def _setUp(self):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers['Content-Length']))

                if self.path == '/signal':
                    store.signals.put(json.loads(body))
                elif self.path == '/accepted':
                    store.accepted.put(body)
                elif self.refused():
                    return
                elif self.path == '/result':
                    store.types.put(self.headers['Content-Type'])
                    store.results.put(json.loads(body))
                else:
                    store.outputs.put(body)

                self.send_response(201)
                self.end_headers()

            def do_GET(self):
                store.asked.append((self.path, None))
                store.gate.wait(30)

                if store.secrets is None:
                    self.send_error(404)
                elif not self.refused():
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(json.dumps(store.secrets).encode())

            def refused(self):
                status = store.answers.pop(0) if store.answers else 200
                store.asked.append((self.path, status))

                if status >= 400:
                    self.send_error(status)

                return status >= 400

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{server.server_port}'
        threading.Thread(target=server.serve_forever, args=(0.05,),
                         daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)


class HookTestCase(testtools.TestCase):
    """Runs the runner as Heat's hook does."""

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = self.root / 'runner'
        self.store = self.useFixture(Store())
        self.hook_environment = {
            'TRIPLEO_RUNNER_DIR': str(self.directory),
            'deploy_server_id': 'server',
            'deploy_signal_id': 'http://signal.example/'}

    def request(self, payload='', step='start', fence=1, attempt=1,
                **changes):
        return {'key': {'plan': 'overcloud', 'operation': 'operation',
                        'service': 'web', 'batch': '1', 'step': step,
                        'node': 'node', 'attempt': attempt},
                'fence': fence, 'kind': 'script', 'payload': payload,
                'timeout': 20, 'idempotent': False,
                'environment': {'GREETING': 'hello'}, 'secrets_url': None,
                'lifetime': 60,
                'accepted_url': f'{self.store.url}/accepted',
                'result_url': f'{self.store.url}/result',
                'output_url': None, **changes}

    def deliver(self, payload='', **changes):
        """Do what Heat's hook does, and return what it waited for."""
        hook = self.root / f'hook-{time.monotonic_ns()}'
        hook.write_text(bundle.runner_text(self.request(payload, **changes)))
        hook.chmod(0o700)

        return subprocess.run(
            [str(hook)], check=True, capture_output=True, text=True,
            timeout=10, env={**os.environ, **self.hook_environment}).stdout

    def result(self):
        return self.store.results.get(timeout=30)

    def answer(self, payload='', **changes):
        """Deliver and wait for what is answered."""
        self.deliver(payload, **changes)

        return self.result()

    def journal(self):
        return journal.Journal(self.directory).entries()

    def events(self):
        return [entry['event'] for entry in self.journal()]

    def fifo(self, name):
        """A pipe: who opens it waits for the one at its other end."""
        path = self.root / name
        os.mkfifo(path)

        return path

    def is_living(self, process):
        try:
            state = pathlib.Path(f'/proc/{process}/stat').read_text()
        except FileNotFoundError:
            return False

        return state.rpartition(')')[2].split()[0] != 'Z'
