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

import time

from tests.bench import report as bench_report
from tests.bench import simulated_cloud as bench_cloud
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout

STEP_SECONDS = 240.0


def run(report: bench_report.Report) -> None:
    """Make the cloud, measure, and take everything down."""
    with bench_cloud.running('dispatch') as cloud:
        measure(cloud, report)


def measure(cloud: bench_cloud.Cloud, report: bench_report.Report) -> None:
    """Deploy the plan and measure a step in each way there is."""
    targets = cloud.deploy()
    dispatcher = delivery.Dispatcher(cloud.clients, cloud.record.container)
    # Swift and Heat have both been spoken to, so neither comes first.
    bound = bench_cloud.Bound(cloud.clients,
                              [target.server_id for target in targets])
    seconds = report_bound(bound, cloud, report, 'dispatch.bound')

    with cloud.meter('the step, sent by this process'):
        sent = step_seconds(dispatcher, targets)

    report('dispatch.step', sent, 's', 120)
    report('dispatch.step_by_bound', sent / seconds, '', 1.3)
    report_workflow(cloud, report, bound)


def report_bound(bound: bench_cloud.Bound, cloud: bench_cloud.Cloud,
                 report: bench_report.Report, name: str) -> float:
    """Measure and report the bound; the seconds that it took."""
    with cloud.meter('the bound'):
        seconds = bound.measure()

    report(name, seconds, 's', 120)

    return seconds


def step_seconds(dispatcher: delivery.Dispatcher,
                 targets: list[delivery.Target]) -> float:
    """Send a step, take all answers, and clean up."""
    begun = time.monotonic()
    step = delivery.Step(
        plan='bench', operation='bench', service=bench_cloud.SERVICE,
        batch='1', step='start', fence=1, payload='true', timeout=60,
        brief=True)
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
    bench_cloud.say(
        f'  answered in {answered - begun:.1f} s, cleaned in '
        f'{ended - answered:.1f} s; {sum(times)} deliveries, '
        f'{times.count(1)} nodes were sent one')

    return ended - begun


def report_workflow(cloud: bench_cloud.Cloud, report: bench_report.Report,
                    bound: bench_cloud.Bound) -> None:
    """Roll the service out as an operator does."""
    digest = cloud.preview('deploy')
    cloud.forget_peak()
    operation = cloud.roll(digest)
    report('dispatch.rollout_executor_memory',
           cloud.peak() / bench_cloud.MEBIBYTE, 'MiB', 512)
    tasks = batch_tasks(cloud)
    seconds = tasks['finished'][1] - tasks['start'][0]
    bench_cloud.say('  tasks: ' + ', '.join(
        f'{name} {end - begin:.1f} s' for name, (begin, end)
        in tasks.items() if end - begin > 1))
    report('dispatch.rollout_step', seconds, 's', 120)
    report('dispatch.rollout_step_by_bound', seconds / report_bound(
        bound, cloud, report, 'dispatch.rollout_bound'), '', 1.3)
    report('dispatch.largest_result',
           largest_result(cloud) / bench_cloud.KIBIBYTE, 'KiB', 64)
    report('dispatch.record', max(
        size for name, size in cloud.record_sizes(operation).items()
        if name.endswith(f'/{bench_cloud.SERVICE}.1.json'))
        / bench_cloud.KIBIBYTE, 'KiB', 1024)


def batch_tasks(cloud: bench_cloud.Cloud) -> dict[str, tuple[float, float]]:
    """Beginning and end of the batch's tasks."""
    mistral = cloud.clients.mistral
    [batch] = [execution for execution in mistral.executions.list()
               if execution.workflow_name == 'tripleo.rollout.v1.batch']
    found: dict[str, tuple[float, float]] = {}

    for task in mistral.tasks.list(batch.id):
        begin, end = found.get(task.name, (float('inf'), 0.0))
        found[task.name] = (
            min(begin, bench_cloud.moment(task.created_at)),
            max(end, bench_cloud.moment(task.updated_at)))

    return found


def largest_result(cloud: bench_cloud.Cloud) -> int:
    """Bytes of the largest result of an action."""
    actions = cloud.clients.mistral.action_executions

    return max(len(actions.get(action.id).output or '')
               for action in actions.list()
               if action.name.startswith('tripleo.rollout.'))
