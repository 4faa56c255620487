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

"""Simulated nodes, held against what is sent to real ones."""

import json
import pathlib
import threading
from typing import Any

import fixtures
import testtools

from tests.bench import simulated_nodes
from tripleo_workflows.deployments import bundle

KEY = {'plan': 'p', 'operation': 'o', 'service': 's', 'batch': '1',
       'step': 'start', 'node': 'n-0', 'attempt': 1}


class TestNode(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.counts = simulated_nodes.Counts()
        self.node = simulated_nodes.Node('n-0', 'http://m/', self.counts)
        self.deployments: list[dict[str, Any]] = []
        self.put: dict[str, Any] = {}
        self.types: dict[str, str] = {}
        self.useFixture(fixtures.MonkeyPatch(
            'tests.bench.simulated_nodes.call', self._call))

    def _call(self, method: str, url: str, document: object = None,
              content_type: str = '') -> Any:
        if method == 'PUT':
            self.put[url] = document
            self.types[url] = content_type

        return 200, {'Last-Modified': str(len(self.deployments))}, json.dumps(
            {'deployments': self.deployments})

    def _send(self, **changes: Any) -> Any:
        """Deliver a request and give its result."""
        request = {
            'key': KEY, 'fence': 1, 'kind': 'script', 'payload': "echo '\"'",
            'result_url': 'http://result/', **changes}
        self.deployments.append({
            'id': str(len(self.deployments)),
            'config': bundle.runner_text(request),
            'inputs': [{'name': name, 'value': value} for name, value in (
                ('deploy_server_id', 'server'),)]})
        self.put.clear()
        self.node.poll()

        return self.put.get('http://result/')

    def test_a_step_is_answered(self) -> None:
        self.assertEqual(('done', KEY), (
            (result := self._send())['status'], result['key']))
        self.assertEqual(
            'application/json;status=done;status_code=0;seconds=0.0',
            self.types['http://result/'])

    def test_metadata_that_did_not_change_is_not_fetched(self) -> None:
        self._send()
        self.node.poll()
        self.assertEqual((2, 1, 1), (
            self.counts.polls, self.counts.fetches, self.counts.answers))

    def test_a_second_delivery_runs_nothing(self) -> None:
        first = self._send()
        self.assertEqual(first, self._send())
        self.assertEqual(1, self.counts.again)

    def test_a_lower_fence_is_refused(self) -> None:
        self._send(fence=3)
        result = self._send(key={**KEY, 'operation': 'other'}, fence=2)
        self.assertEqual(('refused', 2, 3, 'o'), (
            result['status'], result['fence'], result['fence_seen'],
            result['operation_seen']))

    def test_a_survey_tells_what_was_completed(self) -> None:
        completes = {'revision': 'r', 'release': '1', 'parts': {}}
        self._send(fence=3, completes=completes)
        found = self._send(kind='survey', key={**KEY, 'operation': 'other'},
                           fence=0)['survey']
        service = found['plans']['p']['services']['s']
        self.assertEqual(('server', 3, 'r', 'done'), (
            found['server_id'], found['plans']['p']['fence'],
            service['revision'], service['status']))

    def test_another_config_is_ignored(self) -> None:
        self.deployments = [{'id': '1', 'config': 'echo', 'inputs': []}]
        self.node.poll()
        self.assertEqual({}, self.put)


class TestNodes(testtools.TestCase):

    def test_enrolment_files_are_taken(self) -> None:
        place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        polled = threading.Event()
        self.useFixture(fixtures.MonkeyPatch(
            'tests.bench.simulated_nodes.Node.poll',
            lambda node: polled.set()))
        (place / 'n-0.json').write_text(json.dumps(
            {'request': {'metadata_url': 'http://m/'}}))
        nodes = simulated_nodes.Nodes(place)
        thread = threading.Thread(target=nodes.run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(nodes.stop)

        self.assertTrue(polled.wait(10))
        self.assertEqual([], list(place.iterdir()))
