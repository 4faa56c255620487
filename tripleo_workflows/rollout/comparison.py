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

"""What a rollout changes in the steps of its services, as a unified diff.

Compared are the steps with which a service came to its nodes, as they were
stored, with those that are wanted. Neither holds the value of a secret; of
one that changes, the name is told.
"""

import difflib
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import yaml

from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import stored

#: Unchanged lines around those that change.
CONTEXT = 3


def diff(record: operation_record.Record, document: Mapping[str, Any]
         ) -> str:
    """What a rollout changes, by service and by role of its nodes.

    :param document: the rollout.
    :returns: text; empty where the steps stay what they were.
    """
    return '\n'.join(line for service in document['services']
                     for line in _of_service(record, document, service))


def _of_service(record: operation_record.Record, document: Mapping[str, Any],
                service: str) -> Iterator[str]:
    entry = document['services'][service]
    before = stored.load_all(record, {
        node['back'] for node in entry['nodes'].values() if node['back']})
    groups: dict[tuple[str, str], list[str]] = {}

    for name, node in entry['nodes'].items():
        role = document['nodes'][name]['role']
        groups.setdefault((role, node['back'] or ''), []).append(name)

    for (role, digest), names in groups.items():
        where = f'{service} on {", ".join(names)}'

        if digest not in before:
            yield f'{where}: nothing that was stored to compare with'
            continue

        lines = list(_of_lifecycles(f'{service}/{role}', before[digest],
                                    entry['lifecycle'][role]))

        if lines:
            yield from (where, *lines)


def _of_lifecycles(place: str, before: lifecycle_format.Lifecycle,
                   after: lifecycle_format.Lifecycle) -> Iterator[str]:
    parts = before.get('parts', {}), after['parts']

    for name in dict.fromkeys((*parts[0], *parts[1])):
        if name.startswith('secret ') and (
                parts[0].get(name) != parts[1].get(name)):
            yield f'{name} changed'

    for step in dict.fromkeys((*after['steps'], *before['steps'])):
        yield from difflib.unified_diff(
            _lines(before['steps'].get(step)),
            _lines(after['steps'].get(step)), f'a/{place}/{step}',
            f'b/{place}/{step}', n=CONTEXT, lineterm='')


def _lines(step: Any) -> list[str]:
    """A step as lines: its keys first, and then what it runs."""
    if step is None:
        return []

    text = ''

    if isinstance(step, Mapping):
        text = ''.join(str(step[kind]) for kind in schema.KINDS
                       if kind in step)
        step = {key: value for key, value in step.items()
                if key not in schema.KINDS}

    keys = yaml.dump(step, Dumper=_Dumper, allow_unicode=True,
                     width=1000) if step else ''

    return (keys + text).splitlines()


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar('tag:yaml.org,2002:str', text,
                                   style='|' if '\n' in text else None)


_Dumper.add_representer(str, _represent)
