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

"""Playbooks, run by something that stands for the node's Ansible."""

import json
import os
import shutil

from tests.unit.deployments.node import hook
from tripleo_workflows.deployments.node import playbook

# It reports what the callback would, from a file that stands for the tasks,
# and shows its extra variables as Ansible would resolve them.
ANSIBLE = '''#!/usr/bin/env python3
import json, os, re, sys

words = sys.argv[1:]
assert words[:4] == ['-i', 'localhost,', '-c', 'local'], words
text = open(words[5][1:]).read()
assert 'horse' not in text
print({name: re.sub("{{ lookup.'ansible.builtin.env', '([A-Z_0-9]+)'. }}",
                    lambda found: os.environ[found[1]], value)
       for name, value in json.loads(text).items()})

for task in json.load(open(words[6])):
    with open(os.environ['TRIPLEO_REPORT'], 'a') as stream:
        stream.write(json.dumps(task) + chr(10))

sys.exit(os.path.exists('/proc/self/fd/99'))
'''


class PlaybookTest(hook.HookTestCase):

    def setUp(self):
        super().setUp()
        programs = self.root / 'bin'
        programs.mkdir()
        # Only what the runner needs: this machine may have an Ansible.
        for name in ('python3', 'timeout', 'env', 'sh'):
            (programs / name).symlink_to(shutil.which(name))
        self.ansible = programs / 'ansible-playbook'
        self.hook_environment['PATH'] = str(programs)

    def run_playbook(self, tasks, **changes):
        self.ansible.write_text(ANSIBLE)
        self.ansible.chmod(0o700)

        return self.answer(json.dumps(tasks), kind='playbook', **changes)

    def task(self, name='say', status='ok', changed=False, message=''):
        return {'task': name, 'status': status, 'changed': changed,
                'message': message}

    def test_tasks_and_changes_come_back(self):
        result = self.run_playbook([
            self.task('say', changed=True), self.task('look'),
            self.task('try', 'ignored', message='no')])

        self.assertEqual(('done', 1), (result['status'], result['changed']))
        self.assertEqual([
            {'task': 'say', 'status': 'ok', 'changed': True},
            {'task': 'look', 'status': 'ok'},
            {'task': 'try', 'status': 'ignored', 'message': 'no'}],
            result['tasks'])
        self.assertIn("'GREETING': 'hello'", result['output'])

    def test_secrets_are_in_no_file_and_no_answer(self):
        self.store.secrets = {'password': 'correct horse'}
        result = self.run_playbook(
            [self.task('fail', 'failed', message='not correct horse')],
            secrets_url=f'{self.store.url}/secrets')

        self.assertIn("'password': '[redacted]'", result['output'])
        self.assertEqual('not [redacted]', result['tasks'][0]['message'])
        self.assertFalse(any(
            b'correct horse' in path.read_bytes()
            for path in self.directory.rglob('*') if path.is_file()))

    def test_what_it_needed_is_removed(self):
        self.run_playbook([])
        self.assertEqual([], list(self.directory.rglob('ansible')))

    def test_many_tasks_are_cut_to_those_that_matter(self):
        tasks = [self.task(f'look {"x" * 200} {number}')
                 for number in range(300)]
        tasks[150] = self.task('fail', 'failed', message='y' * 10000)
        result = self.run_playbook(tasks)

        self.assertLessEqual(len(json.dumps(result['tasks'])),
                             playbook.TASKS_BYTES)
        self.assertEqual(300, len(result['tasks'])
                         + result['tasks_left_out'])
        self.assertIn('fail', [task['task'] for task in result['tasks']])

    def test_a_node_without_ansible_says_what_to_do(self):
        result = self.answer('[]', kind='playbook')
        self.assertEqual('failed', result['status'])
        self.assertIn('Install ansible-core', result['error'])
        self.assertNotIn('status_code', result)
        self.assertFalse(os.path.exists(self.ansible))
