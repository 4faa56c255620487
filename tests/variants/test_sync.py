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

"""The pack, loaded again into a Mistral that runs an upgrade."""

import yaml

from tests.variants import case
from tests.variants import stage
from tripleo_workflows import exceptions
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks

FIRST, _ = stage.NODES
#: The workbook of which the upgrade has not begun the most.
BOOK = 'tripleo.rollout.v1'
#: A step that stays where it is until its node is repaired.
WAIT = 'while [ -e "$NODE_ROOT/steer" ]; do sleep 0.1; done'


class SyncTestCase(case.VariantTestCase):

    def setUp(self):
        super().setUp()
        self.pack = workbooks.load()
        self.changed = {**self.pack, BOOK: self.pack[BOOK].replace(
            'batch by batch, step by step', 'as a test has it')}
        self.assertNotEqual(self.pack, self.changed)
        self.addCleanup(self.synchronise, self.pack, force=True)

    def synchronise(self, wanted, **options):
        """Load workbooks as if they were the pack.

        :returns: by name, what has become of those that changed.
        """
        outcome = sync.synchronise(self.stage.clients, wanted, **options)

        return {name: what for name, what in outcome.items()
                if what != 'unchanged'}

    def stored(self):
        """The definitions that Mistral holds."""
        held = self.stage.clients.mistral.workbooks

        return {name: held.get(name).definition for name in self.pack}

    def begin(self):
        """Begin an upgrade, whose first step waits; the operation."""
        self.stage.steer(FIRST, 'store.stage', WAIT)
        operation = self.stage.start(self.preview()['digest'])
        self.stage.wait_for(operation, FIRST, 'stage')

        return operation

    def end(self, operation):
        """Let the upgrade go on, which it did not before, to its end."""
        self.assertEqual([], self.stage.ran(operation, node=FIRST))
        self.stage.repair(FIRST)
        summary = self.stage.wait(operation)
        self.assertEqual((operation, {}), (summary['operation'],
                                           summary['exceptions']))
        self.assert_nothing_left()

    def test_only_force_changes_what_an_upgrade_runs(self):
        operation = self.begin()
        self.assertEqual({}, self.synchronise(self.pack))
        self.assertEqual(self.pack, self.stored())
        error = self.assertRaises(exceptions.OperationInProgress,
                                  self.synchronise, self.changed)
        self.assertIn(f'plan={stage.PLAN}, operation={operation}',
                      str(error))
        self.assertIn('--force', str(error))
        self.assertEqual(self.pack, self.stored())

        self.assertEqual({BOOK: 'updated'},
                         self.synchronise(self.changed, force=True))
        self.assertEqual(self.changed, self.stored())
        self.assertEqual({BOOK: 'updated'},
                         self.synchronise(self.pack, force=True))
        self.end(operation)

    def test_what_was_forced_counts_for_what_is_not_begun(self):
        operation = self.begin()
        content = yaml.safe_load(self.pack[BOOK])
        content['workflows']['finish']['output'] = {'told': 'by a test'}
        self.changed[BOOK] = yaml.safe_dump(content, sort_keys=False)
        self.assertEqual({BOOK: 'updated'},
                         self.synchronise(self.changed, force=True))
        self.end(operation)
        [finish] = self.stage.clients.mistral.executions.list(
            root_execution_id=operation, workflow_name=f'{BOOK}.finish')
        self.assertEqual({'told': 'by a test'},
                         self.stage.cloud.wait(finish.id))
