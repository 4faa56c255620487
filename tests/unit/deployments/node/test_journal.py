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

"""The journal: its file, and what its entries say."""

import errno
import json
import multiprocessing
import os
import pathlib

import fixtures
import testtools

from tripleo_workflows.deployments.node import history
from tripleo_workflows.deployments.node import journal as node_journal


def key(service='web', step='start', operation='first', plan='overcloud',
        attempt=1):
    return {'plan': plan, 'operation': operation, 'service': service,
            'batch': '1', 'step': step, 'node': 'node', 'attempt': attempt}


def _append_many(directory, service):
    journal = node_journal.Journal(pathlib.Path(directory))

    for attempt in range(100):
        with journal.locked():
            journal.append(history.ACCEPTED, key(service, attempt=attempt), 1,
                           filler='x' * 3000)


class JournalTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.journal = node_journal.Journal(self.directory, 'server')

    def append(self, event, fence=1, result=None, **parts):
        more = {'result': result} if result else {}

        if 'completes' in parts:
            more['completes'] = parts.pop('completes')

        self.journal.append(event, key(**parts), fence, **more)

    def complete(self, fence=1, status='done', revision=None, output='',
                 **parts):
        self.append(history.ACCEPTED, fence, **parts)
        self.append(history.STARTED, fence, **parts)
        more = ({'completes': {'revision': revision, 'release': '1',
                               'parts': {}}} if revision else {})
        self.append(history.DONE, fence,
                    result={'status': status, 'output': output}, **more,
                    **parts)

    def completion(self, service='web'):
        found = history.completions(self.journal.entries()).get(
            ('overcloud', service))

        return found and found['completes']['revision']


class FileTest(JournalTestCase):

    def test_a_torn_line_swallows_nothing(self):
        self.append(history.ACCEPTED, 3)

        with open(self.journal.path, 'ab') as stream:
            stream.write('{"event": "accepted ä'.encode()[:-1])

        self.append(history.ACCEPTED, 4)
        self.assertEqual([3, 4], [entry['fence']
                                  for entry in self.journal.entries()])

    def test_lines_that_are_no_entries_are_passed_over(self):
        self.journal.path.write_text('[1]\n7\n{"event": "done"}\nnull\n')
        self.assertEqual([], self.journal.entries())

    def test_writers_do_not_tear_each_other(self):
        context = multiprocessing.get_context('fork')
        writers = [context.Process(target=_append_many, args=(
            str(self.directory), service)) for service in ('a', 'b')]

        for writer in writers:
            writer.start()

        for writer in writers:
            writer.join()

        lines = self.journal.path.read_text().splitlines()
        self.assertEqual(200, len(lines))
        self.assertEqual(200, len(self.journal.entries()))

    def test_a_full_disk_still_takes_a_last_word(self):
        self.journal.reserve()
        write = os.write
        spare = self.directory / 'spare'

        def full(descriptor, data):
            if spare.exists():
                write(descriptor, data[:10])
                raise OSError(errno.ENOSPC, 'No space left on device')

            return write(descriptor, data)

        self.useFixture(fixtures.MonkeyPatch('os.write', full))
        self.append(history.STARTED)
        self.assertEqual(1, len(self.journal.path.read_text().splitlines()))

    def test_what_cannot_be_written_leaves_nothing(self):
        self.append(history.ACCEPTED)
        before = self.journal.path.read_bytes()

        write = os.write
        self.useFixture(fixtures.MonkeyPatch(
            'os.write', lambda descriptor, data: write(descriptor, data[:9])))
        self.assertRaises(OSError, self.append, history.STARTED)
        self.assertEqual(before, self.journal.path.read_bytes())

    def test_it_stays_bounded(self):
        for number in range(400):
            with self.journal.locked():
                self.journal.compact()
                self.complete(number + 1, operation=f'operation-{number}',
                              revision=f'revision-{number}',
                              output='x' * 16000)

        self.assertLess(self.journal.path.stat().st_size, 2 * 1024 ** 2)
        self.assertEqual('revision-399', self.completion())
        self.assertEqual((400, 'operation-399'), history.fence_of(
            self.journal.entries(), 'overcloud'))

    def test_a_crash_while_it_is_compacted_leaves_the_old_one(self):
        for number in range(history.RECENT_OPERATIONS * 2):
            self.complete(number + 1, operation=f'operation-{number}',
                          output='x' * 2 ** 18)

        before = self.journal.path.read_bytes()

        def crash(*arguments):
            raise OSError(errno.EIO, 'crash')

        with fixtures.MonkeyPatch('pathlib.Path.rename', crash):
            self.assertRaises(OSError, self.journal.compact)

        self.assertEqual(before, self.journal.path.read_bytes())


class HistoryTest(JournalTestCase):

    def check(self, fence, **parts):
        history.check_fence(self.journal.entries(), key(**parts), fence)

    def test_fences(self):
        self.append(history.ACCEPTED, 7)
        self.check(7)
        self.check(8, operation='second')
        self.check(1, plan='another')
        low = self.assertRaises(history.Refused, self.check, 6)
        equal = self.assertRaises(history.Refused, self.check, 7,
                                  operation='second')
        self.assertEqual([(7, 'first')] * 2, [
            (refused.seen, refused.operation) for refused in (low, equal)])

    def test_an_abort_raises_the_fence(self):
        self.append(history.ACCEPTED, 7)
        self.append(history.ABORT, 9)
        self.assertRaises(history.Refused, self.check, 8)

    def test_an_abort_concerns_what_was_accepted_before(self):
        self.append(history.ACCEPTED, step='stop')
        self.append(history.ACCEPTED, operation='second')
        self.append(history.ABORT, step='abort')
        self.append(history.ACCEPTED, step='start')
        entries = self.journal.entries()
        self.assertEqual([True, False, False], [
            history.is_aborted(entries, history.attempt_name(one))
            for one in (key(step='stop'), key(operation='second'),
                        key(step='start'))])

    def test_a_completion_holds_until_something_is_started(self):
        self.complete(revision='one')
        self.assertEqual('one', self.completion())
        self.complete(service='db')
        self.assertEqual('one', self.completion())
        self.append(history.ACCEPTED, 2, step='stop', attempt=2)
        self.assertEqual('one', self.completion())
        self.append(history.STARTED, 2, step='stop', attempt=2)
        self.assertIsNone(self.completion())
        self.complete(2, revision='two', attempt=2)
        self.assertEqual('two', self.completion())

    def test_a_failure_completes_nothing(self):
        self.complete(revision='one', status='failed')
        self.assertIsNone(self.completion())

    def test_what_is_forgotten(self):
        for number in range(10):
            self.complete(number + 1, operation=f'operation-{number}',
                          output='x' * 5000)

        self.complete(1, service='old', plan='other', revision='kept',
                      output='x')
        self.append(history.ACCEPTED, 11, operation='operation-10',
                    service='db')
        kept = history.compacted(self.journal.entries())

        self.assertEqual(
            {f'operation-{number}' for number in (7, 8, 9, 10)} | {'first'},
            {entry['key']['operation'] for entry in kept})
        # Nothing is decided otherwise, and once more forgets nothing more.
        self.assertEqual((11, 'operation-10'),
                         history.fence_of(kept, 'overcloud'))
        self.assertEqual('kept', history.completions(
            kept)['other', 'old']['completes']['revision'])
        self.assertEqual(kept, history.compacted(kept))

    def test_plans_without_revisions_are_forgotten_in_the_end(self):
        self.complete(revision='one')

        for number in range(history.RECENT_PLANS + 5):
            self.complete(plan=f'adhoc.{number}')

        plans = {entry['key']['plan'] for entry in
                 history.compacted(self.journal.entries())}
        self.assertEqual(history.RECENT_PLANS + 1, len(plans))
        self.assertEqual(set(), {'overcloud', 'adhoc.104'} - plans)

    def test_only_the_latest_results_keep_their_output(self):
        for number in range(history.WHOLE_RESULTS + 5):
            self.complete(attempt=number, output='x' * 5000)

        kept = history.compacted(self.journal.entries())
        results = [entry['result'] for entry in kept
                   if entry['event'] == history.DONE]
        self.assertEqual(history.WHOLE_RESULTS + 5, len(results))
        self.assertEqual([True] * 5 + [False] * history.WHOLE_RESULTS,
                         ['output' not in result for result in results])

    def test_names_are_distinct_and_safe(self):
        names = {history.attempt_name(key(**parts)) for parts in (
            {}, {'attempt': 2}, {'service': 'a/../b'}, {'plan': 'p'})}
        self.assertEqual(4, len(names))
        self.assertFalse(any('/' in name for name in names))
        self.assertTrue(json.dumps(sorted(names)))
