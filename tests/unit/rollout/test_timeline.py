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
from tests.unit.rollout import plans
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report
from tripleo_workflows.rollout import timeline

OPENED = {'operation': 'op', 'verb': 'upgrade', 'person': 'alice',
          'since': '2026-11-25T10:00:00Z', 'root': 'op', 'fence': 1,
          'digest': 'd1', 'begun': 1000.0}
CHECK = [plans.http()]


def services(release):
    return {'Controller': {
        'db': plans.lifecycle(release, finish={'contract': plans.script(
            'contract', point_of_no_return=True)}),
        'web': plans.lifecycle(release, after=['db'], canary=1, soak=10,
                               gate=CHECK)}}


class TimelineTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        kept = plans.Kept()
        kept.deploy(services('1'))
        kept.states['db']['seconds'] = {'drain': 1.0, 'stop': 2.0,
                                        'package': 3.0, 'start': 4.0}
        self.document = kept.compute(services('2'))

    def planned(self, service):
        return [piece for piece in timeline.planned(self.document)
                if piece.service == service]

    def test_steps_follow_each_other_by_what_is_known_of_them(self):
        self.assertEqual(
            [('1', 'drain', 0, 1), ('1', 'stop', 1, 3),
             ('1', 'package', 3, 6), ('1', 'start', 6, 10),
             ('2', 'drain', 10, 11)],
            [(piece.unit, piece.step, piece.begun, piece.ended)
             for piece in self.planned('db')][:5])

    def test_what_waits_begins_when_the_other_has_ended(self):
        self.assertEqual(self.planned('db')[-1].ended,
                         self.planned('web')[0].begun)

    def test_unknown_times_are_guessed(self):
        guessed = {piece.step: piece.guessed for piece in self.planned('db')}

        self.assertTrue(guessed['contract'])
        self.assertFalse(guessed['drain'])

    def test_the_canary_soaks(self):
        soaks = [piece for piece in self.planned('web')
                 if piece.step == 'soak']

        self.assertEqual([('1', 10.0)], [
            (piece.unit, piece.ended - piece.begun) for piece in soaks])

    def test_a_chart_tells_what_the_end_depends_on(self):
        chart = timeline.of_services(self.document, 'title')

        self.assertEqual(['Critical path: db.roll → db.finish → web.roll'],
                         chart.notes)
        self.assertEqual([('db', 'web', True)], [
            (arrow.source[0], arrow.target[0], arrow.critical)
            for arrow in chart.arrows])
        self.assertEqual(['db'], [mark.lane for mark in chart.marks])
        self.assertIn('canary', {frame.name for frame in chart.frames
                                 if frame.lane == 'web'})
        self.assertNotIn('canary', {frame.name for frame in chart.frames
                                    if frame.lane == 'db'})

    def story(self):
        swift = fakes.Swift()
        swift.put_container('overcloud-operations')
        record = operation_record.Record(swift, 'overcloud')
        record.put('op/operation.json', OPENED)
        record.put('op/1/db.1.json', {
            'stop': {'begun': 1002.0, 'nodes': {
                'controller-0': {'status': 'done', 'known': 1005.0},
                'controller-1': {'status': 'done', 'seconds': 1.5}}},
            'drain': {'begun': 1000.0, 'nodes': {
                'controller-0': {'status': 'done', 'known': 1001.0}}}})
        record.put('op/1/db.finish.json', {
            'contract': {'begun': 1010.0, 'nodes': {
                'controller-0': {'status': 'sent'}}}})

        return report.newest_of(record, 'd1')

    def test_a_record_has_the_times_that_steps_took(self):
        self.assertEqual(
            [('1', 'drain', 'controller-0', 1000.0, 1001.0, None),
             ('1', 'stop', 'controller-0', 1002.0, 1005.0, None),
             ('1', 'stop', 'controller-1', 1002.0, 1003.5, 1.5),
             ('finish', 'contract', 'controller-0', 1010.0, 1010.0, None)],
            [(piece.unit, piece.step, piece.node, piece.begun, piece.ended,
              piece.worked) for piece in timeline.recorded(self.story())])

    def test_a_chart_takes_the_times_of_the_operation_that_ran_it(self):
        chart = timeline.of_services(self.document, 'title', self.story())

        self.assertEqual({('1', 1000.0, 1005.0), ('finish', 1010.0, 1010.0)},
                         {(frame.name, frame.begun, frame.ended)
                          for frame in chart.frames})
        self.assertEqual(['Critical path: db.roll → db.finish'], chart.notes)
        self.assertEqual(3, len(chart.bars))

    def test_each_node_has_lanes_of_its_own(self):
        chart = timeline.of_nodes('title', self.story(), [(1000.5, False)])

        self.assertEqual(
            ['controller-0 · db'] * 3 + ['controller-1 · db'],
            [bar.lane for bar in chart.bars])
        self.assertEqual([(1000.5, False)], chart.requests)

    def test_a_rollout_that_nobody_ran_has_no_story(self):
        record = operation_record.Record(fakes.Swift(), 'overcloud')
        self.assertIsNone(report.newest_of(record, 'd1'))
