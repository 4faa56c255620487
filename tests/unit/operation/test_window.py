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

import datetime

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.operation import window

OPENS = datetime.datetime(2026, 11, 25, 2, tzinfo=datetime.UTC).timestamp()
CLOSES = OPENS + 3600


class WindowTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.window = window.window('2026-11-25T03:00:00+01:00',
                                    '2026-11-25T03:00:00Z')

    def closed(self, now, seconds=None):
        return window.closed(self.window, now, seconds)

    def test_it_is_kept_in_utc(self):
        self.assertEqual({'not_before': '2026-11-25T02:00:00Z',
                          'not_after': '2026-11-25T03:00:00Z'}, self.window)
        self.assertEqual({}, window.window())

    def test_before_it_opens_the_time_is_known(self):
        found = self.closed(OPENS - 1)
        self.assertEqual(OPENS, found.until)
        self.assertIn('opens at 2026-11-25T02:00:00Z', found.why)
        self.assertIsNone(self.closed(OPENS))

    def test_what_does_not_fit_is_not_begun(self):
        self.assertIsNone(self.closed(CLOSES - 600, 600))
        found = self.closed(CLOSES - 600, 601)
        self.assertIsNone(found.until)
        self.assertIn('closes at 2026-11-25T03:00:00Z, and this takes about '
                      '601 s', found.why)

    def test_what_nobody_can_estimate_begins_until_it_closes(self):
        self.assertIsNone(self.closed(CLOSES))
        self.assertNotIn('takes', self.closed(CLOSES + 1).why)

    def test_without_a_window_all_may_begin(self):
        self.assertIsNone(window.closed({}, OPENS, 1e9))

    def test_one_side_is_enough(self):
        self.assertIsNone(window.closed(
            window.window(not_before='2026-11-25T02:00:00Z'), OPENS, 1e9))
        self.assertIsNone(window.closed(
            window.window(not_after='2026-11-25T03:00:00Z'), 0, 1))

    def test_bad_times_name_the_field(self):
        for value in ('tomorrow', '2026-11-25T02:00:00', 7):
            error = self.assertRaises(exceptions.InvalidInput, window.window,
                                      not_after=value)
            self.assertIn('field=not_after', str(error))

    def test_one_that_leaves_no_time_is_refused(self):
        error = self.assertRaises(
            exceptions.InvalidInput, window.window,
            '2026-11-25T02:00:00Z', '2026-11-25T02:00:00Z')
        self.assertIn('closes before it opens', str(error))
