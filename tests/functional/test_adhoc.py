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

"""Configs on real servers, under the predecessor's names."""

import json
import pathlib
import sqlite3
import uuid

import fixtures
import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.deployments import adhoc
from tripleo_workflows.deployments import objects
from tripleo_workflows.stack import cloud as stack_cloud

PLAN = functional_cloud.PLAN
ON_SERVER = 'tripleo.deployment.v1.deploy_on_server'
ON_SERVERS = 'tripleo.deployment.v1.deploy_on_servers'
FAILS = 'echo so far; echo it broke >&2; exit 3'


class AdhocTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.clients = self.cloud.clients
        self.name = f'{PLAN}-compute-1'
        self.server = stack_cloud.nodes(
            self.clients.heat, PLAN)[self.name].server_id
        self.place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def outcome(self, workflow, **inputs):
        """State and output of an execution, however it ended."""
        execution = self.cloud.start(workflow, **inputs)

        try:
            self.cloud.wait(execution)
        except functional_cloud.ExecutionFailed:
            pass

        ended = self.clients.mistral.executions.get(execution)

        return ended.state, json.loads(ended.output)

    def act(self, **inputs):
        """What the action answers to a direct call."""
        execution = self.clients.mistral.action_executions.create(
            'tripleo.deployment.config',
            {'server_id': self.server, 'name': 'direct', **inputs},
            run_sync=True, save_result=True)

        return execution.state, json.loads(execution.output)['result']

    def test_a_config_runs_on_the_server_that_is_named(self):
        state, output = self.outcome(
            ON_SERVERS, server_name=self.name, config_name='touch',
            config=f'touch {self.place}/$deploy_server_name; echo it is $0',
            plan=PLAN)

        self.assertEqual(('SUCCESS', {'done': 1}),
                         (state, output['counts']), output)
        self.assertEqual([self.name],
                         [path.name for path in self.place.iterdir()])
        self.assertIn('it is', output['rows'][0]['stdout'])
        self.assertEqual(['queue_name'], output['without_effect'])

    def test_a_part_of_a_name_is_no_name(self):
        state, output = self.outcome(
            ON_SERVERS, server_name=f'{PLAN}-compute', config_name='touch',
            config=f'touch {self.place}/$deploy_server_name')

        self.assertEqual('ERROR', state)
        self.assertIn('No server is named', output['message'])
        self.assertEqual([], list(self.place.iterdir()))

    def test_all_servers_tell_how_they_failed(self):
        state, output = self.outcome(
            ON_SERVERS, server_name='all', config_name='broken',
            config=FAILS)

        self.assertEqual(('ERROR', {'failed': len(self.cloud.names())}),
                         (state, output['counts']))
        self.assertEqual({(3, 'so far\n', 'it broke\n')}, {
            (row['status_code'], row['stdout'], row['stderr'])
            for row in output['rows']})
        container, _, name = output['table'].partition('/')
        self.assertEqual(output['rows'], objects.Objects(
            self.clients, container).get(name))

    def test_one_server_tells_how_it_failed(self):
        state, output = self.outcome(
            ON_SERVER, server_uuid=self.server, server_name=self.name,
            config_name='broken', config=FAILS)

        self.assertEqual(
            ('ERROR', 3, 'so far\n', 'it broke\n', self.server, 'broken'),
            (state, *(output[key] for key in (
                'status_code', 'stdout', 'stderr', 'server_uuid',
                'config_name'))))
        self.assertIn('status code 3', output['message'])

    def test_the_action_keeps_input_values_out_of_heat(self):
        secret = uuid.uuid4().hex
        state, result = self.act(
            config='echo ${#SECRET} $deploy_action',
            input_values=[{'name': 'SECRET', 'value': secret}])

        self.assertEqual(('SUCCESS', '32 CREATE\n', 0), (
            state, result['deploy_stdout'], result['deploy_status_code']),
            result)
        self.assertEqual([], self.found(secret, 'heat.sqlite'))
        self.assertEqual([], [
            name for name in objects.Objects(
                self.clients, adhoc.CONTAINER).names('')
            if name.endswith('.secrets')])

    def found(self, text, database):
        """Tables that show a text in clear."""
        connection = sqlite3.connect(
            self.cloud.state.path / 'data' / database)
        self.addCleanup(connection.close)
        tables = [name for [name] in connection.execute(
            "select name from sqlite_master where type = 'table'")]

        return [table for table in tables if any(
            text in repr(row) for row in connection.execute(
                f'select * from "{table}"'))]  # noqa: S608

    def test_the_actions_error_says_code_and_output(self):
        state, result = self.act(config=FAILS)
        self.assertEqual('ERROR', state)
        self.assertIn('status code 3', result)
        self.assertIn('it broke', result)

    def test_a_group_that_is_not_served(self):
        state, result = self.act(config='file {}', group='puppet')
        self.assertEqual('ERROR', state)
        self.assertIn('group script or ansible', result)
