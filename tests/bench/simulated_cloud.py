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

"""A cloud of simulated nodes, for benchmarks that need hundreds of them.

Keystone, Swift, Heat and Mistral are real, and so is what they are asked.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

from oslo_config import cfg

from tests.bench import simulated_nodes as simulated
from tripleo_workflows import clients as service_clients
from tripleo_workflows import config
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.stack import cloud as stack_cloud
from tripleo_workflows.stack import stacks
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

HERE = pathlib.Path(__file__).parent
WORK = pathlib.Path('.tox').absolute()
PLAN = 'simulated'
SERVICE = 'simulated'
#: Fewer are for trying a benchmark out; the targets are for 500.
NODES = int(os.environ.get('TRIPLEO_BENCH_NODES', '500'))
THREADS = 16
#: How long a workflow may take before the benchmark gives up.
WORKFLOW_SECONDS = 600.0
#: How long all nodes may take to say what they have been through.
SURVEY_SECONDS = 300
LOOK_SECONDS = 0.5
KIBIBYTE = 1024
MEBIBYTE = 1024 * 1024


class Cloud:
    """Hundreds of nodes, of one role with one service.

    :param state: of the undercloud, which runs.
    """

    def __init__(self, state: undercloud_state.StateDirectory):
        self._state = state
        self.clients = service_clients.from_environment()
        self.record = operation_record.Record(self.clients.swift, PLAN)

    def deploy(self) -> list[delivery.Target]:
        """Make the stack of all servers, and give their agents to nodes.

        :returns: the nodes; nothing was rolled on them yet.
        """
        self._upload()

        with self.meter('the stack of all servers'):
            self.workflow('tripleo.stack.v1.bring_to_plan', plan=PLAN)

        with self.meter('their enrolment'):
            self._enroll()

        with self.meter('nodes by stack'):
            nodes = stack_cloud.nodes(self.clients.heat, PLAN)

        assert len(nodes) == NODES, len(nodes)
        delivery.prepare_container(self.clients.swift, self.record.container)

        return [delivery.Target(node.name, node.server_id)
                for node in nodes.values()]

    def _upload(self) -> None:
        """Put the plan and the workflows where they belong."""
        sync.synchronise(self.clients, workbooks.load())
        files = store.read_directory(HERE / 'plan')
        files[environment.FILE] = environment.dump(
            environment.merge_parameters(environment.load(files), {
                'SimulatedCount': NODES}))
        plan = store.PlanStore(self.clients.swift, PLAN)
        plan.create()
        plan.write(files)
        self.workflow('tripleo.plan_management.v1.create_deployment_plan',
                      container=PLAN)

    def _enroll(self) -> None:
        """Give all nodes their agents' configurations.

        The workflow asks Heat for one server after the other, which in a
        group of 500 takes the whole group each time. The output has them all
        at once.
        """
        found = stacks.output(self.clients.heat, PLAN, 'AgentConfigurations')

        for name, configuration in zip(
                found['names'], found['configurations'], strict=True):
            undercloud_state.write_private(
                self._state.enroll / f'{name}.json',
                json.dumps(configuration))

    def change_plan(self, sections: dict[str, Any], **parameters: Any
                    ) -> None:
        """Change parameters of the plan, and sections of its environment."""
        plan = store.PlanStore(self.clients.swift, PLAN)
        content = environment.load({
            environment.FILE: plan.read_file(environment.FILE)})
        plan.write({environment.FILE: environment.dump({
            **environment.merge_parameters(content, parameters),
            **sections})})

    def preview(self, verb: str) -> str:
        """Preview a rollout of the service; its digest."""
        with self.meter('the preview'):
            found = self.workflow(
                'tripleo.upgrade.v1.preview', plan=PLAN, verb=verb,
                survey_seconds=SURVEY_SECONDS)

        assert found['nodes'] == NODES, found

        return str(found['digest'])

    def roll(self, digest: str, seconds: float = WORKFLOW_SECONDS) -> str:
        """Roll the service out as an operator does.

        :param seconds: that it may take.
        :returns: the operation.
        """
        with self.meter('the rollout'):
            output = self.workflow(
                'tripleo.rollout.v1.run', seconds, plan=PLAN, digest=digest,
                survey_seconds=SURVEY_SECONDS)

        return str(output['summary']['operation'])

    def workflow(self, name: str, seconds: float = WORKFLOW_SECONDS,
                 /, **inputs: Any) -> dict[str, Any]:
        """Run a workflow to its end and return its output."""
        executions = self.clients.mistral.executions
        execution = executions.create(name, workflow_input=inputs)
        deadline = time.monotonic() + seconds

        while execution.state in lock.HOLDING_STATES:
            if time.monotonic() > deadline:
                raise TimeoutError(f'{name} is {execution.state}')

            time.sleep(LOOK_SECONDS)
            execution = executions.get(execution.id)

        output: dict[str, Any] = json.loads(execution.output)

        if execution.state != 'SUCCESS':
            raise RuntimeError(f'{name}: {output.get("message") or output}')

        return output

    def record_sizes(self, operation: str) -> dict[str, int]:
        """Bytes of the objects that the record has of an operation."""
        _, rows = self.clients.swift.get_container(
            self.record.container, prefix=f'{operation}/', full_listing=True)

        return {row['name']: int(row['bytes']) for row in rows}

    @contextlib.contextmanager
    def meter(self, what: str) -> Iterator[None]:
        """Say how long something took, and what it cost each service."""
        numbers = self._services()
        before = {name: processes.cpu_seconds(number)
                  for name, number in numbers.items()}
        begun = time.monotonic()
        own = time.process_time()

        try:
            yield
        finally:
            seconds = time.monotonic() - begun
            costs = ', '.join(
                f'{name} {processes.cpu_seconds(number) - before[name]:.1f}'
                for name, number in numbers.items())
            say(f'{what}: {seconds:.1f} s; seconds of CPU: {costs}, here '
                f'{time.process_time() - own:.1f}; load '
                f'{os.getloadavg()[0]:.1f}')

    def _services(self) -> dict[str, int]:
        """Process ids of the services."""
        supervisor = supervision.Supervisor(self._state)

        return {name: number for name in undercloud_state.SERVICES
                if (number := supervisor.pid(name)) is not None}

    def forget_peak(self) -> None:
        """Forget how much memory Mistral once took."""
        self._mistral('clear_refs').write_text('5')

    def peak(self) -> int:
        """The most bytes of memory that Mistral took since then."""
        [line] = [line for line in self._mistral('status').read_text()
                  .splitlines() if line.startswith('VmHWM')]

        return int(line.split()[1]) * KIBIBYTE

    def _mistral(self, name: str) -> pathlib.Path:
        return pathlib.Path('/proc', str(self._services()['mistral']), name)


class Bound:
    """What Heat takes to hold and forget a delivery for each server.

    :param servers: their ids.
    """

    def __init__(self, clients: service_clients.Clients,
                 servers: list[str]):
        self._heat = clients.heat
        self._servers = servers
        # As long as what is delivered, but nothing that a node answers.
        self._text = '#' * len(bundle.runner_text({'payload': 'true'}))

    def measure(self) -> float:
        """Create and delete all; the seconds that both took."""
        begun = time.monotonic()

        with futures.ThreadPoolExecutor(THREADS) as pool:
            made = list(pool.map(self._create, self._servers))
            created = time.monotonic()
            list(pool.map(self._delete, made))

        ended = time.monotonic()
        say(f'  created in {created - begun:.1f} s, deleted in '
            f'{ended - created:.1f} s')

        return ended - begun

    def _create(self, server: str) -> tuple[str, str]:
        config = self._heat.software_configs.create(
            name='bound', group='script', config=self._text)
        deployment = self._heat.software_deployments.create(
            config_id=config.id, server_id=server, action='CREATE',
            status='IN_PROGRESS')

        return deployment.id, config.id

    def _delete(self, made: tuple[str, str]) -> None:
        deployment, config = made
        self._heat.software_deployments.delete(deployment)
        self._heat.software_configs.delete(config)


@contextlib.contextmanager
def running(name: str) -> Iterator[Cloud]:
    """An undercloud, and nodes that wait for their enrolment.

    :param name: of the benchmark; the logs of its last run are kept until
        the next one.
    """
    state = undercloud_state.StateDirectory(WORK / f'bench-{name}')
    embedded.down(state)
    shutil.rmtree(state.root, ignore_errors=True)

    try:
        embedded.up(state, ports.free(), say)
        _tell_how_often_agents_poll(state)
        os.environ |= {
            'OS_CLIENT_CONFIG_FILE': str(state.root / 'clouds.yaml'),
            'OS_CLOUD': 'undercloud'}

        with _nodes(state):
            yield Cloud(state)
    finally:
        embedded.down(state)


def _tell_how_often_agents_poll(state: undercloud_state.StateDirectory
                                ) -> None:
    """Configure this process and Mistral for the simulated nodes."""
    seconds = int(simulated.POLL_SECONDS)
    config.register(cfg.CONF)
    cfg.CONF.set_override('agent_poll_seconds', seconds, config.GROUP)
    path = state.etc / 'mistral.conf'
    path.write_text(re.sub('(?m)^agent_poll_seconds = .*$',
                           f'agent_poll_seconds = {seconds}',
                           path.read_text()))
    supervisor = supervision.Supervisor(state)
    supervisor.restart('mistral')
    readiness.wait(state, supervisor, 'mistral', embedded.READY_SECONDS)


@contextlib.contextmanager
def _nodes(state: undercloud_state.StateDirectory) -> Iterator[None]:
    """Nodes that wait for their enrolment files."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'tests.bench.simulated_nodes',
         str(state.enroll)], stdout=subprocess.PIPE, text=True)

    try:
        yield
    finally:
        process.terminate()
        said, _ = process.communicate()
        say(f'nodes: {said.strip()}')


def moment(text: str) -> float:
    """Seconds of a moment as Mistral writes it."""
    return time.mktime(time.strptime(text.split('.')[0],
                                     '%Y-%m-%d %H:%M:%S'))


def say(line: str) -> None:
    """Tell the reader, beside the figures, what happens."""
    print(line, file=sys.stderr, flush=True)
