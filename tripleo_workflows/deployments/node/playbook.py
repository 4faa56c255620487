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

"""Playbooks: run by the node's own Ansible, reported task by task."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
import typing

#: Tasks that a result tells of; those that did nothing are left out first.
TASKS = 100
MESSAGE_LENGTH = 300
#: Bytes of JSON that the tasks may take.
TASKS_BYTES = 12 * 1024

NOTHING_DONE = ('ok', 'skipped')

# ansible-core ships no callback that writes JSON.
CALLBACK = """\
DOCUMENTATION = '''
name: tripleo_report
type: notification
short_description: writes a line of JSON for each task
description: [Writes a line of JSON for each task that has ended.]
'''

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'tripleo_report'
    CALLBACK_NEEDS_ENABLED = True

    def _report(self, result, status):
        values = result._result
        message = values.get('msg') or values.get('stderr') or ''
        line = json.dumps({
            'task': result._task.get_name(), 'status': status,
            'changed': bool(values.get('changed')),
            'message': message if status not in ('ok', 'skipped') else ''},
            default=str)

        with open(os.environ['TRIPLEO_REPORT'], 'a') as stream:
            stream.write(line + '\\n')

    def v2_runner_on_ok(self, result):
        self._report(result, 'ok')

    def v2_runner_on_skipped(self, result):
        self._report(result, 'skipped')

    def v2_runner_on_unreachable(self, result):
        self._report(result, 'unreachable')

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._report(result, 'ignored' if ignore_errors else 'failed')
"""


class NoAnsible(Exception):
    """This node has no Ansible."""


class Playbook:
    """A playbook that is ready to run.

    :param variables: extra variables.
    :param secrets: extra variables that no file may hold: they are passed
        in the environment, and looked up there.
    :param place: the attempt's directory.
    :raises NoAnsible: with the remedy.
    :raises OSError: where its files cannot be written.
    """

    def __init__(self, text: str, variables: typing.Mapping[str, str],
                 secrets: typing.Mapping[str, str], place: pathlib.Path):
        program = shutil.which('ansible-playbook')

        if not program:
            raise NoAnsible(
                'This node has no ansible-playbook on its PATH. Install '
                'ansible-core on it, or give the step a script.')

        self._home = place / 'ansible'
        shutil.rmtree(self._home, ignore_errors=True)
        callbacks = self._home / 'callbacks'
        callbacks.mkdir(parents=True, mode=0o700)
        (callbacks / 'tripleo_report.py').write_text(CALLBACK)
        path = self._home / 'playbook.yaml'
        path.write_text(text)
        names = {name: f'TRIPLEO_SECRET_{number}'
                 for number, name in enumerate(secrets)}
        looked_up = {
            name: f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}"
            for name, variable in names.items()}
        extra = self._home / 'variables.json'
        extra.write_text(json.dumps({**variables, **looked_up}))
        # Only in memory: a task's message may hold anything.
        self._report = os.memfd_create('report')
        self.descriptors = (self._report,)
        self.words = [program, '-i', 'localhost,', '-c', 'local',
                      '--extra-vars', f'@{extra}', str(path)]
        self.environment = {
            'ANSIBLE_PYTHON_INTERPRETER': sys.executable,
            'LC_ALL': 'C.UTF-8',
            **{name: value for name, value in os.environ.items()
               if name in ('ANSIBLE_PYTHON_INTERPRETER', 'LC_ALL')},
            **{variable: secrets[name] for name, variable in names.items()},
            'ANSIBLE_CALLBACK_PLUGINS': str(callbacks),
            'ANSIBLE_CALLBACKS_ENABLED': 'tripleo_report',
            'ANSIBLE_HOME': str(self._home),
            'ANSIBLE_REMOTE_TEMP': str(self._home / 'tmp'),
            'ANSIBLE_LOCAL_TEMP': str(self._home / 'tmp'),
            'ANSIBLE_NOCOLOR': '1',
            'ANSIBLE_RETRY_FILES_ENABLED': '0',
            'TRIPLEO_REPORT': f'/proc/self/fd/{self._report}'}

    def report(self, redact: typing.Callable[[str], str]
               ) -> dict[str, typing.Any]:
        """What its tasks did.

        :param redact: takes secrets out of a text.
        :returns: ``changed`` and ``tasks``, and ``tasks_left_out`` where
            there are too many.
        """
        with open(f'/proc/self/fd/{self._report}',
                  errors='replace') as stream:
            found = [json.loads(line) for line in stream
                     if line.endswith('\n')]

        tasks = [_row(task, redact) for task in found]
        kept = list(tasks)

        while len(kept) > TASKS or len(json.dumps(kept)) > TASKS_BYTES:
            dull = [task for task in kept if task['status'] in NOTHING_DONE
                    and not task.get('changed')]
            kept.remove((dull or kept)[0])

        result: dict[str, typing.Any] = {
            'changed': sum(task['changed'] for task in found),
            'tasks': kept}

        if len(kept) < len(tasks):
            result['tasks_left_out'] = len(tasks) - len(kept)

        return result

    def clean(self) -> None:
        """Remove what Ansible wrote, temporary files of tasks included."""
        os.close(self._report)
        shutil.rmtree(self._home, ignore_errors=True)


def _row(task: dict[str, typing.Any], redact: typing.Callable[[str], str]
         ) -> dict[str, typing.Any]:
    row = {'task': redact(task['task'])[:MESSAGE_LENGTH],
           'status': task['status']}

    if task['changed']:
        row['changed'] = True

    if task['message']:
        row['message'] = redact(str(task['message']))[:MESSAGE_LENGTH]

    return row
