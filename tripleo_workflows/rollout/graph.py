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

"""The rollout compiled to a workflow in Mistral's language."""

import collections
import itertools
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import yaml

from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import order

#: Mistral sends a workflow's whole definition with each of its tasks.
MOST_TASKS = 90
#: Phases that run at once: each needs threads of the executors.
AT_ONCE = 24

Tasks = dict[str, Any]


def workflow_name(operation: operation_record.Operation) -> str:
    """Name of the compiled workflow of an operation under its fence."""
    return lifetime.graph_name(operation.id, operation.fence)


def compile_workflows(document: rollout_document.Document, name: str,
                      concurrency: int = AT_ONCE) -> dict[str, str]:
    """Workflows in Mistral's language, a task for each phase of a service.

    They publish nothing and handle nothing, so that other branches finish
    when one fails, and a rerun of any task heals it. Where a rollout has
    more phases than Mistral carries well in one workflow, those of a service
    that follow each other alone get one of their own; what is still too
    large is cut into several, which run one after the other.

    :param name: of the workflow that runs them all.
    :param concurrency: how many phases may run side by side.
    :returns: definitions by name, that one last.
    """
    before = phases(document)
    tasks = {phase: _task(document, phase) for phase in before}
    nested: dict[str, Tasks] = {}

    def nest(content: Tasks) -> Tasks:
        part = f'{name}.{len(nested) + 1}'
        nested[part] = content

        return {'workflow': part, 'input': {'operation': '<% $.operation %>'}}

    if len(before) > MOST_TASKS:
        before = _glue(before, tasks, nest)

    parts = [_join(before, {key: tasks[key] for key in part},
                   min(concurrency, AT_ONCE)) for part in _cut(before)]

    if len(parts) > 1:
        names = [f'part_{number}' for number in range(1, len(parts) + 1)]
        parts = [_in_a_row({key: nest(part) for key, part
                            in zip(names, parts, strict=True)})]

    nested[name] = parts[0] if parts else {}

    return {key: _definition(document, key, content)
            for key, content in nested.items()}


def _glue(before: order.Graph, tasks: Tasks, nest: Callable[[Tasks], Tasks]
          ) -> order.Graph:
    """Put phases that follow each other alone into workflows of their own.

    :param tasks: changed in place: one stands for all of such a workflow.
    :returns: what comes before each of the tasks that are left.
    """
    chains = _chains(before)
    names = {chain[-1]: chain[0] if len(chain) == 1 else
             f'{chain[0]}_to_{chain[-1].rpartition(".")[2]}'
             for chain in chains}
    glued = {names[chain[-1]]: {names[other] for other in before[chain[0]]}
             for chain in chains}

    for chain in chains:
        if len(chain) > 1:
            tasks[names[chain[-1]]] = {
                'description': f'From {chain[0]} to {chain[-1]}.',
                **nest(_in_a_row({phase: tasks.pop(phase)
                                  for phase in chain}))}

    return glued


def _chains(before: order.Graph) -> list[list[str]]:
    """Phases of a service between which nothing else comes, or goes."""
    followers = collections.Counter(
        other for others in before.values() for other in others)
    chains: dict[str, list[str]] = {}

    for name in order.in_order(before):
        service = name.rpartition('.')[0]
        alone = [other for other in before[name] if len(before[name]) == 1
                 and followers[other] == 1
                 and other.rpartition('.')[0] == service]
        chain = chains.pop(alone[0]) if alone else []
        chains[name] = [*chain, name]

    return list(chains.values())


def _in_a_row(tasks: Tasks) -> Tasks:
    following = [*tasks][1:]

    return {name: {**task, **({'on-success': [later]} if later else {})}
            for (name, task), later in itertools.zip_longest(
                tasks.items(), following)}


def phases(document: rollout_document.Document) -> order.Graph:
    """By phase of the rollout, those that come right before it."""
    return {order.phase_name(service, phase): set(entry['after'][phase])
            for service, entry in document['services'].items()
            for phase in difference.phases_of(entry)}


def _levels(before: order.Graph) -> list[list[str]]:
    depth: dict[str, int] = {}

    for name in order.in_order(before):
        depth[name] = max((depth[other] + 1 for other in before[name]),
                          default=0)

    return [list(names) for _, names in itertools.groupby(
        sorted(depth, key=lambda name: (depth[name], name)),
        key=lambda name: depth[name])]


def _cut(before: order.Graph) -> list[list[str]]:
    parts: list[list[str]] = []

    for level in _levels(before):
        for start in range(0, len(level), MOST_TASKS):
            piece = level[start:start + MOST_TASKS]

            if parts and len(parts[-1]) + len(piece) <= MOST_TASKS:
                parts[-1] += piece
            else:
                parts.append(piece)

    return parts


def _join(before: order.Graph, tasks: Tasks, most: int) -> Tasks:
    """Tasks of one workflow, each behind those before it.

    :param most: how many of them run at once.
    """
    chosen = {name: before[name] & {*tasks} for name in tasks}
    _keep_few_at_once(chosen, most)
    followers: dict[str, list[str]] = {name: [] for name in chosen}

    for name, others in chosen.items():
        for other in sorted(others):
            followers[other].append(name)

    return {name: {**task, **({'join': 'all'} if chosen[name] else {}),
                   **({'on-success': followers[name]} if followers[name]
                      else {})} for name, task in tasks.items()}


def _keep_few_at_once(before: order.Graph, most: int) -> None:
    """Let no more phases run at once than a number.

    :param before: changed in place; the order that there is stays.
    """
    # In rows, of which each has one that runs: the last one of each row.
    rows: list[str] = []

    for name in order.in_order(before):
        earlier = next((last for last in rows if last in before[name]), None)

        if earlier is None and len(rows) == most:
            earlier = rows[0]
            before[name].add(earlier)

        if earlier is not None:
            rows.remove(earlier)

        rows.append(name)


def _task(document: rollout_document.Document, name: str) -> Tasks:
    service, _, phase = name.rpartition('.')
    entry = document['services'][service]
    own = next((lifecycle['workflow'] for lifecycle
                in entry['lifecycle'].values()), '')

    return {
        'description': f'{phase.capitalize()} {service} '
                       f'{entry["release"]}.'.replace(' .', '.'),
        'workflow': own if own and phase == lifecycle_format.ROLL
        else f'tripleo.rollout.v1.{phase}',
        'input': {'operation': '<% $.operation %>', 'service': service}}


def _definition(document: Mapping[str, Any], name: str, tasks: Tasks) -> str:
    workflow = {
        'description': f'The rollout of plan {document["plan"]}, compiled; '
                       f'made by tripleo.rollout.v1.run.',
        'input': ['operation'],
        'tasks': tasks or {'nothing_to_do': {'action': 'std.noop'}}}

    return yaml.safe_dump({'version': '2.0', name: workflow},
                          sort_keys=False, default_flow_style=False)
