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

"""The runner as a node runs it: a script, started by a hook."""

import http.server
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

import fixtures
import testtools

from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.deployments.node import journal as node_journal


class Store(fixtures.Fixture):
    """Takes the results that guardians PUT."""

    def __init__(self, answers=()):
        super().__init__()
        self.results = queue.Queue()
        self._answers = list(answers)

    def _setUp(self):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                size = int(self.headers['Content-Length'])
                body = json.loads(self.rfile.read(size))
                status = store._answers.pop(0) if store._answers else 201
                self.send_response(status)
                self.end_headers()

                if status < 300:
                    store.results.put(body)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{server.server_port}/result'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)


class RunnerTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.directory = self.root / 'runner'
        self.directory.mkdir()
        self.store = self.useFixture(Store())

    def request(self, script, step='start', fence=1, attempt=1, **changes):
        return {'key': {'plan': 'overcloud', 'operation': 'operation',
                        'service': 'web', 'batch': 1, 'step': step,
                        'node': 'node', 'attempt': attempt},
                'fence': fence, 'kind': 'script', 'payload': script,
                'timeout': 20,
                'idempotent': False, 'environment': {'GREETING': 'hello'},
                'lifetime': 60, 'result_url': self.store.url,
                **changes}

    def deliver(self, script, **kwargs):
        """Do what Heat's hook does, and return what it waited for."""
        hook = self.root / f'hook-{time.monotonic_ns()}'
        hook.write_text(bundle.runner_text(
            self.request(script, **kwargs)))
        hook.chmod(0o700)

        return subprocess.run(
            [str(hook)], check=True, capture_output=True, text=True,
            timeout=10, env={
                **os.environ, 'TRIPLEO_RUNNER_DIR': str(self.directory),
                'deploy_signal_id': 'http://secret.example/'}).stdout

    def result(self):
        return self.store.results.get(timeout=30)

    def journal(self):
        return node_journal.Journal(self.directory).entries()

    def events(self):
        return [entry['event'] for entry in self.journal()]

    def test_a_payload_runs_and_its_result_arrives(self):
        self.assertIn('accepted', self.deliver('echo $GREETING; exit 0'))
        result = self.result()

        self.assertEqual('done', result['status'])
        self.assertEqual('hello\n', result['output'])
        self.assertEqual('node', result['key']['node'])
        self.assertEqual(['accepted', 'started', 'done'], self.events())

    def test_a_failure_keeps_its_code_and_output(self):
        self.deliver('#!/usr/bin/env python3\nimport sys\nsys.exit("broken")')
        result = self.result()

        self.assertEqual(('failed', 1, 'broken\n'),
                         (result['status'], result['status_code'],
                          result['output']))

    def test_the_hook_does_not_wait_for_the_payload(self):
        begun = time.monotonic()
        fifo = self.root / 'fifo'
        os.mkfifo(fifo)
        self.deliver(f'cat {fifo}')
        self.assertLess(time.monotonic() - begun, 5)
        fifo.write_text('released')
        self.assertEqual('released', self.result()['output'])

    def test_two_services_run_side_by_side(self):
        first, second = self.root / 'first', self.root / 'second'
        os.mkfifo(first)
        os.mkfifo(second)
        # Each waits for the other: one after the other would never end.
        self.deliver(f'echo a > {first}; cat {second}', step='stop')
        self.deliver(f'cat {first}; echo b > {second}', step='start')
        outputs = {self.result()['output'] for _ in range(2)}
        self.assertEqual({'a\n', 'b\n'}, outputs)

    def test_a_second_delivery_of_a_done_attempt_runs_nothing(self):
        count = self.root / 'count'
        script = f'echo x >> {count}'
        self.deliver(script)
        first = self.result()
        self.deliver(script)

        self.assertEqual(first, self.result())
        self.assertEqual('x\n', count.read_text())

    def test_a_second_delivery_of_a_running_attempt_is_left_alone(self):
        started, release = self.root / 'started', self.root / 'release'
        os.mkfifo(started)
        os.mkfifo(release)
        script = f'echo x > {started}; cat {release}'
        self.deliver(script)
        started.read_text()
        self.deliver(script)
        release.write_text('done')

        self.assertEqual('done', self.result()['output'])
        self.assertEqual(1, self.events().count('started'))

    def test_a_raised_attempt_runs_again(self):
        count = self.root / 'count'
        for attempt in (1, 2):
            self.deliver(f'echo x >> {count}', attempt=attempt)
            self.result()
        self.assertEqual('x\nx\n', count.read_text())

    def interrupt(self, idempotent):
        started, mark = self.root / 'started', self.root / 'mark'
        os.mkfifo(started)
        script = (f'test -e {mark} && exit 0; touch {mark}; '
                  f'echo x > {started}; sleep 60')
        self.deliver(script, idempotent=idempotent)
        started.read_text()
        guardian = next(entry['pid'] for entry in self.journal()
                        if entry['event'] == 'started')
        os.kill(guardian, signal.SIGKILL)
        place = next((self.directory / 'attempts').iterdir())
        self.addCleanup(attempts._kill, lambda: attempts._marked(str(place)))
        self.deliver(script, idempotent=idempotent)

        return self.result()['status']

    def test_an_interrupted_payload_is_reported(self):
        self.assertEqual('interrupted', self.interrupt(False))
        self.assertEqual(1, self.events().count('started'))

    def test_an_interrupted_idempotent_payload_runs_again(self):
        self.assertEqual('done', self.interrupt(True))

    def test_a_lower_fence_is_refused_with_both_numbers(self):
        self.deliver('true', step='stop', fence=7)
        self.result()
        self.deliver(f'touch {self.root}/ran', step='start', fence=6)
        result = self.result()

        self.assertEqual(('refused', 6, 7), (
            result['status'], result['fence'], result['fence_seen']))
        self.assertFalse((self.root / 'ran').exists())

    def test_a_time_limit_ends_the_payload(self):
        self.deliver('sleep 60', timeout=1)
        result = self.result()
        self.assertEqual(('failed', 124, True), (
            result['status'], result['status_code'], result['timed_out']))

    def test_what_a_payload_leaves_behind_is_killed(self):
        process_id = self.root / 'pid'
        self.deliver(f'setsid sleep 60 & echo $! > {process_id}')
        self.assertEqual('done', self.result()['status'])
        left = f'/proc/{process_id.read_text().strip()}/status'
        self.assertTrue(not os.path.exists(left)
                        or 'zombie' in pathlib.Path(left).read_text())

    def test_output_is_capped_at_both_ends(self):
        self.deliver('#!/usr/bin/env python3\n'
                     'print("head", "x" * 200000, "tail")')
        result = self.result()
        self.assertLess(len(result['output']), 20000)
        self.assertTrue(result['output'].startswith('head xxx'))
        self.assertTrue(result['output'].endswith('tail\n'))
        self.assertIn('bytes left out', result['output'])

    def test_the_signal_url_does_not_reach_the_payload(self):
        self.deliver('env')
        self.assertNotIn('secret.example', self.result()['output'])

    def test_a_result_is_sent_until_it_is_taken(self):
        self.store = self.useFixture(Store(answers=[503, 401, 404]))
        self.deliver('true')
        self.assertEqual('done', self.result()['status'])
