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

"""What seeds stand for."""

import collections

import testtools

from tests.faults import scenario


class ScenarioTestCase(testtools.TestCase):

    def test_a_seed_is_always_the_same(self):
        self.assertEqual(scenario.of_seed(7), scenario.of_seed(7))

    def test_a_cycle_holds_each_target_at_each_moment(self):
        for cycle in (range(24), range(48, 72)):
            self.assertEqual(
                {(target, moment) for target in scenario.TARGETS
                 for moment in scenario.MOMENTS},
                {(drawn.target, drawn.moment)
                 for drawn in map(scenario.of_seed, cycle)})

    def test_a_third_of_the_seeds_falls_on_each_moment(self):
        self.assertEqual({7, 6}, set(collections.Counter(
            scenario.of_seed(seed).moment for seed in range(20)).values()))

    def test_what_is_there_for_a_step_only_is_not_killed_after_it(self):
        for drawn in map(scenario.of_seed, range(96)):
            if drawn.target in scenario.BRIEF:
                self.assertEqual('sent', drawn.status)
