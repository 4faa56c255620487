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

import http.server
import json
import threading
import time
import urllib.parse
from typing import Any

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import flow
from tripleo_workflows.checks import prober

PASSWORD = 'not-to-be-shown'


class _Accounts(http.server.ThreadingHTTPServer):
    """A service that gives tokens and keeps users, with faults at will."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.url = f'http://127.0.0.1:{self.server_port}'
        self.users: list[str] = []
        self.changed = threading.Condition()
        self.refuses = False
        self.forgets = False
        self.repeats = False
        self.pause = 0.0


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Accounts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()

        if self.path == '/tokens':
            right = body == PASSWORD and not self.server.refuses
            self.answer(201 if right else 401, {}, {'X-Token': 'a token'})
        elif self.headers['X-Token'] != 'a token':
            self.answer(401, {})
        else:
            self.store(json.loads(body)['name'])

    def store(self, name: str) -> None:
        with self.server.changed:
            self.server.users += [name] * (
                1 - self.server.forgets + self.server.repeats)
            self.server.changed.notify_all()

        self.answer(201, {'users': [{'id': f'id of {name}'}]})

    def do_GET(self) -> None:
        time.sleep(self.server.pause)
        asked = urllib.parse.parse_qs(self.path.partition('?')[2])
        self.answer(200, {'users': [
            name for name in self.server.users if name in asked['name']]})

    def answer(self, status: int, content: Any,
               headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)

        for name, value in (headers or {}).items():
            self.send_header(name, value)

        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


class FlowTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.server = _Accounts()
        thread = threading.Thread(target=self.server.serve_forever,
                                  args=(0.01,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def probe(self, **changes: Any) -> dict[str, Any]:
        return {
            'name': 'accounts', 'inputs': {'PASSWORD': PASSWORD},
            'flow': [
                {'name': 'token', 'http': {
                    'url': f'{self.server.url}/tokens', 'body': '$PASSWORD',
                    'status': 201},
                 'keep': {'TOKEN': {'header': 'x-token'}}},
                {'name': 'user', 'http': {
                    'url': f'{self.server.url}/users', 'status': 201,
                    'headers': {'X-Token': '$TOKEN'},
                    'body': '{"name": "$UNIQUE"}'},
                 'keep': {'USER': {'json': 'users.0.id'}}}],
            'left': {'http': {'url': f'{self.server.url}/?name=$UNIQUE'},
                     'find': '"$UNIQUE"'},
            **changes}

    def run_until(self, users: int, **changes: Any
                  ) -> tuple[availability.Report, availability.ReadBack]:
        probes = prober.Prober([self.probe(**changes)], 200)
        probes.start()

        with self.server.changed:
            self.assertTrue(self.server.changed.wait_for(
                lambda: len(self.server.users) >= users, 10))

        return probes.stop(), probes.read_back()

    def test_a_request_uses_what_the_one_before_it_was_given(self) -> None:
        report, found = self.run_until(10)

        self.assertEqual((), report.failures)
        self.assertEqual(['accounts: token', 'accounts: user'],
                         list(report.endpoints))
        self.assertEqual(len(self.server.users),
                         report.endpoints['accounts: user'].requests)
        self.assertEqual(len(self.server.users),
                         len(set(self.server.users)))
        self.assertEqual((len(self.server.users), 0, ()),
                         (found.rows, found.wrong, found.failures))
        self.assertEqual(f'{found.rows} writes read back, 0 wrong',
                         found.verdict())

    def test_what_is_kept_is_a_part_of_the_answer(self) -> None:
        run = flow.Run(flow.Flow(self.probe()), 'me')

        self.assertEqual(['', ''], [run.ask(), run.ask()])
        self.assertEqual(('a token', 'id of me', True),
                         (run.known['TOKEN'], run.known['USER'],
                          run.is_over))

    def test_what_is_there_twice_is_wrong(self) -> None:
        self.server.repeats = True
        _, found = self.run_until(4)

        self.assertEqual(found.rows, found.wrong)
        self.assertIn('is there 2 times, not 1', found.failures[0])

    def test_what_is_lost_is_wrong(self) -> None:
        run = flow.Run(flow.Flow(self.probe()), 'me')
        self.server.forgets = True
        run.ask()
        run.ask()

        self.assertEqual('what me wrote is there 0 times, not 1',
                         run.flow.problem_of(run.known))

    def test_what_is_slow_to_be_found_is_not_lost(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.checks.http.TIMEOUT', 0.1))
        run = flow.Run(flow.Flow(self.probe()), 'me')
        run.ask()
        run.ask()
        self.server.pause = 0.3

        self.assertEqual('', run.flow.problem_of(run.known))
        users = flow.Flow({'name': 'users', 'http': {
            'url': f'{self.server.url}/?name=me'}})
        self.assertRaises(TimeoutError, flow.Run(users, 'me').ask)

    def test_a_failure_ends_the_run_and_shows_no_secret(self) -> None:
        self.server.refuses = True
        run = flow.Run(flow.Flow(self.probe()), 'me')

        problem = run.ask()

        self.assertEqual('answered 401, not 201', problem)
        self.assertTrue(run.is_over)

    def test_an_answer_without_what_is_kept_is_a_failure(self) -> None:
        for place in ({'header': 'X-Other'}, {'json': 'users.0'},
                      {'json': 'users'}):
            probe = self.probe()
            probe['flow'][0]['keep']['TOKEN'] = place
            run = flow.Run(flow.Flow(probe), 'me')

            self.assertEqual('answered without what is kept as TOKEN',
                             run.ask())

    def test_a_variable_that_is_not_known_yet_is_refused(self) -> None:
        for change in ({'inputs': {}},
                       {'left': {'http': {'url': 'http://a/$ID'},
                                 'find': 'x'}},
                       {'left': {'http': {'url': 'http://a/'},
                                 'find': '$ID'}}):
            error = self.assertRaises(exceptions.InvalidInput, flow.Flow,
                                      self.probe(**change))
            self.assertIn('unknown variable', error.message)
            self.assertNotIn(PASSWORD, str(error))

    def test_a_probe_that_breaks_the_format_is_refused(self) -> None:
        for change, field in (({'inputs': {'UNIQUE': 'mine'}}, 'inputs'),
                              ({'flow': []}, 'flow'),
                              ({'http': {'url': 'http://a'}}, ''),
                              ({'left': {'find': 'x'}}, 'left')):
            error = self.assertRaises(exceptions.InvalidInput, flow.Flow,
                                      self.probe(**change))
            self.assertEqual(field, error.where.get('field', ''))
