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

"""The runner as a node runs it: a script, started by a hook."""

import json
import os
import pathlib
import shutil
import signal
import time

import fixtures

from tests import waiting
from tests.unit.deployments.node import hook
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments.node import journal
from tripleo_workflows.deployments.node import runner


class DeliveryTest(hook.HookTestCase):
    """What an attempt may do."""

    def test_a_payload_runs_and_its_result_arrives(self):
        self.assertIn('accepted', self.deliver('echo $GREETING; exit 0'))
        result = self.result()

        self.assertEqual(('done', 0, 'hello\n', 6), (
            result['status'], result['status_code'], result['output'],
            result['output_bytes']))
        self.assertEqual('node', result['key']['node'])
        self.assertEqual(['accepted', 'started', 'done'], self.events())
        self.assertEqual({'server'},
                         {entry['server'] for entry in self.journal()})

    def test_the_type_of_a_result_tells_how_it_ended(self):
        for payload, begins in (
                ('true', 'application/json;status=done;status_code=0;'),
                ('exit 3', 'application/json;status=failed;status_code=3;')):
            seconds = self.answer(payload, step=payload)['seconds']
            self.assertEqual(f'{begins}seconds={seconds}',
                             self.store.types.get(timeout=30))

    def test_the_hook_does_not_wait_for_the_payload(self):
        fifo = self.fifo('fifo')
        self.deliver(f'cat {fifo}')
        # Meanwhile it tells that there will be an answer.
        self.store.accepted.get(timeout=30)
        fifo.write_text('released')
        self.assertEqual('released', self.result()['output'])

    def test_two_services_run_side_by_side_and_are_surveyed(self):
        first, second = self.fifo('first'), self.fifo('second')
        # Each waits for the other: one after the other would never end.
        self.deliver(f'echo a > {first}; cat {second}', step='stop')
        survey = self.answer(kind='survey', step='survey')['survey']
        self.assertEqual(['stop'], [row['step'] for row in survey['running']])
        self.deliver(f'cat {first}; echo b > {second}', step='start')
        outputs = {self.result()['output'] for _ in range(2)}
        self.assertEqual({'a\n', 'b\n'}, outputs)

    def test_a_second_delivery_of_a_done_attempt_runs_nothing(self):
        count = self.root / 'count'
        script = f'echo x >> {count}'
        first = self.answer(script)

        self.assertEqual(first, self.answer(script))
        self.assertEqual('x\n', count.read_text())
        self.assertEqual(['accepted', 'started', 'done'], self.events())

    def test_a_second_delivery_of_a_running_attempt_is_left_alone(self):
        started, release = self.fifo('started'), self.fifo('release')
        script = f'echo x > {started}; cat {release}'
        self.deliver(script)
        started.read_text()
        self.deliver(script)
        release.write_text('done')
        first = self.result()

        self.assertEqual('done', first['output'])
        # The delivery that waited answers the same, to its own URL.
        self.assertEqual(first, self.result())
        self.assertEqual(['accepted', 'started', 'done'], self.events())

    def test_a_raised_attempt_runs_again(self):
        count = self.root / 'count'

        for attempt in (1, 2):
            self.answer(f'echo x >> {count}', attempt=attempt)

        self.assertEqual('x\nx\n', count.read_text())

    def test_a_lower_fence_is_refused_with_both_numbers(self):
        self.answer('true', step='stop', fence=7)
        result = self.answer(f'touch {self.root}/ran', fence=6)

        self.assertEqual(('refused', 6, 7, 'operation'), (
            result['status'], result['fence'], result['fence_seen'],
            result['operation_seen']))
        self.assertFalse((self.root / 'ran').exists())
        # Even what it has done: the sender has no say any more.
        self.assertEqual('refused', self.answer('true', step='stop',
                                                fence=6)['status'])

    def test_an_equal_fence_of_another_operation_is_refused(self):
        self.answer('true', fence=7)
        key = {**self.request()['key'], 'operation': 'another'}
        result = self.answer('true', fence=7, key=key)

        self.assertEqual(('refused', 7, 7, 'operation'), (
            result['status'], result['fence'], result['fence_seen'],
            result['operation_seen']))

    def test_a_higher_fence_stops_what_was_accepted_and_not_begun(self):
        self.store.secrets = {}
        self.store.gate.clear()
        # It waits for its secrets while the next one takes over.
        self.deliver('true', secrets_url=f'{self.store.url}/secrets')
        waiting.wait_for(lambda: self.store.asked)
        self.assertEqual('done', self.answer('true', step='stop',
                                             fence=2)['status'])
        self.store.gate.set()
        result = self.result()
        self.assertEqual(('start', 'refused', 2), (
            result['key']['step'], result['status'], result['fence_seen']))


class InterruptionTest(hook.HookTestCase):
    """Guardians and payloads that are killed, and operations aborted."""

    def interrupt(self, idempotent):
        started, mark = self.fifo('started'), self.root / 'mark'
        script = (f'test -e {mark} && exit 0; touch {mark}; '
                  f'echo $$ > {started}; sleep 60')
        self.deliver(script, idempotent=idempotent)
        payload = int(started.read_text())
        guardian = next(entry['pid'] for entry in self.journal()
                        if entry['event'] == 'started')
        os.kill(guardian, signal.SIGKILL)
        self.assertTrue(self.is_living(payload))
        survey = self.answer(kind='survey')['survey']
        self.assertEqual(
            'interrupted',
            survey['plans']['overcloud']['services']['web']['status'])
        result = self.answer(script, idempotent=idempotent)
        # What ran on without its guardian does not run beside the next.
        self.assertFalse(self.is_living(payload))

        return result

    def test_an_interrupted_payload_is_reported(self):
        result = self.interrupt(False)
        self.assertEqual('interrupted', result['status'])
        self.assertIn('not known', result['error'])
        self.assertEqual(1, self.events().count('started'))

    def test_an_interrupted_idempotent_payload_runs_again(self):
        self.assertEqual('done', self.interrupt(True)['status'])
        self.assertEqual(2, self.events().count('started'))

    def test_a_raised_attempt_ends_the_orphans_of_an_earlier_one(self):
        started = self.fifo('started')
        self.deliver(f'echo $$ > {started}; sleep 60')
        payload = int(started.read_text())
        os.kill(next(entry['pid'] for entry in self.journal()
                     if entry['event'] == 'started'), signal.SIGKILL)
        result = self.answer('true', attempt=2)

        self.assertEqual('done', result['status'])
        self.assertFalse(self.is_living(payload))

    def test_an_abort_stops_the_payload(self):
        started = self.fifo('started')
        self.deliver(f'setsid sleep 60 & echo $! > {started}; sleep 60')
        process = int(started.read_text())
        self.deliver(kind='abort', step='abort', fence=2)
        results = {result['key']['step']: result
                   for result in (self.result(), self.result())}

        self.assertEqual('aborted', results['start']['status'])
        self.assertEqual([('start', 'aborted')], [
            (row['step'], row['status'])
            for row in results['abort']['stopped']])
        self.assertFalse(self.is_living(process))
        # That is how it ended: asked again, it says so.
        again = self.answer('true', fence=2)
        self.assertEqual('aborted', again['status'])

    def test_an_abort_ends_a_guardian_that_does_not_listen(self):
        started = self.fifo('started')
        self.deliver(f'echo $$ > {started}; sleep 60')
        payload = int(started.read_text())
        guardian = next(entry['pid'] for entry in self.journal()
                        if entry['event'] == 'started')
        os.kill(guardian, signal.SIGSTOP)
        self.useFixture(fixtures.EnvironmentVariable(
            'TRIPLEO_RUNNER_DIR', str(self.directory)))
        self.useFixture(fixtures.MonkeyPatch(f'{runner.__name__}.STOP_SECONDS',
                                             0.1))
        request = self.request(kind='abort', step='abort')
        known = journal.Journal(self.directory)
        self.assertIsNone(runner.accept(request, known))
        stopped = runner._stop(request['key'], known)

        self.assertEqual(['aborted'], [row['status'] for row in stopped])
        self.assertFalse(self.is_living(payload))
        self.assertFalse(self.is_living(guardian))


class PayloadTest(hook.HookTestCase):
    """How payloads end, and what they may not do."""

    def test_a_failure_keeps_its_code_and_output(self):
        result = self.answer(
            '#!/usr/bin/env python3\nimport sys\nsys.exit("broken")')

        self.assertEqual(('failed', 1, 'broken\n'), (
            result['status'], result['status_code'], result['output']))

    def test_a_payload_that_dies_of_a_signal_has_failed(self):
        result = self.answer('kill -9 $$')
        self.assertEqual(('failed', 137), (
            result['status'], result['status_code']))

    def test_an_interpreter_that_is_missing_is_a_failure(self):
        result = self.answer('#!/none\n')
        self.assertEqual(('failed', 127), (
            result['status'], result['status_code']))

    def test_a_time_limit_ends_the_payload(self):
        result = self.answer('sleep 60', timeout=1)
        self.assertEqual(('failed', 124, True), (
            result['status'], result['status_code'], result['timed_out']))

    def test_what_a_payload_leaves_behind_is_killed(self):
        processes = self.root / 'processes'
        # The second has neither its mark, nor its session, nor its parent.
        self.answer(f'setsid sleep 60 & echo $! >> {processes}; '
                    f'(env -i setsid sh -c "echo \\$\\$ >> {processes}; '
                    f'exec sleep 60" &) ; '
                    f'until test $(wc -l < {processes}) = 2; do :; done')
        found = processes.read_text().split()

        self.assertEqual(2, len(found))
        self.assertEqual([False, False],
                         [self.is_living(process) for process in found])

    def test_output_is_capped_at_both_ends_and_sent_whole(self):
        result = self.answer(
            '#!/usr/bin/env python3\nprint("head", "x" * 200000, "tail")',
            output_url=f'{self.store.url}/output')

        self.assertEqual(200011, result['output_bytes'])
        self.assertLess(len(result['output']), 17000)
        self.assertTrue(result['output'].startswith('head xxx'))
        self.assertTrue(result['output'].endswith('tail\n'))
        self.assertIn('bytes left out', result['output'])
        self.assertTrue(result['output_sent'])
        self.assertEqual(200011, len(self.store.outputs.get(timeout=5)))

    def test_output_that_is_not_text_takes_no_more_room(self):
        result = self.answer(
            '#!/usr/bin/env python3\nimport os\n'
            'os.write(1, bytes(range(256)) * 1000)')

        self.assertEqual('done', result['status'])
        self.assertEqual(256000, result['output_bytes'])
        self.assertLess(len(json.dumps(
            result, ensure_ascii=False).encode()), 20000)

    def test_streams_may_be_kept_apart(self):
        result = self.answer('echo out; echo err >&2', separate=True)
        self.assertEqual(('out\n', 'err\n'), (
            result['stdout'], result['stderr']))
        self.assertEqual({'out', 'err'}, set(result['output'].split()))

    def test_the_signal_url_does_not_reach_the_payload(self):
        self.assertNotIn('signal.example', self.answer('env')['output'])

    def test_no_file_of_the_runner_holds_a_url(self):
        self.answer('true')
        texts = [path.read_bytes() for path in self.directory.rglob('*')
                 if path.is_file()]
        self.assertNotEqual([], texts)
        self.assertFalse(any(b'http://' in text for text in texts))

    def test_a_result_is_sent_until_it_is_taken(self):
        self.store.answers = [503, 401]
        self.assertEqual('done', self.answer('true')['status'])
        self.assertEqual([503, 401, 200],
                         [status for _, status in self.store.asked])


class SecretsTest(hook.HookTestCase):

    def setUp(self):
        super().setUp()
        self.secrets_url = f'{self.store.url}/secrets'

    def everything(self):
        return b''.join(path.read_bytes()
                        for path in self.directory.rglob('*')
                        if path.is_file())

    def test_a_secret_reaches_the_payload_and_no_file(self):
        self.store.secrets = {'PASSWORD': 'correct horse'}
        result = self.answer(
            f'echo "it: $PASSWORD"; '
            f'echo ${{#PASSWORD}} > {self.root}/length',
            secrets_url=self.secrets_url, separate=True)

        self.assertEqual('it: [redacted]\n', result['output'])
        self.assertEqual('13\n', (self.root / 'length').read_text())
        self.assertNotIn('correct horse', json.dumps(result))
        self.assertFalse(b'correct horse' in self.everything())

    def test_secrets_that_are_not_served_are_a_clear_failure(self):
        result = self.answer(f'touch {self.root}/ran',
                             secrets_url=self.secrets_url)

        self.assertEqual('failed', result['status'])
        self.assertIn('answered 404', result['error'])
        self.assertNotIn('status_code', result)
        self.assertFalse((self.root / 'ran').exists())
        self.assertEqual(['accepted', 'done'], self.events())

    def test_secrets_are_asked_for_again(self):
        self.store.secrets = {'PASSWORD': 'correct'}
        self.store.answers = [503, 404]
        result = self.answer('echo ${#PASSWORD}',
                             secrets_url=self.secrets_url)
        self.assertEqual('7\n', result['output'])


class NodeTest(hook.HookTestCase):
    """What is wrong with the node itself."""

    def test_a_journal_that_cannot_be_written_is_told(self):
        self.directory.write_text('not a directory')
        result = self.answer(f'touch {self.root}/ran')

        self.assertEqual('failed', result['status'])
        self.assertIn('cannot be written', result['error'])
        self.assertNotIn('status_code', result)
        self.assertFalse((self.root / 'ran').exists())

    def test_a_full_disk_is_told(self):
        # Files may grow to one block; the journal needs more room than that.
        self.directory.mkdir()
        limited = self.root / 'python3'
        limited.write_text(f'#!/bin/sh\nulimit -f 8\n'
                           f'exec {shutil.which("python3")} "$@"\n')
        limited.chmod(0o700)
        self.hook_environment['PATH'] = f'{self.root}:{os.environ["PATH"]}'
        result = self.answer(f'touch {self.root}/ran')

        self.assertIn('File too large', result['error'])
        self.assertFalse((self.root / 'ran').exists())

    def test_a_payload_that_fills_its_quota_has_failed(self):
        result = self.answer(f'ulimit -f 1; '
                             f'head -c 9000 /dev/zero > {self.root}/file')
        self.assertEqual(('failed', 153), (
            result['status'], result['status_code']))
        self.assertEqual('done', self.answer('true', step='stop')['status'])

    def test_a_torn_last_line_swallows_nothing(self):
        self.answer('true', fence=3)

        with open(self.directory / 'journal.jsonl', 'a') as stream:
            stream.write('{"event": "done", "att')

        self.assertEqual('refused', self.answer('true', step='stop',
                                                fence=2)['status'])
        self.assertEqual('done', self.answer('true', step='stop',
                                             fence=3)['status'])
        self.assertEqual(['accepted', 'started', 'done'] * 2, self.events())

    def test_a_clock_that_is_set_back_changes_nothing(self):
        fake = self.root / 'fake'
        fake.mkdir()
        # Each look at the clock finds it an hour earlier.
        (fake / 'sitecustomize.py').write_text(
            'import itertools, time\n'
            'hours = itertools.count()\n'
            'now = time.time\n'
            'time.time = lambda: now() - 3600 * next(hours)\n')
        self.hook_environment['PYTHONPATH'] = str(fake)
        begun = time.monotonic()
        first = self.answer('true', fence=1)
        self.assertLess(first['seconds'], time.monotonic() - begun)
        self.assertEqual(first, self.answer('true', fence=1))
        self.assertEqual('refused', self.answer('true', step='stop',
                                                fence=0)['status'])

    def test_the_program_can_be_read(self):
        path = self.root / 'program'
        path.write_text(bundle.runner_text(self.request()))
        with os.popen(f'python3 {path} source') as stream:  # noqa: S605
            self.assertIn('def survey', stream.read())
        self.assertFalse(pathlib.Path(self.directory).exists())
