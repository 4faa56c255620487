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

"""What a task costs in the embedded undercloud, beside what it does."""

import os
import pathlib
import statistics
import sys
import tempfile
import time

import yaml
from mistralclient.api.v2 import client as mistral_client

from tests.bench import report as bench_report
from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lock
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import state as undercloud_state

NAME = 'bench.tasks'
#: Tasks of a run, one after the other.
TASKS = 20
RUNS = 7
LOOK_SECONDS = 0.05


def run(report: bench_report.Report) -> None:
    """Start an undercloud, run tasks that do nothing, and stop it."""
    with tempfile.TemporaryDirectory() as directory:
        state = undercloud_state.StateDirectory(pathlib.Path(directory))

        try:
            embedded.up(state, ports.free(), lambda line: None)
            os.environ |= {
                'OS_CLIENT_CONFIG_FILE': str(state.root / 'clouds.yaml'),
                'OS_CLOUD': 'undercloud'}
            mistral = service_clients.from_environment().mistral
            mistral.workflows.create(definition())
            seconds = [task_seconds(mistral) for _ in range(RUNS)]
        finally:
            embedded.down(state)

    print('engine: ' + ', '.join(f'{each:.3f}' for each in seconds),
          file=sys.stderr)
    report('engine.task', statistics.median(seconds), 's', 0.3)


def definition() -> str:
    """A workflow of tasks that do nothing, one after the other."""
    tasks = {f'task_{number}': {
        'action': 'std.noop',
        **({'on-success': f'task_{number + 1}'} if number < TASKS else {})}
        for number in range(1, TASKS + 1)}

    return yaml.safe_dump({'version': '2.0', NAME: {'tasks': tasks}})


def task_seconds(mistral: mistral_client.Client) -> float:
    """Run the workflow once; the seconds that each task took."""
    begun = time.monotonic()
    execution = mistral.executions.create(NAME)

    while lock.state_of(mistral, execution.id) in lock.HOLDING_STATES:
        time.sleep(LOOK_SECONDS)

    return (time.monotonic() - begun) / TASKS
