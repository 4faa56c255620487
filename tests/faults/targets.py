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

"""What is killed: finding it, killing it, and waiting until it is back."""

import contextlib
import os
import pathlib
import signal
import time

from tests.faults import scenario
from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

LOOK_SECONDS = 0.05
READY_SECONDS = 60.0
AGENT = 'os-collect-config'


def kill(light, drawn, started):
    """Kill what a scenario names, with SIGKILL.

    :param started: the journal's entry of the step, for a target that works
        for it.
    """
    root = light.root(drawn.node)

    if drawn.target in scenario.SERVICES:
        kill_service(light.state, drawn.target)
    elif drawn.target == 'agent':
        # With what it runs just now, which is in its process group.
        os.killpg(_agent(root), signal.SIGKILL)
    elif drawn.target == 'guardian':
        _kill([started['pid']])
    elif drawn.target == 'payload':
        place = (root / 'var/lib/tripleo-workflows/attempts'
                 / started['attempt'])
        _kill(node_boot.marked(attempts.MARK, place))
    else:
        # The service manager goes first, so that it starts nothing anew.
        _kill([light.cloud.node(drawn.node).pid])
        _kill(node_boot.processes(root))


def kill_service(state, service):
    """Kill a service and return when another process has its place."""
    supervisor = supervision.Supervisor(state)
    before = supervisor.pid(service)
    _kill([before])
    _wait(lambda: supervisor.pid(service) not in (None, before), 10,
          f'{service} was not started again')


def wait_until_ready(state):
    """Wait until all services answer."""
    for service in undercloud_state.SERVICES:
        _wait(lambda service=service: readiness.is_ready(state, service),
              READY_SECONDS, f'{service} does not answer')


def wait_for_nodes(light):
    """Wait until all nodes have their agents again."""
    def are_up():
        return all(node.state == local_nodes.ENROLLED and _agents(node.root)
                   for node in local_nodes.listing(light.state))

    _wait(are_up, READY_SECONDS, 'a node did not come back')


def _agents(root):
    return [number for number in node_boot.processes(root)
            if AGENT in _command(number)]


def _agent(root):
    """The process group of a node's agent."""
    _wait(lambda: _agents(root), 10, 'the node has no agent')

    return os.getpgid(_agents(root)[0])


def _command(number):
    with contextlib.suppress(OSError):
        return (pathlib.Path(f'/proc/{number}/cmdline').read_bytes()
                .decode(errors='replace'))

    return ''


def send(kind, numbers):
    """Send a signal to those processes that are still there."""
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, kind)


def _kill(numbers):
    send(signal.SIGKILL, numbers)
    _wait(lambda: not any(map(processes.is_alive, numbers)), 10,
          'a killed process did not end')


def _wait(condition, seconds, otherwise):
    deadline = time.monotonic() + seconds

    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'Within {seconds:.0f} s {otherwise}.')

        time.sleep(LOOK_SECONDS)
