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

from tests.unit import fakes
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import correction
from tripleo_workflows.rollout import revision


def row(node, fence, operation='lost', **services):
    return {'node': node, 'answered': True, 'server_id': f'id-{node}',
            'fence': fence, 'operation': operation, 'services': services}


def seen(fence, operation='lost', **more):
    return {'fence': fence, 'operation': operation, 'revision': None, **more}


class CorrectionTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        self.record = operation_record.Record(swift, 'overcloud')
        self.record.put_state(3, 'web', {'release': '1', 'nodes': {
            name: {'revision': 'one', 'release': '1', 'parts': {},
                   'server_id': f'id-{name}', 'fence': 3}
            for name in 'ab'}})

    def correct(self, *rows):
        return correction.correct(self.record, 9, 'ours', rows)

    def nodes(self):
        return self.record.state(9, 'web')['nodes']

    def test_what_a_lost_operation_completed_is_learned(self):
        complete = {'revision': 'two', 'release': '2', 'parts': {'x': 'y'}}

        self.assertEqual({'web': ['b']}, self.correct(
            row('a', 5, web=seen(3)), row('b', 5, web=seen(5, **complete))))
        self.assertEqual('one', self.nodes()['a']['revision'])
        self.assertEqual({**complete, 'server_id': 'id-b', 'fence': 5},
                         self.nodes()['b'])

    def test_what_a_lost_operation_began_is_unfinished(self):
        self.correct(row('a', 5, web=seen(5)), row('c', 5, web=seen(5)))
        self.assertEqual(revision.UNFINISHED, self.nodes()['a']['revision'])
        # Nothing was ever completed there.
        self.assertIsNone(self.nodes()['c']['revision'])

    def test_our_own_steps_are_the_records_business(self):
        self.assertEqual({}, self.correct(
            row('a', 9, 'ours', web=seen(9, 'ours', revision='x'))))
        self.assertEqual({}, self.correct({'node': 'a', 'answered': False}))

    def test_the_highest_fence_is_of_others(self):
        rows = [row('a', 7), row('b', 9, 'ours'),
                {'node': 'c', 'answered': False}]

        self.assertEqual(7, correction.highest_fence(rows, 'ours'))
        self.assertEqual(0, correction.highest_fence([], 'ours'))
