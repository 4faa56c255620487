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

"""The makespan of a real run: the sample, upgraded on an undercloud.

Its critical path has the times that steps took from their dispatch to the
known result, as the record has them; what lies between them is the engine's.
"""

import graphlib
import os
import pathlib
import sys
import tempfile

from tests.bench import report as bench_report
from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report as operation_report
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import timeline
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import state as undercloud_state


def run(report: bench_report.Report) -> None:
    """Deploy the sample, upgrade it, and measure that from its record."""
    # A node's root has to be short enough for the path of a socket.
    with tempfile.TemporaryDirectory() as directory:
        state = undercloud_state.StateDirectory(pathlib.Path(directory))

        try:
            embedded.up(state, ports.free(), lambda line: None)
            os.environ |= {
                'OS_CLIENT_CONFIG_FILE': str(state.root / 'clouds.yaml'),
                'OS_CLOUD': 'undercloud',
                'TRIPLEO_TEST_STATE_DIR': directory}
            cloud = functional_cloud.Cloud()
            cloud.deploy()
            cloud.set_parameters(WebRelease='2')
            digest = cloud.preview()['digest']
            cloud.upgrade(digest)
            took, path = measured(operation_record.Record(
                cloud.clients.swift, functional_cloud.PLAN), digest)
        finally:
            embedded.down(state)

    print(f'The upgrade took {took:.1f} s, its critical path {path:.1f} s.',
          file=sys.stderr, flush=True)
    report('makespan.real.ratio', took / path, 'critical paths', 1.15)


def measured(record: operation_record.Record, digest: str
             ) -> tuple[float, float]:
    """What a rollout took that an operation has run.

    :returns: seconds from its first step to the end of its last, and those
        of the longest way through it.
    """
    story = operation_report.newest_of(record, digest)

    if story is None:
        raise ValueError(f'No operation ran {digest}.')

    pieces = timeline.recorded(story)

    return (max(piece.ended for piece in pieces)
            - min(piece.begun for piece in pieces),
            critical_path(record.document(digest), pieces))


def critical_path(document: rollout_document.Document,
                  pieces: list[timeline.Piece]) -> float:
    """Seconds of the longest way through what was recorded.

    :param pieces: steps on nodes; of a step, its slowest node counts.
    """
    steps: dict[tuple[str, str, str], float] = {}

    for piece in pieces:
        place = piece.phase, piece.unit, piece.step
        steps[place] = max(steps.get(place, 0.0), piece.ended - piece.begun)

    seconds: dict[str, float] = {}

    for (phase, _, _), took in steps.items():
        seconds[phase] = seconds.get(phase, 0.0) + took

    before = graph.phases(document)
    ended: dict[str, float] = {}

    for name in graphlib.TopologicalSorter(before).static_order():
        ended[name] = seconds.get(name, 0.0) + max(
            (ended[other] for other in before[name]), default=0.0)

    return max(ended.values())
