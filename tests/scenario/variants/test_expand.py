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

"""Changes of the schema that meet a database that is busy, or is not well."""

import os
import signal

from tests import waiting
from tests.scenario.variants import case
from tests.scenario.variants import stage
from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.operation import lifetime
from tripleo_workflows.undercloud import node_boot

FIRST_EXPANSION, SECOND_EXPANSION = stage.EXPANSIONS


class ExpandTestCase(case.VariantTestCase):

    def setUp(self):
        super().setUp()
        self.stage.restore_schema()

    def start(self):
        """Start the upgrade; its operation, which is expanding."""
        operation = self.stage.start(self.stage.preview(
            KeystoneRelease=stage.NEW)['digest'])

        return operation, self.stage.wait_for(
            operation, stage.FIRST, 'expand')

    def wait_for_expansion(self):
        """Wait until the first expansion is done, and the second is not."""
        waiting.wait_for(lambda: FIRST_EXPANSION
                         in self.stage.revisions())
        self.assertNotIn(SECOND_EXPANSION, self.stage.revisions())

    def hold(self, operation, attempts_made):
        """Let an operation do no more than what it has begun.

        :param attempts_made: how often it must have begun to expand.
        """
        waiting.wait_for(lambda: [
            step for step, _, _ in self.stage.times(operation, 'started')
            ].count('expand') == attempts_made)
        self.stage.do('pause')

    def assert_expanded(self, operation):
        """Its schema is changed, and its nodes are as they were.

        What comes next is for others to show.
        """
        waiting.wait_for(lambda: ('prepare', 'expand', 'done')
                         in self.stage.ran(operation, node=stage.FIRST))
        self.assertIn(SECOND_EXPANSION, self.stage.revisions())
        self.assert_serving(*3 * [stage.OLD])

    def test_a_transaction_is_open(self):
        with self.unnoticed():
            with self.stage.database.transaction(stage.READ):
                operation, started = self.start()
                output = self.stage.attempt(stage.FIRST, started) / 'output'
                # Several times it steps aside, and users come in between.
                waiting.wait_for(lambda: output.read_text().count(
                    'A transaction holds a table') > 2)
                self.wait_for_expansion()
                self.hold(operation, 1)

            self.assert_expanded(operation)

    def test_it_is_killed_between_two_migrations(self):
        with self.unnoticed():
            with self.stage.database.transaction(stage.READ):
                operation, started = self.start()
                self.wait_for_expansion()

                for number in node_boot.marked(
                        attempts.MARK,
                        self.stage.attempt(stage.FIRST, started)):
                    os.kill(number, signal.SIGKILL)

                self.assertIn('step=expand', self.stage.error_of(operation))
                self.wait_for_expansion()
                self.stage.resume(retry_failed=True)
                self.hold(operation, 2)

            self.assert_expanded(operation)

    def test_mistral_is_killed(self):
        with self.unnoticed():
            with self.stage.database.transaction(stage.READ):
                operation, _ = self.start()
                self.wait_for_expansion()
                self.stage.kill_mistral()
                execution = self.stage.resume(take_over=True)
                waiting.wait_for(lambda: lifetime.find(
                    self.stage.clients, self.stage.record)[1].root
                    == execution)
                # It is still the first attempt, which knows of nothing.
                self.hold(operation, 1)

            self.assert_expanded(operation)

    def test_a_database_that_takes_no_writes(self):
        before = self.stage.revisions()
        self.stage.database.run('SET GLOBAL read_only = 1')
        self.addCleanup(self.stage.database.run, 'SET GLOBAL read_only = 0')
        operation, _ = self.start()
        error = self.stage.error_of(operation)

        for part in ('1290', 'read-only', 'service=keystone', 'step=expand'):
            self.assertIn(part, error)

        self.assertEqual(before, self.stage.revisions())
        self.assert_serving(*3 * [stage.OLD])
        self.stage.database.run('SET GLOBAL read_only = 0')

        with self.unnoticed():
            with self.stage.database.transaction(stage.READ):
                self.stage.resume(retry_failed=True)
                self.hold(operation, 2)

            self.assert_expanded(operation)
