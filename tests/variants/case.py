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

"""What the variants have in common."""

import os

import fixtures
import testtools

from tests.variants import stage as test_stage

#: How many times slower than an idle one the machine may be.
FACTOR = float(os.environ.get('TRIPLEO_TEST_TIME_FACTOR', '1'))
#: A rollout goes wrong and is set right within that time.
MOST_SECONDS = 75
#: The same where several rollouts are needed.
MOST_SECONDS_OF_SEVERAL = 150


class VariantTestCase(testtools.TestCase):
    """One way in which a rollout goes wrong, on a stage in a good state."""

    most_seconds = MOST_SECONDS

    def setUp(self):
        super().setUp()
        self.stage = test_stage.deployed()
        self.stage.set_up()
        self.before = self.stage.serving()[test_stage.FIRST]
        self.release = test_stage.other_release()
        self.useFixture(fixtures.Timeout(
            round(self.most_seconds * FACTOR), gentle=True))

    def preview(self, **parameters):
        """Preview the upgrade of the store."""
        return self.stage.preview(StoreRelease=self.release, **parameters)

    def fail_package(self, node, why='exit 3'):
        """Let the new release not be installed on a node."""
        self.stage.steer(node, 'store.package',
                         f'case "$RELEASE $TOKEN" in *{self.release}*) '
                         f'echo no such package; {why};; esac')

    def planned(self, rollout):
        """The nodes of a rollout that every stage has, by service."""
        document = self.stage.record.document(rollout['digest'])

        return {name: [node for node in test_stage.NODES
                       if node in entry['nodes']]
                for name, entry in document['services'].items()}

    def preview_change(self, **parameters):
        """Preview a change of the store within its release."""
        return self.stage.preview(StoreToken=self.release, **parameters)

    def assert_serving(self, first, second):
        """The releases that take writes on both nodes."""
        self.assertEqual([first, second],
                         list(self.stage.serving().values()))

    def assert_nothing_left(self):
        """Nothing is left to do, and both nodes serve what is wanted."""
        self.assertEqual({}, self.planned(self.stage.preview()))
        self.assert_serving(self.release, self.release)
