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

"""A roll over 500 nodes in batches of 25, against what cannot be avoided.

The nodes are simulated; Keystone, Swift, Heat and Mistral are real. They have
an earlier release of the service, for where there is none all are rolled at
once. A batch cannot be quicker than its *bound*: 16 threads create and delete
as many software configs and deployments as it has steps and nodes, measured
in the same run while the nodes poll. And a node learns of a step when it
polls next, so the *floor* is the bound and, for each step, the time between
two polls. What is above that is the engine, which runs some fifteen tasks a
batch, and the record.
"""

import math
import statistics
from typing import Any

from tests.bench import report as bench_report
from tests.bench import simulated_cloud as bench_cloud
from tests.bench import simulated_nodes
from tripleo_workflows.rollout import units

#: Nodes at once.
BATCH = 25
#: How often the bound is measured; the median counts.
TIMES = 5
#: How long the roll may take before the benchmark gives up.
ROLL_SECONDS = 1800.0


def run(report: bench_report.Report) -> None:
    """Make the cloud, roll it twice, and take everything down."""
    with bench_cloud.running('roll') as cloud:
        servers = [target.server_id for target in cloud.deploy()]
        cloud.roll(cloud.preview('deploy'))
        cloud.change_plan({'lifecycle_policy': {'services': {
            bench_cloud.SERVICE: {'batch': BATCH}}}}, SimulatedRelease='2')
        measure(cloud, servers, report)


def measure(cloud: bench_cloud.Cloud, servers: list[str],
            report: bench_report.Report) -> None:
    """Roll the next release out, batch by batch.

    :param servers: ids of all of them.
    """
    digest = cloud.preview('upgrade')
    document = cloud.record.document(digest)
    batches = document['services'][bench_cloud.SERVICE]['batches']
    assert len(batches) == math.ceil(bench_cloud.NODES / BATCH), len(batches)
    cloud.forget_peak()
    operation = cloud.roll(digest, ROLL_SECONDS)
    memory = cloud.peak()
    [whole] = seconds_of(cloud, operation, 'roll')
    each = seconds_of(cloud, operation, 'batch')
    assert len(each) == len(batches), each
    bench_cloud.say('  batches: ' + ', '.join(
        f'{seconds:.0f} s' for seconds in each))

    report('roll.seconds', whole, 's', 500)
    report('roll.batch', statistics.median(each), 's', 22)
    report_ratios(report, statistics.median(each), steps_of(document),
                  heat_seconds(cloud, servers[:BATCH]))
    report('roll.executor_memory', memory / bench_cloud.MEBIBYTE, 'MiB', 512)
    report('roll.record', sum(cloud.record_sizes(operation).values())
           / bench_cloud.KIBIBYTE, 'KiB', 1024)


def seconds_of(cloud: bench_cloud.Cloud, operation: str, workflow: str
               ) -> list[float]:
    """What each run of a workflow took in an operation, in their order."""
    executions = cloud.clients.mistral.executions.list(
        root_execution_id=operation,
        workflow_name=f'tripleo.rollout.v1.{workflow}')
    times = sorted((bench_cloud.moment(execution.created_at),
                    bench_cloud.moment(execution.updated_at))
                   for execution in executions)

    return [end - begin for begin, end in times]


def steps_of(document: dict[str, Any]) -> int:
    """How many steps the nodes of a batch are sent."""
    members = units.members(document, bench_cloud.SERVICE, '1', dict)

    return len(next(iter(members.values())).delivered)


def heat_seconds(cloud: bench_cloud.Cloud, servers: list[str]) -> float:
    """What Heat takes to hold and forget one step of a batch."""
    bound = bench_cloud.Bound(cloud.clients, servers)

    with cloud.meter(f'the bound, {TIMES} times'):
        return statistics.median(bound.measure() for _ in range(TIMES))


def report_ratios(report: bench_report.Report, batch: float, steps: int,
                  heat: float) -> None:
    """Compare a batch with what it cannot be quicker than.

    :param batch: seconds that it took.
    :param steps: how many its nodes were sent.
    :param heat: seconds that Heat takes for one of them.
    """
    bound = heat * steps
    floor = bound + simulated_nodes.POLL_SECONDS * steps
    report('roll.bound', bound, 's', 6)
    report('roll.batch_by_bound', batch / bound, '', 10)
    report('roll.batch_by_floor', batch / floor, '', 1.6)
