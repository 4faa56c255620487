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

"""One step on 500 nodes, against what Heat alone takes for as many.

The nodes are simulated; Keystone, Swift, Heat and Mistral are real. The
bound is the time in which 16 threads create and delete as many software
configs and deployments while the nodes poll, as they do all the time. It is
measured beside each of the two steps, since a machine is not always the same.
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

from tests.bench import report as bench_report
from tests.bench import simulated_nodes as simulated
from tripleo_workflows import clients as service_clients
from tripleo_workflows import config
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout
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
STATE = pathlib.Path('.tox/bench-dispatch').absolute()
PLAN = 'simulated'
SERVICE = 'simulated'
#: Fewer are for trying the benchmark out; the targets are for 500.
NODES = int(os.environ.get('TRIPLEO_BENCH_NODES', '500'))
THREADS = 16
#: How long anything may take before the benchmark gives up.
WORKFLOW_SECONDS = 600.0
STEP_SECONDS = 240.0
LOOK_SECONDS = 0.5
KIBIBYTE = 1024
MEBIBYTE = 1024 * 1024


def run(report: bench_report.Report) -> None:
    """Make the cloud, measure, and take everything down."""
    state = undercloud_state.StateDirectory(STATE)
    embedded.down(state)
    # The logs of the last run are kept until now.
    shutil.rmtree(STATE, ignore_errors=True)

    try:
        embedded.up(state, ports.free(), say)
        tell_how_often_agents_poll(state)
        os.environ |= {'OS_CLIENT_CONFIG_FILE': str(STATE / 'clouds.yaml'),
                       'OS_CLOUD': 'undercloud'}
        clients = service_clients.from_environment()

        with simulated_nodes(state):
            measure(clients, state, report)
    finally:
        embedded.down(state)


def tell_how_often_agents_poll(state: undercloud_state.StateDirectory
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
def simulated_nodes(state: undercloud_state.StateDirectory
                    ) -> Iterator[None]:
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


def measure(clients: service_clients.Clients,
            state: undercloud_state.StateDirectory,
            report: bench_report.Report) -> None:
    """Deploy the plan and measure a step in each way there is."""
    upload(clients)

    with meter(state, 'the stack of all servers'):
        workflow(clients, 'tripleo.stack.v1.bring_to_plan', plan=PLAN)

    with meter(state, 'their enrolment'):
        enroll(clients, state)

    with meter(state, 'nodes by stack'):
        nodes = stack_cloud.nodes(clients.heat, PLAN)

    targets = [delivery.Target(node.name, node.server_id)
               for node in nodes.values()]
    assert len(targets) == NODES, len(targets)
    container = operation_record.Record(clients.swift, PLAN).container
    delivery.prepare_container(clients.swift, container)
    dispatcher = delivery.Dispatcher(clients, container)
    # Swift and Heat have both been spoken to, so neither comes first.
    bound = Bound(clients, [target.server_id for target in targets])

    seconds = report_bound(bound, state, report, 'dispatch.bound')

    with meter(state, 'the step, sent by this process'):
        sent = step_seconds(dispatcher, targets)

    report('dispatch.step', sent, 's', 120)
    report('dispatch.step_by_bound', sent / seconds, '', 1.3)
    report_workflow(clients, state, report, bound)


def report_bound(bound: 'Bound', state: undercloud_state.StateDirectory,
                 report: bench_report.Report, name: str) -> float:
    """Measure and report the bound; the seconds that it took."""
    with meter(state, 'the bound'):
        seconds = bound.measure()

    report(name, seconds, 's', 120)

    return seconds


def upload(clients: service_clients.Clients) -> None:
    """Put the plan and the workflows where they belong."""
    sync.synchronise(clients, workbooks.load())
    files = store.read_directory(HERE / 'plan')
    files[environment.FILE] = environment.dump(environment.merge_parameters(
        environment.load(files), {'SimulatedCount': NODES}))
    plan = store.PlanStore(clients.swift, PLAN)
    plan.create()
    plan.write(files)
    workflow(clients, 'tripleo.plan_management.v1.create_deployment_plan',
             container=PLAN)


def enroll(clients: service_clients.Clients,
           state: undercloud_state.StateDirectory) -> None:
    """Give all nodes their agents' configurations.

    The workflow asks Heat for one server after the other, which in a group
    of 500 takes the whole group each time. The output has them all at once.
    """
    found = stacks.output(clients.heat, PLAN, 'AgentConfigurations')

    for name, configuration in zip(found['names'], found['configurations'],
                                   strict=True):
        undercloud_state.write_private(
            state.enroll / f'{name}.json', json.dumps(configuration))


class Bound:
    """What Heat takes to hold and forget a delivery for each server."""

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


def step_seconds(dispatcher: delivery.Dispatcher,
                 targets: list[delivery.Target]) -> float:
    """Send a step, take all answers, and clean up."""
    begun = time.monotonic()
    step = delivery.Step(
        plan='bench', operation='bench', service=SERVICE, batch='1',
        step='start', fence=1, payload='true', timeout=60, brief=True)
    nodes: fanout.Nodes = {}
    deadline = time.time() + STEP_SECONDS
    fanout.advance(dispatcher, step, targets, nodes, deadline, deadline)
    answered = time.monotonic()
    dispatcher.clean(step.prefix,
                     [ids for node in nodes.values() for ids in node['ids']])
    ended = time.monotonic()
    statuses = [node.get('answer', {}).get('status')
                for node in nodes.values()]
    assert set(statuses) == {'done'}, {
        status: statuses.count(status) for status in {*statuses}}
    times = [node['times'] for node in nodes.values()]
    say(f'  answered in {answered - begun:.1f} s, cleaned in '
        f'{ended - answered:.1f} s; {sum(times)} deliveries, '
        f'{times.count(1)} nodes were sent one')

    return ended - begun


def report_workflow(clients: service_clients.Clients,
                    state: undercloud_state.StateDirectory,
                    report: bench_report.Report, bound: 'Bound') -> None:
    """Roll the service out as an operator does."""
    with meter(state, 'the preview'):
        preview = workflow(clients, 'tripleo.upgrade.v1.preview', plan=PLAN,
                           verb='deploy')

    assert preview['nodes'] == NODES, preview

    with meter(state, 'the rollout'):
        peak_from_now(state)
        output = workflow(clients, 'tripleo.rollout.v1.run', plan=PLAN,
                          digest=preview['digest'], survey_seconds=300)

    report('dispatch.rollout_executor_memory', peak(state) / MEBIBYTE, 'MiB',
           512)
    tasks = batch_tasks(clients)
    seconds = tasks['finished'][1] - tasks['start'][0]
    say('  tasks: ' + ', '.join(
        f'{name} {end - begin:.1f} s' for name, (begin, end)
        in tasks.items() if end - begin > 1))
    report('dispatch.rollout_step', seconds, 's', 120)
    report('dispatch.rollout_step_by_bound', seconds / report_bound(
        bound, state, report, 'dispatch.rollout_bound'), '', 1.3)
    report('dispatch.largest_result', largest_result(clients) / KIBIBYTE,
           'KiB', 64)
    report('dispatch.record', record_bytes(
        clients, output['summary']['operation']) / KIBIBYTE, 'KiB', 1024)


def batch_tasks(clients: service_clients.Clients
                ) -> dict[str, tuple[float, float]]:
    """Beginning and end of the batch's tasks."""
    [batch] = [execution for execution in clients.mistral.executions.list()
               if execution.workflow_name == 'tripleo.rollout.v1.batch']

    found: dict[str, tuple[float, float]] = {}

    for task in clients.mistral.tasks.list(batch.id):
        begin, end = found.get(task.name, (float('inf'), 0.0))
        found[task.name] = (min(begin, moment(task.created_at)),
                            max(end, moment(task.updated_at)))

    return found


def moment(text: str) -> float:
    """Seconds of a moment as Mistral writes it."""
    return time.mktime(time.strptime(text.split('.')[0],
                                     '%Y-%m-%d %H:%M:%S'))


def largest_result(clients: service_clients.Clients) -> int:
    """Bytes of the largest result of an action."""
    return max(len(clients.mistral.action_executions.get(action.id).output
                   or '')
               for action in clients.mistral.action_executions.list()
               if action.name.startswith('tripleo.rollout.'))


def record_bytes(clients: service_clients.Clients, operation: str) -> int:
    """Bytes of the batch's object in the record."""
    container = operation_record.Record(clients.swift, PLAN).container
    _, rows = clients.swift.get_container(
        container, prefix=f'{operation}/', full_listing=True)

    return max(int(row['bytes']) for row in rows
               if row['name'].endswith(f'/{SERVICE}.1.json'))


def workflow(clients: service_clients.Clients, name: str, **inputs: Any
             ) -> dict[str, Any]:
    """Run a workflow to its end and return its output."""
    execution = clients.mistral.executions.create(name, workflow_input=inputs)
    deadline = time.monotonic() + WORKFLOW_SECONDS

    while execution.state in lock.HOLDING_STATES:
        if time.monotonic() > deadline:
            raise TimeoutError(f'{name} is {execution.state}')

        time.sleep(LOOK_SECONDS)
        execution = clients.mistral.executions.get(execution.id)

    output: dict[str, Any] = json.loads(execution.output)

    if execution.state != 'SUCCESS':
        raise RuntimeError(f'{name}: {output.get("message") or output}')

    return output


@contextlib.contextmanager
def meter(state: undercloud_state.StateDirectory, what: str
          ) -> Iterator[None]:
    """Say how long something took, and what it cost each service."""
    numbers = services(state)
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


def services(state: undercloud_state.StateDirectory) -> dict[str, int]:
    """Process ids of the services."""
    supervisor = supervision.Supervisor(state)

    return {name: number for name in undercloud_state.SERVICES
            if (number := supervisor.pid(name)) is not None}


def peak_from_now(state: undercloud_state.StateDirectory) -> None:
    """Forget how much memory Mistral once took."""
    pathlib.Path(f'/proc/{services(state)["mistral"]}/clear_refs').write_text(
        '5')


def peak(state: undercloud_state.StateDirectory) -> int:
    """The most bytes of memory that Mistral took since then."""
    status = pathlib.Path(
        f'/proc/{services(state)["mistral"]}/status').read_text()
    [line] = [line for line in status.splitlines()
              if line.startswith('VmHWM')]

    return int(line.split()[1]) * KIBIBYTE


def say(line: str) -> None:
    """Tell the reader, beside the figures, what happens."""
    print(line, file=sys.stderr, flush=True)
