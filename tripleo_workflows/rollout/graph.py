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

"""The rollout's graph as a Mistral workflow, and as a tree for people."""

from typing import Any

import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import document as rollout_document

#: Mistral sends a workflow's whole definition with each of its tasks.
MOST_TASKS = 90


def workflow_name(operation: operation_record.Operation) -> str:
    """Name of the compiled workflow of an operation under its fence."""
    return lifetime.graph_name(operation.id, operation.fence)


def compile_workflow(document: rollout_document.Document, name: str) -> str:
    """A workflow in Mistral's language: one task per service to be rolled.

    It publishes nothing and handles nothing, so that other branches finish
    when one fails, and a rerun of any task heals it.

    :raises InvalidInput: the graph is larger than Mistral carries.
    """
    services = document['services']

    if len(services) > MOST_TASKS:
        raise exceptions.InvalidInput(
            f'The rollout touches {len(services)} services, and one graph '
            f'holds {MOST_TASKS}.', 'Roll out fewer changes at once.',
            plan=document['plan'])

    followers: dict[str, list[str]] = {service: [] for service in services}

    for service, entry in services.items():
        for other in entry['after']:
            followers[other].append(f'{service}.roll')

    tasks: dict[str, Any] = {}

    for service, entry in services.items():
        task: dict[str, Any] = {
            'description': f'Roll {service} to {entry["release"]}.',
            'workflow': 'tripleo.rollout.v1.roll',
            'input': {'operation': '<% $.operation %>', 'service': service}}

        if entry['after']:
            task['join'] = 'all'

        if followers[service]:
            task['on-success'] = followers[service]

        tasks[f'{service}.roll'] = task

    if not tasks:
        tasks['nothing_to_do'] = {'action': 'std.noop'}

    workflow = {
        'description': f'The rollout of plan {document["plan"]}, compiled; '
                       f'made by tripleo.rollout.v1.run.',
        'input': ['operation'], 'tasks': tasks}

    return yaml.safe_dump({'version': '2.0', name: workflow},
                          sort_keys=False, default_flow_style=False)


def tree(document: rollout_document.Document, digest: str) -> str:
    """The rollout as text: services in their order, batches, nodes."""
    services = document['services']
    nodes = {node for entry in services.values() for node in entry['nodes']}
    lines = [f'Rollout {digest[:12]}: {document["verb"]} of plan '
             f'{document["plan"]}, {_count(len(services), "service")}, '
             f'{_count(len(nodes), "node")}']

    for position, service in enumerate(_in_order(services)):
        last = position == len(services) - 1
        entry = services[service]
        stem = '   ' if last else '│  '
        lines.append(f'{"└" if last else "├"}─ {service} '
                     f'{_releases(entry)}{_waits(entry)}')

        for number, batch in enumerate(entry['batches'], 1):
            end = number == len(entry['batches'])
            lines.append(f'{stem}{"└" if end else "├"}─ batch {number}: '
                         + ', '.join(f'{node} ({entry["nodes"][node]["why"]})'
                                     for node in batch))

    if not services:
        lines.append('└─ nothing to do: every node has what is wanted')

    for key, text in (('unchanged', 'Unchanged'),
                      ('unmanaged', 'Without a lifecycle, left alone')):
        if document[key]:
            lines.append(f'{text}: {", ".join(document[key])}')

    for service, names in document['not_here'].items():
        lines.append(f'{service} would wait for {", ".join(names)}, which '
                     f'this cloud does not run')

    return '\n'.join(lines)


def _in_order(services: dict[str, Any]) -> list[str]:
    ordered: list[str] = []

    while len(ordered) < len(services):
        ordered.extend(sorted(
            service for service, entry in services.items()
            if service not in ordered and set(entry['after']) <= set(ordered)))

    return ordered


def _releases(entry: dict[str, Any]) -> str:
    before = [release for release in entry['from_releases']
              if release != entry['release']]

    return ' → '.join([*([', '.join(before)] if before else []),
                       entry['release']])


def _waits(entry: dict[str, Any]) -> str:
    return f', after {", ".join(entry["after"])}' if entry['after'] else ''


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'
