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

from tests.unit.operation import test_going_on
from tripleo_workflows import claims
from tripleo_workflows.operation import decisions

PLAN = test_going_on.PLAN


class DecisionsTestCase(test_going_on.OperationTestCase):

    def decide(self, kind, person='bob', reason='', **details):
        return decisions.decide(self.clients, PLAN, 'first', kind, person,
                                reason, **details)

    def read(self):
        return decisions.read(self.record, 'first')

    def numbers(self):
        return [decision.number for decision in self.read().all]


class WritingTestCase(DecisionsTestCase):

    def test_each_is_an_object_of_its_own(self):
        self.decide('hold', reason='lunch', fence=1)
        self.decide('skip', 'alice', 'dead', service='web', node='node-0')
        hold, skip = self.read().all
        self.assertEqual(
            (1, 'hold', 'bob', 'lunch', {'fence': 1}),
            (hold.number, hold.kind, hold.person, hold.reason, hold.details))
        self.assertEqual((2, 'alice', {'service': 'web', 'node': 'node-0'}),
                         (skip.number, skip.person, skip.details))
        self.assertRegex(skip.when, r'^\d{4}-\d\d-\d\dT[\d:]{8}Z$')

    def test_a_listing_that_lags_hides_nothing(self):
        self.clients.swift.get_container = lambda *arguments, **keywords: (
            {}, [])
        self.decide('hold', fence=1)
        self.assertEqual(2, self.decide('go_on', fence=2).number)
        self.assertEqual([1, 2], self.numbers())

    def test_two_writers_share_no_number(self):
        taken = []
        write = self.clients.swift.put_object

        def interrupted(container, name, body, content_type=None):
            # The other one decides after we have claimed, before we write.
            self.clients.swift.put_object = write
            taken.append(self.decide('approve', 'alice', service='web',
                                     step='contract').number)
            write(container, name, body)

        self.clients.swift.put_object = interrupted
        ours = self.decide('hold', fence=1)
        self.assertEqual((1, [2]), (ours.number, taken))
        self.assertEqual([('hold', 'bob'), ('approve', 'alice')], [
            (decision.kind, decision.person) for decision in self.read().all])

    def test_one_that_died_before_it_wrote_leaves_no_gap(self):
        def die(*arguments, **keywords):
            raise KeyboardInterrupt

        write = self.clients.swift.put_object
        self.clients.swift.put_object = die
        self.assertRaises(KeyboardInterrupt, self.decide, 'hold', fence=1)
        self.assertEqual([], self.numbers())
        self.clients.swift.put_object = write
        self.decide('waive', check='disk')
        self.assertEqual(['hold', 'waive'], [
            decision.kind for decision in self.read().all])

    def test_claims_that_were_lost_change_nothing(self):
        self.decide('hold', fence=1)
        self.clients.mistral.environments.stored.clear()
        self.decide('waive', check='disk')
        self.assertEqual(['hold', 'waive'], [
            decision.kind for decision in self.read().all])

    def test_closing_gives_the_numbers_back(self):
        self.decide('hold', fence=1)
        series = f'{PLAN}.decision.first'
        self.assertEqual([1], claims.numbers(self.clients.mistral, series))
        decisions.forget_claims(self.clients, PLAN, 'first')
        self.assertEqual([], claims.numbers(self.clients.mistral, series))
        self.assertEqual([1], self.numbers())


class ReadingTestCase(DecisionsTestCase):

    def test_a_hold_stands_until_somebody_goes_on(self):
        self.assertIsNone(self.read().held())
        self.decide('hold', 'alice', fence=1)
        self.decide('hold', 'bob', fence=1)
        self.decide('skip', service='web', node='node-0')
        self.assertEqual('bob', self.read().held().person)
        self.decide('go_on', fence=2)
        self.assertIsNone(self.read().held())
        self.decide('hold', 'carol', fence=2)
        self.assertEqual('carol', self.read().held().person)

    def test_a_hold_of_who_is_just_going_on_stands(self):
        # They have the lock, and have not recorded it yet.
        self.decide('hold', fence=2)
        self.decide('go_on', fence=2)
        self.assertIsNotNone(self.read().held())

    def test_what_is_said_of_one_counts_for_no_other(self):
        self.decide('skip', reason='dead', service='web', node='node-0')
        self.decide('approve', service='web', step='contract')
        self.decide('waive', check='disk')
        found = self.read()
        self.assertEqual(({'node-0': 'dead'}, {}), (
            found.skipped('web'), found.skipped('mysql')))
        self.assertEqual('bob', found.approved('web', 'contract').person)
        self.assertIsNone(found.approved('web', 'migrate'))
        self.assertIsNone(found.approved('mysql', 'contract'))
        self.assertEqual('bob', found.waived('disk').person)
        self.assertIsNone(found.waived('memory'))

    def test_the_last_and_the_nearest_change_counts(self):
        self.decide('change', service='web', soak=5)
        self.decide('change', service='', soak=10, max_failures=1)
        self.decide('change', service='', max_failures=2)
        found = self.read()
        self.assertEqual({'soak': 5, 'max_failures': 2},
                         found.changes('web'))
        self.assertEqual({'soak': 10, 'max_failures': 2},
                         found.changes('mysql'))
        self.assertEqual(found.changes('mysql'), found.changes())

    def test_a_retry_counts_under_its_fence(self):
        self.decide('go_on', fence=2, retry_failed=True)
        self.decide('go_on', fence=3, retry_failed=False)
        self.assertEqual([False, True, False], [
            self.read().retry(fence) for fence in (1, 2, 3)])
