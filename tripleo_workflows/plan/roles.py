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

"""``roles_data.yaml``: the roles of a plan."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.plan import documents

FILE = 'roles_data.yaml'

_NAMES = {'type': 'array', 'items': {'type': 'string'}}

_ROLE = {
    'type': 'object',
    'required': ['name'],
    # Templates may read further fields, so unknown ones are passed on.
    'properties': {
        'name': {'type': 'string', 'pattern': '^[a-zA-Z][a-zA-Z0-9]*$'},
        'description': {'type': ['string', 'null']},
        'CountDefault': {'type': 'integer', 'minimum': 0},
        'HostnameFormatDefault': {'type': 'string'},
        'ServicesDefault': _NAMES,
        'tags': _NAMES,
        'networks': {'type': ['array', 'object']},
        'networks_skip_config': _NAMES,
        'disable_constraints': {'type': 'boolean'},
        'upgrade_batch_size': {'type': 'integer', 'minimum': 1},
    },
}


@dataclasses.dataclass(frozen=True)
class Role:
    """A group of nodes that run the same services.

    :param services: resource types, as in ``OS::TripleO::Services::Ntp``.
    :param count_default: nodes, where no ``<Role>Count`` says otherwise.
    :param hostname_format: with ``%stackname%`` and ``%index%``, where no
        ``<Role>HostnameFormat`` says otherwise.
    :param raw: the role as the file has it, for templates.
    """

    name: str
    services: tuple[str, ...]
    count_default: int
    hostname_format: str
    raw: Mapping[str, Any]


def load(files: Mapping[str, str]) -> list[Role]:
    """The roles out of a plan's files, in the file's order.

    :raises NotFound: the plan has no ``roles_data.yaml``.
    :raises InvalidInput: names the role and the field that is wrong.
    """
    if FILE not in files:
        raise exceptions.NotFound(
            f'The plan has no {FILE}.',
            'Add the file with a list of the roles to the plan.',
            file=FILE)

    document = documents.parse(FILE, files[FILE])
    documents.check(FILE, document, {'type': 'array', 'minItems': 1})

    roles: dict[str, Role] = {}
    for position, raw in enumerate(document):
        role = _role(position, raw)

        # Resource names of two such roles differ, but their files do not.
        if role.name.lower() in roles:
            raise exceptions.InvalidInput(
                f'{FILE} defines the role {role.name} twice.',
                'Keep one of them, or give the other a name of its own.',
                file=FILE, role=role.name, field='name')

        roles[role.name.lower()] = role

    return list(roles.values())


def _role(position: int, raw: Any) -> Role:
    name = raw.get('name') if isinstance(raw, dict) else None
    label = name if isinstance(name, str) else f'at position {position}'
    documents.check(f'{FILE}, role {label}', raw, _ROLE)

    return Role(
        name=raw['name'],
        services=tuple(raw.get('ServicesDefault', ())),
        count_default=raw.get('CountDefault', 0),
        hostname_format=raw.get(
            'HostnameFormatDefault',
            f'%stackname%-{raw["name"].lower()}-%index%'),
        raw=raw)
