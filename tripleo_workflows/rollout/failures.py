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
#: Other nodes that an error names.
MOST_NODES = 20

RESUME = 'start tripleo.operation.v1.resume'
RETRY = f'{RESUME} with retry_failed=true'
ABORT = 'start tripleo.operation.v1.abort'


def of_nodes(known: Mapping[str, Mapping[str, Any]], **where: object
             ) -> exceptions.TripleoError:
    """The error for all nodes on which a step is not done.

    It explains the first one, and names the others with how they stand.

    :param known: what the record knows of the step, by node.
    :param where: plan, service, batch and step.
    """
    first, *others = known
    error = of_node(known[first], **where, node=first)

    if not others:
        return error

    rest = ', '.join(f'{name} ({known[name]["status"]})'
                     for name in others[:MOST_NODES])
    more = len(others) - MOST_NODES
    also = f'{rest} and {more} more' if more > 0 else rest

    return type(error)(f'{error.message} Not done either: {also}.',
                       error.remedy, **error.where)


def of_node(known: Mapping[str, Any], **where: object
            ) -> exceptions.TripleoError:
    """The error for a node on which a step is not done and will not be.

    :param known: what the record knows of the step on the node.
    :param where: plan, service, batch, step and node.
    """
    status = known['status']

    if 'check' in known:
        return exceptions.StepFailed(
            known['error'],
            f'{known["remedy"]} Then {RESUME}; to let the check fail, start '
            f'tripleo.operation.v1.waive with check="{known["check"]}".',
            **where)

    if status == 'undone':
        return exceptions.StepFailed(
            'The node was put back to what it had, because its batch had '
            'failed.', f'Correct the cause. To roll it again, {RETRY}; to '
            f'correct the plan, {ABORT} and preview again.', **where)

    if status == 'unreachable':
        return exceptions.DeadlineExceeded(
            'The node did not answer in time.',
            f'Look at its agent (os-collect-config), then {RESUME}. To go '
            f'on without it, start tripleo.operation.v1.skip.',
            **where)

    if status == 'interrupted':
        return exceptions.StepFailed(
            'The step was interrupted on the node, and whether it took '
            'effect is not known.',
            f'Look at the node. To run the step once more, {RETRY}; to give '
            f'up, {ABORT}.', **where)

    if status == 'refused':
        return exceptions.FenceLost(
            f'The node has seen fence {known["fence_seen"]} and refuses '
            f'{known["fence"]}.',
            'A newer operation has been there: look at it first.', **where)

    return exceptions.StepFailed(
        f'{_what_happened(known)} Its output ends: "{_tail(known)}".',
        f'Correct the cause on the node and {RETRY}; to correct the plan, '
        f'{ABORT} and preview again: what is done stays done.', **where)


def _what_happened(known: Mapping[str, Any]) -> str:
    if known.get('error'):
        return f'The step failed: {known["error"]}'

    if known['status'] == 'aborted':
        return 'The step was aborted.'

    if known.get('timed_out'):
        return 'The step exceeded its time limit.'

    return f'The step ended with {known.get("status_code", "no status code")}.'


def _tail(known: Mapping[str, Any]) -> str:
    return (known.get('output', '').strip()[-TAIL_CHARACTERS:]
            or '(no output)')
