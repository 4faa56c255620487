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

"""Processes and threads that want the lock of one plan at the same moment.

``python -m tests.faults.contenders`` reads its orders from standard input:
``plan``, ``roots`` (the executions that contend), ``begin`` (epoch seconds)
and ``dead`` (an execution to take over from, or empty). It answers with one
row for each root: ``root``, and ``fence`` or ``error``.
"""

import json
import subprocess
import sys
import threading
import time
from concurrent import futures

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock

#: Until all processes have started and have a token.
START_SECONDS = 20


def contend(plan, roots, begin, dead=''):
    """Contend for a plan's lock, each root in a thread of its own."""
    everybody = [service_clients.from_environment() for _ in roots]

    for clients in everybody:
        lock.current(clients.mistral, plan)

    ready = threading.Barrier(len(roots))

    def run(clients, root):
        ready.wait()
        time.sleep(max(0, begin - time.time()))

        try:
            if dead:
                return {'root': root, 'fence': going_on.resume(
                    clients, plan, going_on.Caller(root, root, True, dead)
                    )['fence']}

            return {'root': root, 'fence': lifetime.enter(
                clients, plan, lock.Holder(root, root, 'test', root,
                                           lock.now()))[0]}
        except exceptions.OperationInProgress as error:
            return {'root': root, 'error': str(error)}

    with futures.ThreadPoolExecutor(len(roots)) as pool:
        return list(pool.map(run, everybody, roots))


def contend_in_processes(plan, roots, processes, dead=''):
    """The same in several processes; rows of all of them."""
    begin = time.time() + START_SECONDS
    started = []

    for number in range(processes):
        process = subprocess.Popen(
            [sys.executable, '-m', __name__], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(json.dumps({
            'plan': plan, 'roots': roots[number::processes], 'begin': begin,
            'dead': dead}))
        process.stdin.close()
        started.append(process)

    with futures.ThreadPoolExecutor(processes) as pool:
        answers = list(pool.map(lambda process: process.stdout.read(),
                                started))

    for process in started:
        process.wait()

    return [row for answer in answers for row in json.loads(answer)]


if __name__ == '__main__':
    print(json.dumps(contend(**json.load(sys.stdin))))
