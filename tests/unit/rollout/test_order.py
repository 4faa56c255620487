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

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import order


class OrderTestCase(testtools.TestCase):

    def graph(self, **after):
        return order.graph(after, 'overcloud')[0]

    def test_phases_of_a_service_follow_each_other(self):
        self.assertEqual(
            {'web.leave': set(), 'web.prepare': {'web.leave'},
             'web.roll': {'web.prepare'}, 'web.finish': {'web.roll'}},
            self.graph(web={}))

    def test_what_waits_leaves_before_what_it_waits_for_moves(self):
        before = self.graph(db={}, web={'roll': ['db.roll']})
        self.assertEqual({'web.prepare', 'db.roll'}, before['web.roll'])
        self.assertEqual({'web.leave'}, before['db.leave'])
        self.assertEqual({'db.leave', 'web.leave'}, before['db.prepare'])

    def test_what_is_not_here_keeps_nobody(self):
        before, not_here = order.graph(
            {'web': {'prepare': ['cache.finish', 'db.finish'],
                     'roll': ['cache.roll']}}, 'overcloud')
        self.assertEqual({'web.leave'}, before['web.prepare'])
        self.assertEqual({'web': ['cache', 'db']}, not_here)

    def test_a_circle_is_refused_and_shown(self):
        error = self.assertRaises(
            exceptions.InvalidInput, self.graph,
            a={'prepare': ['b.finish']}, b={'prepare': ['a.finish']})
        self.assertEqual('lifecycle.after', error.where['field'])
        self.assertRegex(str(error), 'a → b → a|b → a → b')

    def test_a_service_that_waits_for_itself_is_refused(self):
        self.assertRaises(exceptions.InvalidInput, self.graph,
                          a={'prepare': ['a.finish']})

    def test_an_end_may_wait_for_what_waits_for_the_roll(self):
        before = self.graph(conductor={'finish': ['compute.roll']},
                            compute={'prepare': ['conductor.roll']})
        names = order.in_order(before)
        self.assertLess(names.index('conductor.roll'),
                        names.index('compute.prepare'))
        self.assertLess(names.index('compute.roll'),
                        names.index('conductor.finish'))
        # Computes cannot do without conductors, and are gone before them.
        self.assertLess(names.index('compute.leave'),
                        names.index('conductor.leave'))

    def test_rolls_that_must_not_meet_follow_each_other(self):
        before = self.graph(a={}, b={'prepare': ['c.finish']}, c={}, d={})
        order.one_after_the_other(before, ['a', 'b', 'c'])
        rolls = [name for name in order.in_order(before)
                 if name in ('a.roll', 'b.roll', 'c.roll')]

        self.assertIn(rolls[0], before[rolls[1]])
        self.assertIn(rolls[1], before[rolls[2]])
        self.assertLess(rolls.index('c.roll'), rolls.index('b.roll'))
        self.assertEqual({'d.prepare'}, before['d.roll'])

    def test_what_has_nothing_to_do_passes_on_what_it_waits_for(self):
        before = self.graph(a={}, b={'prepare': ['a.finish']},
                            c={'prepare': ['b.finish']})
        self.assertEqual(
            {'a.roll': set(), 'c.prepare': {'a.roll'},
             'c.roll': {'c.prepare'}},
            order.nearest(before, ['a.roll', 'c.prepare', 'c.roll']))
