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
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import hooks as site_hooks
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import order
from tripleo_workflows.rollout import selection
from tripleo_workflows.rollout import wanted
from tripleo_workflows.stack import cloud as stack_cloud

Document = dict[str, Any]

UNDEPLOY = 'undeploy'
VERBS = ('deploy', 'update', 'upgrade', 'scale', UNDEPLOY)


@dataclasses.dataclass(frozen=True)
class Request:
    """What a rollout is computed for, beside the cloud and its record.

    :param policies: ``lifecycle_policy`` of the plan environment.
    :param hooks: ``lifecycle_hooks`` of the plan environment.
    :param down: names of the nodes that do not answer.
    :param selected: names by ``services``, ``roles`` and ``nodes``, of what
        is to be rolled; an empty list selects all.
    """

    plan: str
    verb: str
    policies: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hooks: Sequence[site_hooks.Hook] = ()
    down: Sequence[str] = ()
    selected: selection.Selected = dataclasses.field(default_factory=dict)


def compute(cloud: stack_cloud.Cloud, request: Request,
            states: Mapping[str, Mapping[str, Any]], key: bytes,
            lifecycles: Mapping[str, lifecycle_format.Lifecycle] | None = None
            ) -> Document:
    """Compute the rollout of a cloud.

    :param states: what the record knows of each service; see
        :meth:`tripleo_workflows.operation.record.Record.states`.
    :param key: of the revisions; see :func:`revision.load_key`.
    :param lifecycles: those that were stored, by their digests, to tell
        which inputs have changed.
    :returns: a document in JSON's types, without the values of secrets.
        Equal inputs give equal documents.
    :raises InvalidInput: a lifecycle breaks its format, services depend on
        each other in a circle, or the verb, a policy or the selection does
        not allow what is wanted.
    """
    plan = request.plan

    if request.verb not in VERBS:
        raise exceptions.InvalidInput(
            f'verb: {request.verb!r} is not one of {", ".join(VERBS)}.',
            'Give one of them.', plan=plan, field='verb')

    services = {} if request.verb == UNDEPLOY else wanted.services(
        cloud, request.policies.get('services'), request.hooks)
    around = difference.Surroundings(
        plan, key, {name: dataclasses.asdict(node)
                    for name, node in cloud.nodes.items()},
        frozenset(request.down), {
            role: rules['max_unavailable'] for role, rules
            in request.policies.get('roles', {}).items()
            if 'max_unavailable' in rules}, lifecycles or {})
    before, not_here = order.graph(_after(services, states), plan)
    _keep_apart(before, services, around.role_limits)
    chosen = selection.Chosen(request.selected, around.nodes,
                              [*services, *states], plan)
    entries = {name: entry for name, entry in _entries(
        services, states, around, chosen) if difference.has_part(entry)}
    _refuse_verb(plan, request.verb, entries)
    chosen.refuse_gaps(before, entries)
    rolled = chosen.keep(entries)
    _set_after(rolled, before)
    names = {name for entry in rolled.values()
             for name in (*entry['members'], *entry['leaving'])}

    return {
        'version': 2, 'plan': plan, 'verb': request.verb,
        'stack': cloud.stack_id, 'roles': list(cloud.role_data),
        'nodes': {name: around.nodes[name] for name in sorted(names)},
        'services': rolled,
        'unchanged': sorted(set(services) - set(entries)),
        'left_undone': chosen.left_undone(entries),
        'unmanaged': sorted({name for names in cloud.unmanaged.values()
                             for name in names}),
        'not_here': not_here,
        'down': sorted(set(request.down)),
        'selected': {kind: sorted(names) for kind, names
                     in sorted(request.selected.items()) if names},
    }


def is_reached(facts: Mapping[str, Any], node: Mapping[str, Any],
               known: Mapping[str, Any]) -> bool:
    """Whether the record says that a node has what the document wants.

    :param facts: of the node, in the document.
    :param node: of a service, in the document.
    :param known: of the record; a node that was replaced under the same
        name, and so is another server, has nothing yet.
    """
    return bool(known.get('revision') == node['wanted']
                and known.get('server_id') == facts['server_id'])


def touched(document: Mapping[str, Any]) -> set[str]:
    """Names of all nodes of which a service is rolled, or removed."""
    return {name for entry in document['services'].values()
            for name in (*entry['nodes'], *entry['leaving'])}


def concerned(document: Mapping[str, Any], service: str) -> set[str]:
    """Names of the nodes on which a service has something to do."""
    entry = document['services'][service]
    once = [entry['bootstrap']] if any(entry['steps'].values()) else []
    # Where only the end is missing, all nodes may have a part in it.
    everywhere = entry['members'] if once and not entry['nodes'] else []

    return {*entry['nodes'], *entry['leaving'], *once, *everywhere}


def _after(services: Mapping[str, wanted.Service],
           states: Mapping[str, Mapping[str, Any]]
           ) -> dict[str, Mapping[str, Iterable[str]]]:
    # A service that is no longer wanted leaves in the order that it had.
    return {**{name: state.get('after', {})
               for name, state in states.items() if state.get('nodes')},
            **{name: service.after for name, service in services.items()}}


def _keep_apart(before: order.Graph, services: Mapping[str, wanted.Service],
                role_limits: Iterable[str]) -> None:
    for role in sorted(role_limits):
        order.one_after_the_other(before, {
            name for name, service in services.items()
            if role in service.lifecycles})


def _entries(services: Mapping[str, wanted.Service],
             states: Mapping[str, Mapping[str, Any]],
             around: difference.Surroundings, chosen: selection.Chosen
             ) -> Iterable[tuple[str, difference.Entry]]:
    for name in sorted({*services, *states}):
        state = states.get(name, {})
        yield name, (difference.entry(services[name], state, around,
                                      chosen.nodes)
                     if name in services
                     else difference.leaving_entry(state, around,
                                                   chosen.nodes))


def _set_after(rolled: Mapping[str, difference.Entry], before: order.Graph
               ) -> None:
    phases = {order.phase_name(name, phase): (name, phase)
              for name, entry in rolled.items()
              for phase in difference.phases_of(entry)}
    nearest = order.nearest(before, phases)

    for entry in rolled.values():
        entry['after'] = {}

    for phase_name, (service, phase) in phases.items():
        rolled[service]['after'][phase] = sorted(nearest[phase_name])


def _refuse_verb(plan: str, verb: str,
                 entries: Mapping[str, difference.Entry]) -> None:
    for name, entry in entries.items():
        for node_name, node in entry['nodes'].items():
            before = node['from_release']

            if verb == 'update' and before not in (None, entry['release']):
                raise exceptions.InvalidInput(
                    f'verb: an update stays within a release, and this one '
                    f'would bring {name} from {before} to '
                    f'{entry["release"]}.',
                    'Preview it with verb=upgrade, or set the release back.',
                    plan=plan, service=name, field='verb')

            if verb == 'scale' and node['way'] != lifecycle_format.FIRST:
                raise exceptions.InvalidInput(
                    f'verb: scaling brings services to new nodes only, and '
                    f'this would roll {name} ({node["why"]}).',
                    'Preview it with verb=update or verb=upgrade.',
                    plan=plan, service=name, node=node_name, field='verb')
