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

import time

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.operation import changes


class ChangesTestCase(testtools.TestCase):

    def test_nothing_given_changes_nothing(self):
        given = changes.Changes()
        self.assertEqual(({}, {}), (given.policy(), given.of_operation({})))

    def test_numbers_and_percentages_of_nodes(self):
        for value, kept in ((0, 0), (3, 3), ('3', 3), ('25%', '25%'),
                            ('100%', '100%')):
            self.assertEqual({'max_failures': kept}, changes.Changes(
                max_failures=value).policy())

        for value in (-1, 'all', '101%', True, 1.5):
            error = self.assertRaises(
                exceptions.InvalidInput,
                changes.Changes(max_failures=value).policy)
            self.assertIn('field=max_failures', str(error))

    def test_one_service_at_least_is_carried_out(self):
        self.assertEqual({'concurrency': 1}, changes.Changes(
            concurrency=1).of_operation({}))

    def test_seconds_and_services(self):
        self.assertEqual({'soak': 0}, changes.Changes(soak=0).policy())

        for field, value in (('soak', '5'), ('soak', -1),
                             ('deadline_seconds', 0), ('concurrency', 0),
                             ('concurrency', True)):
            given = changes.Changes(**{field: value})
            error = self.assertRaises(
                exceptions.InvalidInput, lambda given=given: (
                    given.policy(), given.of_operation({})))
            self.assertIn(f'field={field}', str(error))

    def test_a_deadline_counts_from_now(self):
        before = time.time()
        found = changes.Changes(deadline_seconds=60).of_operation({})
        self.assertTrue(before + 59 <= found['deadline'] <= time.time() + 61)

    def test_the_side_of_a_window_that_is_not_given_stays(self):
        opened = {'not_before': '2026-11-25T02:00:00Z',
                  'not_after': '2026-11-25T03:00:00Z'}
        self.assertEqual(
            {**opened, 'not_after': '2026-11-25T05:00:00Z'},
            changes.Changes(not_after='2026-11-25T05:00:00Z')
            .of_operation(opened))
        self.assertRaises(
            exceptions.InvalidInput,
            changes.Changes(not_after='2026-11-25T01:00:00Z').of_operation,
            opened)
