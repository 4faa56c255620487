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


"""How a step that failed on a node is told to people."""

from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions

#: Characters of a node's output that an error shows.
TAIL_CHARACTERS = 600


def of_node(known: Mapping[str, Any], **where: object
            ) -> exceptions.TripleoError:
    """The error for a node on which a step is not done and will not be.

    :param known: what the record knows of the step on the node.
    :param where: plan, service, batch, step and node.
    """
    status = known['status']

    if status == 'unreachable':
        return exceptions.DeadlineExceeded(
            'The node did not answer in time.',
            'Look at its agent (os-collect-config), then preview again.',
            **where)

    if status == 'interrupted':
        return exceptions.StepFailed(
            'The step was interrupted on the node, and whether it took '
            'effect is not known.',
            'Look at the node, then preview again: a new operation runs the '
            'step once more.', **where)

    if status == 'refused':
        return exceptions.FenceLost(
            f'The node has seen fence {known["fence_seen"]} and refuses '
            f'{known["fence"]}.',
            'A newer operation has been there: look at it first.', **where)

    tail = known.get('output', '').strip()[-TAIL_CHARACTERS:]
    how = ('exceeded its time limit' if known.get('timed_out')
           else f'ended with {known["status_code"]}')

    return exceptions.StepFailed(
        f'The step {how}. Its output ends: "{tail or "(no output)"}".',
        "Correct the cause, on the node or in the service's template, and "
        'preview again: what is done stays done.', **where)
