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

"""The runner's behaviour table, row by row, on a real agent."""

import json
import os
import signal
import sys
import time

from tests import waiting
from tests.faults import agent
from tripleo_workflows.undercloud import node_agent
from tripleo_workflows.undercloud import supervision

STEP_SECONDS = 30


class DeliveryTestCase(agent.AgentTestCase):
    """What an attempt may do."""

    def test_the_hook_returns_at_once_and_the_result_follows(self):
        fifo = self.scratch / 'fifo'
        os.mkfifo(fifo)
        self.send(f'cat {fifo}')
        # The hook has ended while the payload waits for us.
        self.assertIn('accepted web.start', self.hook_output())
        fifo.write_text('released')
        self.assertEqual('released', self.result()['output'])
        self.assertEqual(['accepted', 'started', 'done'], self.events())
        self.assertEqual({self.server_id},
                         {entry['server'] for entry in self.entries()})

    def test_done_running_and_raised_attempts(self):
        count = self.scratch / 'count'
        script = f'echo x >> {count}; sleep 4'
        self.send(script)
        self.written('count')
        # Sent again while it runs, and once more when it is done.
        self.send(script)
        first, second = self.result(), self.result()
        self.assertEqual(first, second)
        self.assertEqual(first, self.answer(script))
        self.assertEqual('x\n', count.read_text())
        self.assertEqual('done', self.answer(script, attempt=2)['status'])
        self.assertEqual('x\nx\n', count.read_text())

    def interrupt(self, **changes):
        script = (f'echo x >> {self.scratch}/count; '
                  f'test $(wc -l < {self.scratch}/count) = 1 || exit 0; '
                  f'echo $$ > {self.scratch}/payload; exec sleep 60')
        self.send(script, **changes)
        payload = int(self.written('payload'))
        agent.kill(self.guardian())
        self.assertTrue(agent.is_living(payload))
        result = self.answer(script, **changes)
        self.assertFalse(agent.is_living(payload))

        return result

    def test_a_killed_guardian_leaves_an_interrupted_attempt(self):
        self.assertEqual('interrupted', self.interrupt()['status'])
        self.assertEqual('x\n', (self.scratch / 'count').read_text())
        # Only the operator's decision runs it again.
        self.assertEqual('done', self.answer('true', attempt=2)['status'])

    def test_an_idempotent_attempt_runs_again(self):
        self.assertEqual('done', self.interrupt(idempotent=True)['status'])
        self.assertEqual(['accepted', 'started', 'started', 'done'],
                         self.events())

    def test_fences(self):
        self.assertEqual('done', self.answer('true', fence=7)['status'])
        low = self.answer('true', step='stop', fence=6)
        equal = self.answer('true', step='stop', fence=7, operation='other')
        self.assertEqual([('refused', 6, 7), ('refused', 7, 7)], [
            (one['status'], one['fence'], one['fence_seen'])
            for one in (low, equal)])
        self.assertEqual('operation', equal['operation_seen'])

    def test_two_pushes_in_the_same_second_are_both_done(self):
        steps = ['first', 'second', 'third']

        for step in steps:
            self.send(f'echo {step} >> {self.scratch}/log', step=step)

        # What the agent did not see is sent again, as the worker does.
        self.send('true', step='last')
        found = self.results(4)
        self.assertEqual({'done'}, {one['status'] for one in found.values()})
        self.assertEqual(
            sorted(steps),
            sorted((self.scratch / 'log').read_text().split()))


class SideBySideTestCase(agent.AgentTestCase):
    """Steps of two services at once, a survey meanwhile, an abort."""

    def test_two_steps_a_survey_and_an_abort(self):
        begun = time.monotonic()

        for service in ('first', 'second'):
            self.send(f'sleep {STEP_SECONDS}', service=service)

        waiting.wait_for(lambda: self.events().count('started') == 2)
        asked = time.monotonic()
        survey = self.answer(kind='survey', step='survey')['survey']
        self.assertLess(time.monotonic() - asked, 3)
        self.assertEqual(self.server_id, survey['server_id'])
        self.assertEqual({'first', 'second'}, {
            row['service'] for row in survey['running']
            if row['plan'] == self.plan})
        self.assertEqual({'done'}, {
            one['status'] for one in self.results(2).values()})
        self.assertLess(time.monotonic() - begun, STEP_SECONDS + 10)

    def test_an_abort_stops_the_payload(self):
        self.send(f'(env -i setsid sh -c "echo \\$\\$ > {self.scratch}/left; '
                  f'exec sleep 60" &); exec sleep 60')
        process = int(self.written('left'))
        self.send(kind='abort', step='abort', fence=2)
        found = self.results(2)

        self.assertEqual('aborted', found['web', 'start']['status'])
        self.assertEqual(['aborted'], [
            row['status'] for row in found['web', 'abort']['stopped']])
        self.assertFalse(agent.is_living(process))
        self.assertEqual('refused',
                         self.answer('true', step='stop')['status'])


class PayloadTestCase(agent.AgentTestCase):
    """Payloads that behave badly."""

    def test_fifty_megabytes_of_output(self):
        result = self.answer(
            'echo begin; head -c 50000000 /dev/zero | tr "\\0" x; echo end')

        self.assertEqual('done', result['status'])
        self.assertEqual(50000010, result['output_bytes'])
        self.assertTrue(result['output'].startswith('begin\n'))
        self.assertTrue(result['output'].endswith('end\n'))
        self.assertLess(len(json.dumps(result)), 64 * 1024)
        self.assertEqual(10 * 1024 ** 2,
                         len(self.store.outputs.get(timeout=10)))
        # The agent's answer is small all the same.
        self.assertLess(len(self.hook_output()), 200)

    def test_output_that_is_not_utf_8(self):
        result = self.answer('head -c 500000 /dev/urandom')
        self.assertEqual(('done', 500000), (
            result['status'], result['output_bytes']))
        self.assertLess(len(json.dumps(
            result, ensure_ascii=False).encode()), 64 * 1024)
        self.assertEqual(500000, len(self.store.outputs.get(timeout=10)))

    def test_what_forks_and_leaves_is_killed(self):
        result = self.answer(
            f'setsid sleep 300 & echo $! >> {self.scratch}/left; '
            f'(env -i setsid sh -c "echo \\$\\$ >> {self.scratch}/left; '
            f'exec sleep 300" &); '
            f'until test $(wc -l < {self.scratch}/left) = 2; do :; done')
        left = self.written('left').split()

        self.assertEqual('done', result['status'])
        self.assertEqual([False, False],
                         [agent.is_living(process) for process in left])

    def test_what_ignores_term_is_killed(self):
        result = self.answer(
            '#!/usr/bin/env python3\n'
            'import signal, time\n'
            'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
            'time.sleep(300)', timeout=1)
        self.assertEqual(('failed', 137, True), (
            result['status'], result['status_code'], result['timed_out']))
        self.assertLess(result['seconds'], 20)

    def test_what_fills_its_quota_has_failed(self):
        result = self.answer(f'ulimit -f 10; head -c 100000 /dev/zero > '
                             f'{self.scratch}/file')
        self.assertEqual(('failed', 153), (
            result['status'], result['status_code']))

    def test_no_status_code_is_a_failure(self):
        # What ran the payload is killed, and with it the code is lost.
        result = self.answer('kill -9 $PPID; sleep 60')
        self.assertEqual(('failed', 137), (
            result['status'], result['status_code']))

    def test_secrets_are_nowhere(self):
        secret = self.plan[::-1]
        self.store.secrets = {'PASSWORD': secret}
        result = self.answer(
            'echo "it is $PASSWORD"; echo ${#PASSWORD}',
            secrets_url=f'{self.store.url}/secrets')
        self.hook_output()

        self.assertEqual('it is [redacted]\n32\n', result['output'])
        self.assertEqual([], [
            str(path) for path in self.node.root.rglob('*')
            if path.is_file() and secret.encode() in path.read_bytes()])

    def test_secrets_that_are_not_served(self):
        result = self.answer('true',
                             secrets_url=f'{self.store.url}/secrets')
        self.assertEqual('failed', result['status'])
        self.assertIn('404', result['error'])

    def test_the_result_is_sent_until_it_is_taken(self):
        begun = time.monotonic()
        codes = [401, 404, 503]
        self.store.answers = codes * 100
        self.send('echo x', output_url=None)
        waiting.wait_for(lambda: time.monotonic() > begun + 60
                         and len(self.store.asked) > 3, 90)
        del self.store.answers[:]

        self.assertEqual('done', self.result()['status'])
        # Where the worker has given the answer up, a survey still has it.
        survey = self.answer(kind='survey', step='survey')['survey']
        self.assertEqual('done', survey['plans'][self.plan]['services'][
            'web']['status'])


class PlaybookTestCase(agent.AgentTestCase):

    def test_a_playbook_reports_its_tasks(self):
        secret = self.plan[::-1]
        self.store.secrets = {'password': secret}
        tasks = [
            {'name': 'write', 'copy': {
                'content': '{{ word }} {{ password | length }}',
                'dest': f'{self.scratch}/file'}},
            {'name': 'again', 'copy': {
                'content': '{{ word }} {{ password | length }}',
                'dest': f'{self.scratch}/file'}},
            {'name': 'not here', 'command': 'false', 'when': False},
            {'name': 'tell', 'debug': {'msg': '{{ password }}'}},
            {'name': 'break', 'fail': {'msg': 'no {{ password }}'}}]
        result = self.answer(
            json.dumps([{'hosts': 'all', 'gather_facts': False,
                         'tasks': tasks}]),
            kind='playbook', environment={'word': 'hello'},
            secrets_url=f'{self.store.url}/secrets')

        self.assertEqual(('failed', 2, 1), (
            result['status'], result['status_code'], result['changed']))
        self.assertEqual(
            [('write', 'ok', True), ('again', 'ok', False),
             ('not here', 'skipped', False), ('tell', 'ok', False),
             ('break', 'failed', False)],
            [(task['task'], task['status'], task.get('changed', False))
             for task in result['tasks']])
        self.assertEqual('no [redacted]', result['tasks'][-1]['message'])
        self.assertEqual('hello 32', self.written('file'))
        self.assertNotIn(secret, json.dumps(result))
        self.assertEqual([], [
            str(path) for path in self.node.root.rglob('*')
            if path.is_file() and secret.encode() in path.read_bytes()])


class NoAnsibleTestCase(agent.AgentTestCase):

    number = 1

    def test_a_node_without_ansible_says_so(self):
        result = self.answer('[]', kind='playbook')
        self.assertEqual('failed', result['status'])
        self.assertIn('Install ansible-core', result['error'])


class NodeTestCase(agent.AgentTestCase):
    """What happens to the node itself."""

    number = 1

    def test_a_journal_that_cannot_be_written(self):
        aside = self.directory.with_name('aside')
        self.directory.rename(aside)
        self.addCleanup(aside.rename, self.directory)
        self.directory.write_text('')
        self.addCleanup(self.directory.unlink)
        result = self.answer(f'touch {self.scratch}/ran')

        self.assertEqual('failed', result['status'])
        self.assertIn('cannot be written', result['error'])
        self.assertFalse((self.scratch / 'ran').exists())

    def test_a_torn_last_line(self):
        self.assertEqual('done', self.answer('true', fence=3)['status'])

        with open(self.directory / 'journal.jsonl', 'ab') as stream:
            stream.write(b'{"event": "done", "attempt": "\xc3')

        self.assertEqual('refused', self.answer(
            'true', step='stop', fence=2)['status'])
        self.assertEqual('done', self.answer(
            'true', step='stop', fence=3)['status'])
        self.assertEqual(['accepted', 'started', 'done'] * 2, self.events())

    def test_a_clock_that_is_set_back(self):
        fake = self.scratch / 'fake'
        fake.mkdir()
        # Each look at the clock finds it an hour earlier.
        (fake / 'sitecustomize.py').write_text(
            'import itertools, time\n'
            'hours = itertools.count()\n'
            'now = time.time\n'
            'time.time = lambda: now() - 3600 * next(hours)\n')
        program = self.node.root / 'bin' / 'python3'
        draft = self.scratch / 'python3'
        draft.write_text(f'#!/bin/sh\nPYTHONPATH={fake} exec '
                         f'{sys.executable} "$@"\n')
        draft.chmod(0o700)
        draft.rename(program)
        self.addCleanup(program.unlink)
        first = self.answer('sleep 1', fence=3)

        self.assertEqual('done', first['status'])
        self.assertTrue(1 <= first['seconds'] < 10, first)
        moments = [entry['time'] for entry in self.entries()]
        self.assertGreater(moments[0], moments[-1] + 3000)
        self.assertEqual(first, self.answer('sleep 1', fence=3))
        self.assertEqual('refused', self.answer(
            'true', step='stop', fence=2)['status'])

    def test_an_agent_that_starts_late(self):
        self.supervisorctl('stop', 'agent')
        self.addCleanup(self.supervisorctl, 'start', 'agent')
        self.send('echo late')
        self.assertEqual([], self.events())
        self.supervisorctl('start', 'agent')
        self.assertEqual('late\n', self.result()['output'])

    def test_an_agent_that_was_killed_while_it_wrote(self):
        self.assertEqual('done', self.answer('true')['status'])
        [last] = (self.node.root / node_agent.CACHE).glob('*.last')
        self.supervisorctl('stop', 'agent')
        self.addCleanup(self.supervisorctl, 'start', 'agent')
        last.write_text('')
        self.supervisorctl('start', 'agent')
        self.assertEqual('done', self.answer('true', step='stop')['status'])

    def test_a_push_that_was_lost_is_pushed_again(self):
        swift = self.cloud.clients.swift
        place = self.metadata_object()
        known = {}
        rolling = self.rolling(f'echo x >> {self.scratch}/count', known)
        self.supervisorctl('stop', 'agent')
        self.addCleanup(self.supervisorctl, 'start', 'agent')
        _, before = swift.get_object(*place)
        rolling.send_missing(time.time() + 10)
        self.assertNotEqual(before, swift.get_object(*place)[1])
        # The agent has not looked since, and finds what it knows already.
        swift.put_object(*place, before)
        self.supervisorctl('start', 'agent')
        rolling.wait(time.time() + 60)

        self.assertEqual('done', known[self.node.name]['status'])
        self.assertLess(1, len(known[self.node.name]['ids']))
        # The second push brings both deliveries.
        waiting.wait_for(self.is_idle)
        self.assertEqual('x\n', self.written('count'))
        self.assertEqual(['accepted', 'started', 'done'], self.events())

    def kill_agent(self):
        """Kill the agent's whole tree, as it was when it was looked at."""
        process = int(self.supervisorctl('pid', 'agent'))

        for one in [process, *agent.descendants(process)]:
            agent.kill(one)

    def test_the_agent_is_killed_and_the_guardian_is_not(self):
        script = f'echo x >> {self.scratch}/count; sleep 5'
        self.send(script)
        self.written('count')
        self.kill_agent()
        result = self.result()
        self.assertEqual('done', result['status'])
        # The agent that was started again works, and answers alike.
        self.assertEqual(result, self.answer(script))
        self.assertEqual('x\n', (self.scratch / 'count').read_text())

    def test_the_agent_and_the_guardian_are_killed(self):
        script = f'echo x >> {self.scratch}/count; sleep 60'
        self.send(script)
        self.written('count')
        self.assertGreater(self.kill_all(), 3)
        self.assertEqual('interrupted', self.answer(script)['status'])
        self.assertEqual('x\n', (self.scratch / 'count').read_text())

    def test_the_node_is_started_again(self):
        self.send(f'echo $$ > {self.scratch}/payload; exec sleep 60')
        payload = int(self.written('payload'))
        agent.kill(self.guardian(), signal.SIGSTOP)
        supervision.Supervisor(self.cloud.state).restart(
            f'node-{self.node.name}')
        survey = self.answer(kind='survey', step='survey')['survey']

        self.assertFalse(agent.is_living(payload))
        self.assertEqual('interrupted', survey['plans'][self.plan][
            'services']['web']['status'])
        self.assertEqual('interrupted', self.answer('true')['status'])
