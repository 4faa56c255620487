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

"""What an execution may carry of a table about nodes."""

import json

import testtools

from tripleo_workflows.deployments import table


class TableTestCase(testtools.TestCase):

    def test_rows_that_are_not_done_come_first(self):
        rows = [{'node': 'a', 'status': 'done'},
                {'node': 'b', 'status': 'failed'},
                {'node': 'c', 'status': 'done'}]
        self.assertEqual(['b', 'a', 'c'], [
            row['node'] for row in table.fitting(rows, 1000)])
        self.assertEqual({'done': 2, 'failed': 1}, table.counts(rows))

    def test_what_is_kept_fits_to_the_byte(self):
        rows = [{'node': f'node-{number}', 'status': 'failed',
                 'tail': '\u20ac' * number} for number in range(50)]
        whole = len(json.dumps(rows))

        for limit in (whole, whole - 1, whole // 2, 100, 2):
            kept = table.fitting(rows, limit)
            self.assertLessEqual(len(json.dumps(kept)), limit)
            self.assertEqual(limit == whole, kept == rows)

    def test_a_long_row_does_not_hide_the_short_ones(self):
        rows = [{'node': 'long', 'status': 'failed', 'tail': 'x' * 500},
                {'node': 'short', 'status': 'failed'}]
        self.assertEqual(['short'], [
            row['node'] for row in table.fitting(rows, 200)])

    def test_a_tail_is_the_end_as_json_counts_it(self):
        self.assertEqual('end', table.tail('the end', 3))
        self.assertEqual('short', table.tail('short', 100))
        self.assertEqual('', table.tail('long', 0))

        for text in ('\ufffd' * 1000, '\U0001f600x' * 1000, 'a"\n' * 1000):
            end = table.tail(text, 601)
            self.assertTrue(text.endswith(end))
            size = len(json.dumps(end)) - 2
            self.assertLessEqual(size, 601)
            self.assertGreater(size, 601 - 24)
