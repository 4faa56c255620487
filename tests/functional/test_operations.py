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

"""``openstack tripleo operation …``, as a person types it."""

import json
import subprocess
import sys
import time

import testtools

from tests.functional import cloud as functional_cloud

PLAN = functional_cloud.PLAN


def openstack(*arguments):
    """Run the command; return its exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, '-m', 'openstackclient.shell', 'tripleo',
         'operation', *arguments], capture_output=True, text=True)

    return done.returncode, done.stdout, done.stderr


class OperationCommandsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.operation = self.cloud.summary['operation']

    def ask(self, *arguments):
        code, output, errors = openstack(*arguments, '-f', 'json')
        self.assertEqual(0, code, errors)

        return json.loads(output)

    def test_operations_are_listed_shown_and_told(self):
        rows = {row['Operation']: row for row in self.ask('list')}
        self.assertEqual(
            (PLAN, 'deploy', 'finished'),
            tuple(rows[self.operation][name]
                  for name in ('Plan', 'Verb', 'State')))
        shown = self.ask('show', PLAN, '--operation', self.operation)
        self.assertEqual(('finished', [], []), (
            shown['state'], shown['failed'], shown['next']))
        self.assertIn({'service': 'monitor_agent', 'batch': '1',
                       'step': 'package', 'nodes': {'done': 2}},
                      shown['steps'])
        log = self.ask('log', PLAN, '--operation', self.operation)
        self.assertIn('deploy begun by admin', log[0]['What'])
        self.assertIn('finished by admin', log[-1]['What'])
        self.assertIn((f'{PLAN}-compute-0', 'package', 'done'), {
            (row['Node'], row['Step'], row['What']) for row in log})

    def test_nothing_is_open(self):
        code, output, errors = openstack('resume', PLAN)
        self.assertEqual(1, code)
        self.assertIn('No operation of this plan is open', errors)
        self.assertRegex(output, 'execution .* ERROR')

    def test_the_actions_answer_the_same(self):
        for name, given, key in (
                ('list', {'plan': PLAN}, 'operations'),
                ('show', {'plan': PLAN, 'operation': self.operation},
                 'steps'),
                ('log', {'plan': PLAN, 'operation': self.operation}, 'log')):
            execution = self.act(f'tripleo.operation.{name}', given)
            result = json.loads(execution.output)['result']
            self.assertEqual('SUCCESS', execution.state, result)
            self.assertLess(len(execution.output), 65536)
            self.assertNotEqual([], result[key])

    def act(self, name, given):
        # Mistral keeps a transaction open around an action that is run
        # synchronously; with SQLite its API is locked meanwhile, which an
        # action that asks for an execution's state would wait for.
        actions = self.cloud.clients.mistral.action_executions
        execution = actions.create(name, given, save_result=True)
        deadline = time.monotonic() + 60

        while execution.state == 'RUNNING':
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
            execution = actions.get(execution.id)

        return execution
