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

"""Clouds that change: while something is going on, and from one to another."""

from tests.functional import cloud as functional_cloud
from tests.variants import case
from tests.variants import stage

FIRST, SECOND = stage.NODES
FRONT = 'OS::TripleO::Services::Front'


class ChangesTestCase(case.VariantTestCase):

    most_seconds = case.MOST_SECONDS_OF_SEVERAL

    def upgrade(self, release, **parameters):
        """Upgrade the store; the operation."""
        operation = self.stage.start(self.stage.preview(
            StoreRelease=release, **parameters)['digest'])
        self.stage.wait(operation)
        self.assert_serving(release, release)

        return operation

    def test_a_stack_that_was_changed_behind_the_document(self):
        digest = self.preview()['digest']
        self.stage.change_stack(StoreToken=self.release)
        self.assertIn('has changed since', self.stage.error_of(
            self.stage.start(digest)))
        self.fail_package(SECOND)
        operation = self.stage.start(self.preview()['digest'])
        self.stage.error_of(operation)
        self.stage.repair(SECOND)
        self.stage.change_stack(OtherToken=self.release)
        self.assertIn('has changed since', self.stage.error_of(
            self.stage.resume(retry_failed=True)))
        self.assertEqual([], self.stage.ran(operation, stage.OTHER, FIRST))
        self.assert_serving(self.release, self.before)

    def test_to_the_next_release_and_back(self):
        for release in (self.release, stage.other_release(), self.release):
            operation = self.upgrade(release)
            # The way back is a roll like any other.
            self.assertEqual(
                {node: ['stop', 'package', 'start']
                 for node in stage.NODES},
                {node: [step for unit, step, _ in ran if unit.isdigit()]
                 for node, ran in self.stage.ran(operation).items()})

    def test_there_is_no_way_back_from_an_irreversible_release(self):
        after = stage.other_release()
        self.addCleanup(self.stage.cloud.set_parameters, stage.PLAN,
                        StoreRelease=after)
        self.upgrade(self.release, StoreReversible=False)
        self.assertIn('lifecycle.reversible: there is no way back',
                      self.refusal(StoreRelease=self.before))
        self.upgrade(after, StoreReversible=True)

    def refusal(self, **parameters):
        """The error of a preview."""
        try:
            rollout = self.stage.preview(**parameters)
        except functional_cloud.ExecutionFailed as error:
            return str(error)

        raise AssertionError(f'It was not refused: {rollout}')

    def test_an_irreversible_release_is_not_put_back(self):
        self.stage.let_answer(FIRST, self.release, health=[503])
        operation = self.stage.start(
            self.preview(StoreReversible=False)['digest'])
        self.stage.error_of(operation)
        self.assert_serving(None, self.before)

    def test_a_service_is_removed_from_a_role(self):
        self.stage.run(self.stage.preview(FrontToken=self.release))
        services = stage.PARAMETERS['NodeServices'].split(',')
        services.remove(FRONT)
        rollout = self.stage.preview(NodeServices=','.join(services))
        self.assertIn('no longer wanted', rollout['tree'])
        self.stage.run(rollout)

        # It goes by the steps with which it came.
        for node in stage.NODES:
            notes = self.stage.root(node) / 'var/log/front-notes'
            self.assertEqual(
                [f'{step} {self.release}'
                 for step in ('drain', 'stop', 'remove')],
                notes.read_text().splitlines()[-3:])

        self.assertEqual({}, self.planned(self.stage.preview()))
