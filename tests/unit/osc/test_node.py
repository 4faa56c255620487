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

"""``openstack tripleo node survey`` without services."""

import io
import json
import types

import testtools
from osc_lib import exceptions as osc_exceptions

from tests.unit.deployments import fakes
from tripleo_workflows.osc import node

ROWS = [
    {'node': 'node-0', 'answered': True, 'seconds': 1.5, 'fence': 4,
     'services': {
         'web': {'revision': 'abcdefgh1234', 'release': '2'},
         'db': {'revision': None, 'step': 'start', 'status': 'failed'}},
     'running': [{'service': 'web', 'step': 'stop', 'seconds': 2.4}],
     'drift': ['It was replaced.']},
    {'node': 'node-1', 'answered': False, 'seconds': None, 'fence': 0,
     'services': {}, 'running': [], 'drift': ['It is silent.']}]


class SurveyNodesTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clients = fakes.Clients()
        self.ended = types.SimpleNamespace(
            id='execution', state='SUCCESS', state_info='', output=json.dumps(
                {'table': 'overcloud-operations/survey-1/table.json'}))
        self.clients.mistral = types.SimpleNamespace(
            executions=types.SimpleNamespace(
                create=self.create, get=lambda execution: self.ended))
        self.write(ROWS)

    def create(self, workflow, workflow_input):
        self.assertEqual(
            (node.WORKFLOW, {'plan': 'overcloud', 'timeout_seconds': 5}),
            (workflow, workflow_input))

        return self.ended

    def write(self, rows):
        self.clients.put('overcloud-operations', 'survey-1/table.json',
                         json.dumps(rows))

    def run_command(self):
        self.stdout = io.StringIO()
        command = node.SurveyNodes(types.SimpleNamespace(
            stdout=self.stdout, client_manager=types.SimpleNamespace(
                tripleo=self.clients)), None)

        return command.run(command.get_parser('openstack').parse_args(
            ['overcloud', '--timeout', '5', '-f', 'json']))

    def test_each_node_is_a_row(self):
        self.run_command()
        names = ('Node', 'Answered', 'Fence', 'Services', 'Running', 'Drift')
        self.assertEqual([
            dict(zip(names, row, strict=True)) for row in (
                ('node-0', '1.5 s', 4, 'db start failed\nweb 2 abcdefgh',
                 'web stop 2 s', 'It was replaced.'),
                ('node-1', 'no', 0, '', '', 'It is silent.'))],
            json.loads(self.stdout.getvalue()))

    def test_silence_is_a_failure_and_drift_is_none(self):
        self.assertEqual(1, self.run_command())
        self.write(ROWS[:1])
        self.assertEqual(0, self.run_command())

    def test_an_execution_that_failed_says_why(self):
        self.ended.state = 'ERROR'
        self.ended.output = json.dumps({'message': 'There is no stack.'})
        error = self.assertRaises(osc_exceptions.CommandError,
                                  self.run_command)
        self.assertEqual('There is no stack.', str(error))
