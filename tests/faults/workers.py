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

"""Workers in processes of their own, and an operation for them to share."""

import json
import os
import subprocess
import sys
import time
import uuid

from tests.faults import light as light_service
from tests.faults import switches
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import ending
from tripleo_workflows.rollout import ends
from tripleo_workflows.rollout import steps
from tripleo_workflows.rollout import survey

PERSON = 'a test'
LOOK_SECONDS = 0.05


def open_operation(light, digest):
    """Open an operation as the workflow does, without an engine.

    Its root execution is one that Mistral does not know, which is what
    becomes of an execution that was deleted.
    """
    root = str(uuid.uuid4())

    return _guard(light, digest, lock.Holder(
        root=root, operation=root, verb='run', person=PERSON,
        since=lock.now()))


def take_over(light, digest):
    """Go on with what is open, under a new fence."""
    root = str(uuid.uuid4())
    taken = going_on.resume(
        light.clients, light_service.PLAN,
        going_on.Caller(root, PERSON, take_over=True), retry_failed=False,
        reason='', by='person')

    return _guard(light, digest, lock.Holder(
        root=root, operation=taken['operation'], verb='run', person=PERSON,
        since=lock.now()))


def _guard(light, digest, holder):
    while not survey.look(light.clients, holder, light_service.PLAN,
                          digest)['done']:
        pass

    return operation_record.Operation(**ends.guard(
        light.clients, holder, light_service.PLAN, digest,
        lambda seconds: {'trust': '', 'made': False})['operation'])


def finish(light, operation):
    """Carry an operation to its end, in this process."""
    service = light_service.SERVICE

    for step in light_service.STEPS:
        while not steps.Unit(light.clients, operation, service,
                             '1').run(step)['done']:
            pass

    ending.finish(light.clients, operation, service, '1')

    return ends.close(light.clients, operation)


class Worker:
    """A process that carries out one step of an operation."""

    def __init__(self, light, operation, step):
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.faults.worker',
             json.dumps(vars(operation)), step],
            stdout=subprocess.PIPE, text=True, env={
                **os.environ, 'PYTHONPATH': str(switches.DIRECTORY),
                'TRIPLEO_SWITCH': str(light.state.root / 'switch')})

    def signal(self, number):
        """Send it a signal."""
        self._process.send_signal(number)

    def wait_until_stopped(self):
        """Wait until it no longer runs, and has not ended."""
        while self._state() != 'T':
            time.sleep(LOOK_SECONDS)

    def _state(self):
        with open(f'/proc/{self._process.pid}/stat') as stat:
            return stat.read().rpartition(')')[2].split()[0]

    def answer(self):
        """What it came to, when it has ended."""
        output, _ = self._process.communicate(timeout=60)

        return json.loads(output)

    def end(self):
        """Kill it, if it lives."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
