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

import testtools

from tests.bench import makespan
from tests.unit.rollout import plans


class MakespanTestCase(testtools.TestCase):

    def document(self, **services):
        kept = plans.Kept()
        kept.deploy({'Controller': {name: plans.lifecycle(**content)
                                    for name, content in services.items()}})

        return kept.compute({'Controller': {
            name: plans.lifecycle('2', **content)
            for name, content in services.items()}})

    def times(self, service, step, node):
        """Each step takes a second, and one of a slow service ten."""
        return 10.0 if service == 'slow' else 1.0

    def test_a_service_goes_batch_by_batch_through_its_steps(self):
        document = self.document(web={'batch': 1})

        # Three batches of drain, stop, package and start.
        self.assertEqual(12.0, makespan.critical_path(document, self.times))
        self.assertEqual(12.0, makespan.simulate(document, self.times, 0)[0])

    def test_services_go_side_by_side_unless_one_waits(self):
        side = self.document(slow={}, web={})
        row = self.document(slow={}, web={'after': ['slow']})

        self.assertEqual(120.0, makespan.critical_path(side, self.times))
        self.assertEqual(132.0, makespan.critical_path(row, self.times))
        self.assertEqual(132.0, makespan.simulate(row, self.times, 0)[0])

    def test_each_task_of_the_engine_costs(self):
        document = self.document(web={'batch': 3})
        free, _ = makespan.simulate(document, self.times, 0)
        once, _ = makespan.simulate(document, self.times, 0.1)
        twice, _ = makespan.simulate(document, self.times, 0.2)

        self.assertGreater(once, free)
        self.assertAlmostEqual(2 * (once - free), twice - free)

    def test_in_lock_step_a_node_does_one_thing_after_the_other(self):
        document = self.document(slow={}, web={})

        # The barriers of drain, stop, package and start: 10 and 1 in each.
        self.assertEqual(44.0, makespan.lock_step(document, self.times)[0])

    def test_in_lock_step_services_have_no_node_for_a_while(self):
        document = self.document(web={'batch': 1})

        # From the beginning of stop to the end of start.
        self.assertEqual(3.0, makespan.lock_step(document, self.times)[1])
        self.assertEqual(0.0, makespan.simulate(document, self.times, 0)[1])

    def test_the_large_graph_is_the_same_each_time(self):
        clouds = [makespan.large_cloud('1', makespan.SEED) for _ in range(2)]

        self.assertEqual(*clouds)
        self.assertEqual(40, sum(map(len, clouds[0].role_data.values())))
        self.assertEqual(40, len(makespan.upgrade(
            lambda release: makespan.large_cloud(release, makespan.SEED))[
                'services']))

    def test_the_sample_has_the_order_of_its_templates(self):
        services = makespan.upgrade(makespan.sample_cloud)['services']

        self.assertEqual(['haproxy.roll', 'mariadb.roll'],
                         services['web']['after']['prepare'])
        self.assertEqual(['web.roll', 'monitor_agent.prepare'][:1],
                         services['monitor_agent']['after']['roll'][-1:])
