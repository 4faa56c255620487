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


"""The embedded undercloud: how long it takes to come, and what it needs."""

import pathlib
import sys
import tempfile
import time

from tests.bench import report as bench_report
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

#: How long it is left alone, and watched.
IDLE_SECONDS = 60.0
MEBIBYTE = 1024 * 1024


def run(report: bench_report.Report) -> None:
    """Start one from nothing, measure it, and stop it."""
    with tempfile.TemporaryDirectory() as directory:
        state = undercloud_state.StateDirectory(pathlib.Path(directory))

        try:
            begun = time.monotonic()
            embedded.up(state, ports.free(), say)
            report('undercloud.up', time.monotonic() - begun, 's', 90)
            measure(state, report)
        finally:
            embedded.down(state)


def measure(state: undercloud_state.StateDirectory,
            report: bench_report.Report) -> None:
    """Measure an undercloud on which nobody calls."""
    names = process_ids(state)
    begun = time.monotonic()
    before = {number: processes.cpu_seconds(number) for number in names}
    time.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - begun
    percents = {
        name: 100 * (processes.cpu_seconds(number) - before[number]) / seconds
        for number, name in names.items()}
    memory = {name: processes.resident_bytes(number) / MEBIBYTE
              for number, name in names.items()}

    for name in memory:
        say(f'{name}: {memory[name]:.0f} MiB, {percents[name]:.2f} %')

    report('undercloud.memory', sum(memory.values()), 'MiB', 1024)
    report('undercloud.idle', sum(percents.values()), '% of a core', 10)


def process_ids(state: undercloud_state.StateDirectory) -> dict[int, str]:
    """What runs, by process id."""
    supervisor = supervision.Supervisor(state)
    found = {supervisor.pid(service): service
             for service in undercloud_state.SERVICES}
    found[supervisor.supervisor_pid()] = 'supervisor'

    return {number: name for number, name in found.items()
            if number is not None}


def say(line: str) -> None:
    """Tell the reader, beside the figures, what happens."""
    print(line, file=sys.stderr, flush=True)
