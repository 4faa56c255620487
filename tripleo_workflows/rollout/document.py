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

"""The rollout: a document that says which steps run where, and after what.

It is the difference between what the stack's role data want and what the
record says was rolled, so that a deploy, an upgrade, a changed parameter and
an added node all come out of the same computation.
"""

import dataclasses
import graphlib
import math
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.stack import cloud as stack_cloud

Document = dict[str, Any]

VERBS = ('deploy', 'update', 'upgrade')


@dataclasses.dataclass
class Service:
    """A managed service of the cloud, over all roles that run it."""

    name: str
    lifecycles: dict[str, dict[str, Any]] = dataclasses.field(
        default_factory=dict)
    nodes: list[stack_cloud.Node] = dataclasses.field(default_factory=list)

    @property
    def first(self) -> dict[str, Any]:
        """The lifecycle that rules order and policy: the first role's."""
        return next(iter(self.lifecycles.values()))


def compute(cloud: stack_cloud.Cloud, plan: str, verb: str,
            states: Mapping[str, Mapping[str, Any]], key: bytes
            ) -> Document:
    """Compute the rollout of a cloud.

    :param states: what the record knows of each service; see
        :meth:`tripleo_workflows.operation.record.Record.states`.
    :param key: of the revisions; see :func:`revision.load_key`.
    :returns: a document in JSON's types, without the values of secrets.
        Equal inputs give equal documents.
    :raises InvalidInput: a lifecycle breaks its format, services depend on
        each other in a circle, or the verb does not allow what is wanted.
    """
    if verb not in VERBS:
        raise exceptions.InvalidInput(
            f'verb: {verb!r} is not one of {", ".join(VERBS)}.',
            'Give one of them.', plan=plan, field='verb')

    services = _services(cloud)
    after, not_here = _dependencies(services)
    _refuse_cycles(plan, after)
    rolled = {}

    for name, service in sorted(services.items()):
        entry = _entry(service, states.get(name, {}), key)

        if entry['nodes']:
            rolled[name] = entry

    for name, entry in rolled.items():
        entry['after'] = sorted(_touched_before(name, after, set(rolled)))

    if verb == 'update':
        _refuse_new_releases(plan, rolled)

    return {
        'version': 1, 'plan': plan, 'verb': verb, 'stack': cloud.stack_id,
        'roles': list(cloud.role_data),
        'services': rolled,
        'unchanged': sorted(set(services) - set(rolled)),
        'unmanaged': sorted({name for names in cloud.unmanaged.values()
                             for name in names}),
        'not_here': not_here,
    }


def is_reached(node: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the record says that a node has what the document wants.

    :param node: of the document.
    :param known: of the record; a node that was replaced under the same
        name, and so is another server, has nothing yet.
    """
    return bool(known.get('revision') == node['wanted']
                and known.get('server_id') == node['server_id'])


def facts_of(node: Mapping[str, Any]) -> dict[str, str]:
    """What every step on a node learns from its environment."""
    return {'NODE_NAME': str(node['name']),
            'NODE_ROLE': str(node['role']),
            'NODE_INDEX': str(node['index']),
            'NODE_ADDRESS': str(node['address'])}


def refuse_unknown(cloud: stack_cloud.Cloud, known: Iterable[str],
                   plan: str) -> None:
    """Refuse an ``after`` that names a service no template defines.

    :param known: the names that the plan's templates define.
    :raises InvalidInput: a name is not among them.
    """
    services = _services(cloud)
    names = {*known, *services}

    for service in services.values():
        for name in service.first['after']:
            if name not in names:
                raise exceptions.InvalidInput(
                    f'lifecycle.after: no template of the plan defines a '
                    f'service named {name}.',
                    "Correct the name in the service's template.",
                    plan=plan, service=service.name, field='lifecycle.after')


def _services(cloud: stack_cloud.Cloud) -> dict[str, Service]:
    services: dict[str, Service] = {}

    for role, role_services in cloud.role_data.items():
        nodes = [node for node in cloud.nodes.values() if node.role == role]
        nodes.sort(key=lambda node: node.index)

        for name, role_data in role_services.items() if nodes else ():
            service = services.setdefault(name, Service(name))
            service.lifecycles[role] = lifecycle_format.parse(
                name, role_data['lifecycle'])
            service.nodes.extend(nodes)

    return services


def _dependencies(services: Mapping[str, Service]
                  ) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    after = {}
    not_here = {}

    for name, service in services.items():
        wanted = {other for lifecycle in service.lifecycles.values()
                  for other in lifecycle['after']}
        after[name] = wanted & set(services)

        if wanted - after[name]:
            not_here[name] = sorted(wanted - after[name])

    return after, not_here


def _refuse_cycles(plan: str, after: Mapping[str, set[str]]) -> None:
    try:
        graphlib.TopologicalSorter(after).prepare()
    except graphlib.CycleError as error:
        circle = ' → '.join(reversed(error.args[1]))

        raise exceptions.InvalidInput(
            f'lifecycle.after: services wait for each other in a circle: '
            f'{circle}.', 'Remove one of these dependencies.',
            plan=plan, field='lifecycle.after') from None


def _entry(service: Service, state: Mapping[str, Any], key: bytes
           ) -> dict[str, Any]:
    recorded = state.get('nodes', {})
    parts = {role: revision.parts(lifecycle, key)
             for role, lifecycle in service.lifecycles.items()}
    nodes = {}

    for node in service.nodes:
        known = recorded.get(node.name, {})
        base = known if known.get('server_id') == node.server_id else {}
        entry = dataclasses.asdict(node)
        wanted = revision.revision(service.name, parts[node.role],
                                   facts_of(entry), key)

        if base.get('revision') != wanted:
            nodes[node.name] = {
                **entry, 'base': base.get('revision'), 'wanted': wanted,
                'from_release': base.get('release'),
                'why': _why(base, parts[node.role])}

    fresh = not any(known.get('revision') for known in recorded.values())
    lifecycles = {role: {**lifecycle_format.without_secrets(lifecycle),
                         'parts': parts[role]}
                  for role, lifecycle in service.lifecycles.items()}

    return {'release': service.first['release'],
            'from_releases': sorted({node['from_release'] for node
                                     in nodes.values()
                                     if node['from_release']}),
            'lifecycle': lifecycles, 'nodes': nodes,
            'batches': _batches(list(nodes), len(service.nodes),
                                service.first['policy'], fresh)}


def _why(base: Mapping[str, Any], parts: Mapping[str, str]) -> str:
    if base.get('revision') is None:
        return 'not rolled yet'

    if base['revision'] == revision.UNFINISHED:
        return 'an earlier roll did not end'

    if base['release'] != parts['release']:
        return f'release {base["release"]} → {parts["release"]}'

    changed = [part for part, value in parts.items()
               if base.get('parts', {}).get(part) != value]

    return f'{" and ".join(changed or ["the node"])} changed'


def _batches(nodes: list[str], total: int, policy: Mapping[str, Any],
             fresh: bool) -> list[list[str]]:
    size = policy['batch']

    if isinstance(size, str):
        size = max(1, math.floor(total * int(size.rstrip('%')) / 100))

    rest = nodes

    if fresh and policy['initial'] == 'all':
        return [nodes] if nodes else []

    first: list[list[str]] = []

    if fresh and policy['initial'] == 'bootstrap_first':
        first, rest, size = [nodes[:1]], nodes[1:], max(1, len(nodes) - 1)
    elif fresh:
        size = 1

    return first + [rest[start:start + size]
                    for start in range(0, len(rest), size)]


def _touched_before(name: str, after: Mapping[str, set[str]],
                    touched: set[str]) -> set[str]:
    # An untouched service passes its own dependencies on.
    found: set[str] = set()
    seen: set[str] = set()
    queue = list(after[name])

    while queue:
        other = queue.pop()

        if other in touched:
            found.add(other)
        elif other not in seen:
            seen.add(other)
            queue.extend(after[other])

    return found


def _refuse_new_releases(plan: str, rolled: Mapping[str, Any]) -> None:
    for name, entry in rolled.items():
        for node in entry['nodes'].values():
            if node['from_release'] not in (None, entry['release']):
                raise exceptions.InvalidInput(
                    f'verb: an update stays within a release, and this one '
                    f'would bring {name} from {node["from_release"]} to '
                    f'{entry["release"]}.',
                    'Preview it with verb=upgrade, or set the release back.',
                    plan=plan, service=name, field='verb')
