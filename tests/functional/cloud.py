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

"""A cloud of the sample's services, deployed and upgraded once a run."""

import dataclasses
import functools
import json
import os
import pathlib
import signal
import time
import uuid
from typing import Any

from tests import database
from tests import waiting
from tripleo_workflows import clients as service_clients
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import node_names
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

SAMPLE = pathlib.Path(__file__, '../../../samples/overcloud').resolve()
PLAN = 'overcloud'
NAMES = [f'{PLAN}-{name}' for name in (
    'controller-0', 'controller-1', 'controller-2', 'database-0',
    'compute-0', 'compute-1')]
#: The nodes on which playbooks can be run.
WITH_ANSIBLE = [f'{PLAN}-controller-0', f'{PLAN}-compute-0']
#: The web service is rolled node by node; nobody waits for the agents.
POLICY = {'services': {'monitor_agent': {'batch': '100%'}}}
LOOK_SECONDS = 0.3
#: How long a service may take to answer after it was killed.
READY_SECONDS = 60.0
#: Where the nodes live; another one lets two test runs share a machine.
SUBNET = os.environ.get('TRIPLEO_TEST_SUBNET', node_names.SUBNET)


class ExecutionFailed(Exception):
    """A workflow ended with an error; its text is the message."""


class Cloud:
    """What tests do to a cloud: run workflows, change plans, ask nodes."""

    def __init__(self):
        self.state = undercloud_state.StateDirectory(
            pathlib.Path(os.environ['TRIPLEO_TEST_STATE_DIR']))
        self.clients = service_clients.from_environment()

    def kill(self, service):
        """Kill a service of the undercloud, and wait until it is back.

        Its supervisor takes a moment to notice; whoever looks before sees a
        service that has died.
        """
        supervisor = supervision.Supervisor(self.state)
        before = supervisor.pid(service)
        os.kill(before, signal.SIGKILL)
        waiting.wait_for(
            lambda: supervisor.pid(service) not in (None, before))
        readiness.wait(self.state, supervisor, service, READY_SECONDS)

    def start(self, workflow, **inputs):
        """Start a workflow and return its execution's id."""
        return self.clients.mistral.executions.create(
            workflow, workflow_input=inputs).id

    def leave(self, execution_id, states, seconds=240):
        """Wait until an execution is in none of some states; return it."""
        deadline = time.monotonic() + seconds

        while True:
            execution = self.clients.mistral.executions.get(execution_id)

            if execution.state not in states:
                return execution

            if time.monotonic() > deadline:
                raise TimeoutError(f'{execution_id} is {execution.state}')

            time.sleep(LOOK_SECONDS)

    def wait(self, execution_id, seconds=240):
        """Wait for an execution to end and return its output."""
        execution = self.leave(execution_id, lock.HOLDING_STATES, seconds)
        output = json.loads(execution.output)

        if execution.state != 'SUCCESS':
            raise ExecutionFailed(output.get('message') or output)

        return output

    def run(self, workflow, **inputs):
        """Run a workflow to its end and return its output."""
        return self.wait(self.start(workflow, **inputs))

    def act(self, action, **inputs):
        """Run a single action and return its result."""
        execution = self.clients.mistral.action_executions.create(
            action, inputs, run_sync=True, save_result=True)
        result = json.loads(execution.output)['result']

        if execution.state != 'SUCCESS':
            raise ExecutionFailed(result)

        return result

    def set_parameters(self, plan=PLAN, /, **parameters):
        """Change a plan's parameters through the action."""
        return self.act('tripleo.parameters.update', container=plan,
                        parameters=parameters)

    def plan(self):
        """The plan's files."""
        return store.PlanStore(self.clients.swift, PLAN).read()

    def parameter(self, name, default):
        """A parameter as the plan sets it now."""
        return environment.load(self.plan())['parameter_defaults'].get(
            name, default)

    def preview(self, **inputs):
        """Bring the stack to the plan and compute the rollout."""
        return self.run('tripleo.upgrade.v1.preview', plan=PLAN, **inputs)

    def upgrade(self, digest):
        """Run a rollout to its end."""
        return self.run('tripleo.upgrade.v1.run', plan=PLAN, digest=digest)

    def addresses(self, role):
        """Addresses of a role's nodes, in their order."""
        return [node.address for node in local_nodes.listing(self.state)
                if node.name.startswith(f'{PLAN}-{role}-')]

    def names(self):
        """Names of the cloud's nodes, sorted."""
        return sorted(node.name for node in local_nodes.listing(self.state)
                      if node.name.startswith(f'{PLAN}-'))

    def node(self, name):
        """A local node."""
        return next(node for node in local_nodes.listing(self.state)
                    if node.name == name)

    def is_idle(self, node):
        """Whether a node's agent runs no hook."""
        return not any(b'os-refresh-config' in command_line(process)
                       for process in node_boot.processes(node.root))

    def columns(self):
        """Where the web service's items have their text now."""
        root = self.node(f'{PLAN}-database-0').root
        shown = database.Database(root, 'web').run('SHOW COLUMNS FROM items')

        return {line.split()[0] for line in shown} - {'number'}

    def starts(self):
        """How often the web service was started, by node."""
        return {name: (self.node(name).root / 'var/log/web.log'
                       ).read_text().count('started release=')
                for name in NAMES if 'controller' in name}

    def change(self, **parameters):
        """Change the plan's own file, which may hold secrets."""
        plan = store.PlanStore(self.clients.swift, PLAN)
        files = plan.read()
        files[environment.FILE] = environment.dump(
            environment.merge_parameters(environment.load(files),
                                         parameters))
        plan.write(files)

    def prober(self):
        """A prober of the cloud's services."""
        return prober.Prober(probing.probes(self.clients.heat, PLAN))

    def wait_for_step(self, operation, batch, step):
        """Wait until a step of a batch was sent to its nodes."""
        kept = record.Record(self.clients.swift, PLAN)
        waiting.wait_for(lambda: any(
            name.endswith(f'/{batch}.json') and step in kept.get(name)
            for name in kept.names(f'{operation}/')), 240)

    def deploy(self):
        """Deploy the sample on six nodes."""
        local_nodes.add(self.state, NAMES, SUBNET)
        local_nodes.add(self.state, WITH_ANSIBLE, ansible=True)
        found = [node for node in local_nodes.listing(self.state)
                 if node.name in NAMES]
        files = store.read_directory(SAMPLE)
        plan_environment = {
            **environment.merge_parameters(
                environment.load(files),
                local_nodes.port_map(found)['parameter_defaults']),
            'lifecycle_policy': POLICY}
        files[environment.FILE] = environment.dump(plan_environment)
        plan = store.PlanStore(self.clients.swift, PLAN)
        plan.create()
        plan.write(files)
        sync.synchronise(self.clients, workbooks.load())
        self.run('tripleo.plan_management.v1.create_deployment_plan',
                 container=PLAN)

        return self.run('tripleo.deployment.v1.deploy_plan', container=PLAN)


def command_line(process):
    """What a process was started with; nothing if it has ended."""
    try:
        return pathlib.Path(f'/proc/{process}/cmdline').read_bytes()
    except OSError:
        return b''


@dataclasses.dataclass(frozen=True)
class Upgrade:
    """An upgrade of the web service, and a change of the monitor's agents.

    :param secret: the token that the agents were given.
    :param interval: seconds, the agents' other change.
    :param rollout: what the preview answered.
    :param columns: of the web service's table before, in the middle, and at
        the end.
    :param starts: of the web service before.
    :param report: what the users saw.
    """

    secret: str
    interval: int
    rollout: dict[str, Any]
    columns: tuple[set[str], set[str], set[str]]
    starts: dict[str, int]
    report: availability.Report


def _upgrade():
    cloud = deployed()
    before, starts = cloud.columns(), cloud.starts()
    secret = uuid.uuid4().hex
    interval = cloud.parameter('MonitorAgentInterval', 10) + 1
    cloud.set_parameters(WebRelease='2')
    cloud.change(MonitorAgentToken=secret, MonitorAgentInterval=interval)
    rollout = cloud.preview()
    probes = cloud.prober()
    probes.start()

    try:
        execution = cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                digest=rollout['digest'])
        cloud.wait_for_step(execution, 'web.2', 'stop')
        middle = cloud.columns()
        cloud.wait(execution)
    finally:
        report = probes.stop()

    return Upgrade(secret, interval, rollout,
                   (before, middle, cloud.columns()), starts, report)


def _deployment():
    cloud = Cloud()
    cloud.summary = cloud.deploy()['summary']

    return cloud


@functools.cache
def _outcome(function):
    try:
        return function(), None
    except Exception as error:
        return None, error


def _once(function):
    """What a function returned at its first call in this run.

    Where it failed, each caller is told the one cause.
    """
    result, error = _outcome(function)

    if error:
        raise error

    return result


def deployed():
    """The cloud of this run, deployed at the first call."""
    return _once(_deployment)


def upgraded():
    """The upgrade of this run's cloud, carried out at the first call."""
    return _once(_upgrade)
