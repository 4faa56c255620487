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

"""How long a rollout of a large cloud takes to compute."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.bench import report as bench_report
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import tree
from tripleo_workflows.stack import cloud as stack_cloud

SERVICES = 60
NODES = 500
KEY = b'bench'
#: Services that each service waits for.
WAITS = 2


def run(report: bench_report.Report) -> None:
    """Compute an upgrade of all services on all nodes."""
    states = recorded(compute('1', {}))
    document, seconds = timed(lambda: compute('2', states))
    assert all(len(entry['nodes']) == NODES
               for entry in document['services'].values())
    report('rollout.compute', seconds, 's', 2)

    digest, seconds = timed(lambda: revision.digest(document))
    report('rollout.digest', seconds, 's', 1)

    workflows, seconds = timed(
        lambda: graph.compile_workflows(document, 'bench'))
    assert len(workflows) > 1
    report('rollout.compile', seconds, 's', 1)

    _, seconds = timed(lambda: tree.tree(document, digest))
    report('rollout.tree', seconds, 's', 1)

    report('rollout.document', len(json.dumps(document)) / 1024 ** 2, 'MiB',
           16)


def timed(act: Callable[[], Any]) -> tuple[Any, float]:
    """What something returns, and the seconds that it took."""
    begun = time.perf_counter()

    return act(), time.perf_counter() - begun


def compute(release: str, states: dict[str, Any]) -> dict[str, Any]:
    """The rollout that brings all services to a release."""
    return rollout_document.compute(
        cloud(release), rollout_document.Request('bench', 'upgrade'), states,
        KEY)


def cloud(release: str) -> stack_cloud.Cloud:
    """A stack whose nodes all run all services."""
    nodes = {name: stack_cloud.Node(name, f'id-{name}', 'Compute', index,
                                    f'10.0.{index // 250}.{index % 250}')
             for index, name in enumerate(
                 f'compute-{number}' for number in range(NODES))}

    return stack_cloud.Cloud('bench', nodes, {'Compute': {
        f'service-{number:02}': {'lifecycle': lifecycle(release, number)}
        for number in range(SERVICES)}}, {'Compute': []})


def lifecycle(release: str, number: int) -> dict[str, Any]:
    """A lifecycle of the size that a real service has."""
    def step(name: str) -> dict[str, Any]:
        return {'script': f'# {name}\n' * 40, 'inputs': {
            f'INPUT_{count}': f'{name} {count}' for count in range(10)}}

    return {
        'release': release, 'secrets': ['INPUT_0'],
        'after': [f'service-{other:02}' for other in range(
            max(0, number - WAITS), number)],
        'policy': {'batch': '10%', 'canary': 1},
        'prepare': {'backup': step('backup'), 'expand': step('expand')},
        'roll': {name: step(name) for name in lifecycle_format.STEPS[
            lifecycle_format.ROLL] if name not in
            lifecycle_format.CHECK_STEPS},
        'finish': {'contract': step('contract')}}


def recorded(document: dict[str, Any]) -> dict[str, Any]:
    """The states of all services after a rollout."""
    return {service: {
        'release': entry['release'], 'phase': difference.FINISHED,
        'nodes': {name: {
            'revision': node['wanted'], 'release': entry['release'],
            'server_id': document['nodes'][name]['server_id'],
            'parts': entry['lifecycle']['Compute']['parts']}
            for name, node in entry['nodes'].items()}}
        for service, entry in document['services'].items()}
