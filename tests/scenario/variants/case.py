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

import contextlib
import time

import fixtures
import testtools

from tests.scenario.variants import figures
from tests.scenario.variants import stage as test_stage
from tests.variants import case

#: A rollout goes wrong and is set right within that time.
MOST_SECONDS = 240


class VariantTestCase(testtools.TestCase):
    """One way in which an upgrade goes wrong, on a cloud that is well."""

    def setUp(self):
        super().setUp()
        self.stage = test_stage.deployed()
        self.stage.set_up()
        self.useFixture(fixtures.Timeout(
            round(MOST_SECONDS * case.FACTOR), gentle=True))

    @contextlib.contextmanager
    def unnoticed(self, nodes=test_stage.CONTROLLERS, service=''):
        """Nobody who uses the cloud meanwhile notices anything.

        :param nodes: whose load balancers are used.
        :param service: the only one that is used; empty: all.
        """
        begun = time.monotonic()

        with self.stage.probed(nodes, service) as probe:
            yield probe

        seconds = time.monotonic() - begun
        report = probe.report()
        read = probe.read_back()
        figures.note(self.id().rpartition('.')[2],
                     f'{seconds:.0f} s\t{report.verdict()}\t{read.verdict()}')
        self.assertEqual([], [*report.failures])
        self.assertEqual((), read.failures)
        # A prober that does nothing sees no failure.
        self.assertGreater(report.total.requests,
                           seconds * test_stage.RATE * 0.8)
        self.assertGreater(read.rows, 0)

    def hook(self, script, name='other', **place):
        """A hook of Keystone; ``before`` or ``after`` names a step."""
        [(where, step)] = place.items()

        return {'name': name, where: f'keystone.{step}', 'script': script}

    def assert_serving(self, *releases):
        """The releases that listen on the controllers."""
        self.assertEqual([[release] for release in releases],
                         self.stage.serving())

    def assert_nothing_left(self):
        """Nothing is left to do."""
        self.assertEqual(0, self.stage.preview()['services'])
