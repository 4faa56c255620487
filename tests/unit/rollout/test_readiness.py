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
import types

import swiftclient
import testtools

from tests.unit.checks import server
from tests.unit.deployments import fakes
from tests.unit.rollout import plans
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import fanout
from tripleo_workflows.rollout import readiness

CONTAINER = 'overcloud-operations'
SCRIPT = {'name': 'room on disk', 'on': 'all', 'script': {'script': 'df'}}


class Clients(fakes.Clients):
    """The clients of the deployments' tests, and a Swift to read from."""

    def __init__(self):
        super().__init__()
        self.swift = types.SimpleNamespace(
            put_container=self.put_container, get_object=self.get_object,
            head_container=self.head_container)

    def get_object(self, container, name):
        if name not in self.objects.get(container, {}):
            raise swiftclient.ClientException('none', http_status=404)

        return {}, self.objects[container][name][0]


class ReadinessTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.patch(bundle, 'runner_text', json.dumps)
        self.patch(fanout, 'POLL_SECONDS', 0.01)
        self.clients = Clients()
        self.clients.put_container(CONTAINER)
        self.clients.node = self.respond
        self.endings = {'controller-0': 0, 'controller-1': 0,
                        'controller-2': 0}
        self.asked = []
        self.objects = {}
        self.web = server.Server()
        self.addCleanup(self.web.close)

    def respond(self, place, request):
        node = request['key']['node']
        self.asked.append(node)
        # No operation of the plan may refuse it, and nothing is changed.
        self.assertNotEqual('overcloud', request['key']['plan'])
        self.assertFalse(request['key']['changes'])

        self.objects[node] = fakes.object_of(request['result_url'])

        if node in self.endings:
            self.answer(node)

    def answer(self, node):
        code = self.endings[node]
        self.clients.put(*self.objects[node], json.dumps({
            'status': 'failed' if code else 'done', 'seconds': 0.1,
            'status_code': code, 'output': f'said {code}'}))

    def begin(self, silent=(), wanted_gate='/', **more):
        """Preview an upgrade of a service with a gate and a check."""
        kept = plans.Kept()

        def services(release, gate):
            return {'Controller': {'web': plans.lifecycle(
                release, gate=[plans.http('serves', self.web.url + gate)],
                prepare={'check': [SCRIPT]}, **more)}}

        kept.deploy(services('1', '/'))
        document = kept.compute(services('2', wanted_gate))

        for digest, lifecycle in kept.lifecycles.items():
            self.clients.put(CONTAINER, f'state/lifecycles/{digest}.json',
                             json.dumps(lifecycle))

        self.clients.put(CONTAINER, 'documents/d1.json', json.dumps(document))

        return readiness.Readiness(self.clients, 'overcloud', 'd1', silent,
                                   'r1')

    def rows(self, found):
        return {(row['step'], row['name'], row['node'], row['result'])
                for row in found['rows']}

    def test_all_checks_pass(self):
        found = self.begin().advance()

        self.assertEqual((True, 0, {'success': 4}), (
            found['done'], found['failed'], found['counts']))
        self.assertEqual(
            {('gate', 'serves', '', 0),
             ('check', 'room on disk', 'controller-0', 0),
             ('check', 'room on disk', 'controller-1', 0),
             ('check', 'room on disk', 'controller-2', 0)}, self.rows(found))

    def test_failures_come_first_and_are_counted(self):
        self.endings['controller-1'] = 2
        self.endings['controller-2'] = 1
        found = self.begin().advance()

        self.assertEqual(1, found['failed'])
        self.assertEqual(
            [('controller-1', 2), ('controller-2', 1)],
            [(row['node'], row['result']) for row in found['rows']][:2])
        self.assertEqual('web', found['rows'][0]['service'])
        self.assertEqual('said 2', found['rows'][0]['details'])

    def test_the_gate_is_that_of_what_runs_now(self):
        self.web.statuses['GET', '/new'] = 500
        self.assertEqual(0, self.begin(wanted_gate='/new').advance()['failed'])

    def test_a_service_that_does_not_serve_is_found(self):
        self.web.status = 500
        found = self.begin().advance()

        self.assertEqual(1, found['failed'])
        self.assertEqual('serves', found['rows'][0]['name'])

    def test_a_silent_node_is_a_failure(self):
        found = self.begin(silent=['controller-2']).advance()

        self.assertEqual(1, found['failed'])
        self.assertIn(('survey', 'node answers', 'controller-2', 2),
                      self.rows(found))

    def test_another_worker_goes_on_where_one_ended(self):
        del self.endings['controller-2']
        self.assertFalse(self.begin().advance(0.3)['done'])
        asked = list(self.asked)
        self.endings['controller-2'] = 0
        self.answer('controller-2')
        found = self.begin().advance()

        self.assertEqual((True, 0), (found['done'], found['failed']))
        self.assertEqual(asked, self.asked)

    def test_all_results_are_kept_and_nothing_else(self):
        found = self.begin().advance()
        container, _, name = found['table'].partition('/')

        self.assertEqual(found['rows'], json.loads(
            self.clients.objects[container][name][0])['checks'])
        self.assertEqual({}, self.clients.heat.deployments)
        self.assertEqual([], [name for name in self.clients.names(CONTAINER)
                              if 'deliveries' in name])
