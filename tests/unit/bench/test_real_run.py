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

from tests.bench import real_run
from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows.operation import record as operation_record


class RealRunTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        services = {'Controller': {
            'db': plans.lifecycle(), 'other': plans.lifecycle(),
            'web': plans.lifecycle(after=['db'])}}
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        self.record = operation_record.Record(swift, 'overcloud')
        self.record.put('documents/d1.json', plans.Kept().compute(
            services, verb='deploy'))
        self.record.put('op/operation.json', {
            'operation': 'op', 'digest': 'd1', 'begun': 0.0, 'fence': 1})

    def put(self, service, **steps):
        """Steps of a unit, each with its begin and how long nodes took."""
        self.record.put(f'op/1/{service}.1.json', {
            step: {'begun': begun, 'nodes': {
                f'controller-{number}': {'status': 'done', 'known':
                                         begun + seconds}
                for number, seconds in enumerate(took)}}
            for step, (begun, *took) in steps.items()})

    def test_the_longest_way_is_what_its_slowest_nodes_took(self):
        self.put('db', package=(100.0, 2, 3), start=(104.0, 1, 1))
        self.put('other', package=(100.0, 5, 1))
        self.put('web', package=(106.0, 4, 2))

        self.assertEqual((10.0, 8.0), real_run.measured(self.record, 'd1'))

    def test_what_nobody_ran_cannot_be_measured(self):
        self.assertRaises(ValueError, real_run.measured, self.record, 'd2')
