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

"""What a service wants and what is recorded of it: the difference."""

import dataclasses
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Set
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import policy
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import wanted

Entry = dict[str, Any]
State = Mapping[str, Any]

#: How far a service is with its release, as its state has it.
FINISHED = 'finished'
#: What is wanted of a service on a node that it leaves.
LEFT = 'left'


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What an entry depends on beside its service.

    :param key: of the revisions; see :func:`revision.load_key`.
    :param nodes: facts of all nodes of the cloud, by name.
    :param down: names of the nodes that do not answer.
    :param role_limits: ``max_unavailable`` by role, where there is one.
    :param lifecycles: those that were stored, by their digests.
    """

    plan: str
    key: bytes
    nodes: Mapping[str, Mapping[str, Any]]
    down: frozenset[str] = frozenset()
    role_limits: Mapping[str, int | str] = dataclasses.field(
        default_factory=dict)
    lifecycles: Mapping[str, lifecycle_format.Lifecycle] = dataclasses.field(
        default_factory=dict)


def facts_of(node: Mapping[str, Any]) -> dict[str, str]:
    """What every step on a node learns from its environment."""
    return {'NODE_NAME': str(node['name']),
            'NODE_ROLE': str(node['role']),
            'NODE_INDEX': str(node['index']),
            'NODE_ADDRESS': str(node['address'])}


def entry(service: wanted.Service, state: State, around: Surroundings,
          chosen: Set[str] | None = None) -> Entry:
    """What a rollout does to a service that the cloud wants.

    :param state: what the record knows of it, ``{}`` where nothing.
    :param chosen: the nodes that the caller selected; None: all.
    :raises InvalidInput: the lifecycle or the policy does not allow it.
    """
    parts = {role: revision.parts(lifecycle, around.key)
             for role, lifecycle in service.lifecycles.items()}
    bases = _bases(service, state)
    nodes = _nodes(service, bases, around, parts)
    fresh = not any(base.get('revision') for base in bases.values())
    gone, stays = _leaving(state, around, bases, chosen)
    left = sorted(name for name in nodes
                  if chosen is not None and name not in chosen)
    skipped = {name: 'does not answer' for name in nodes
               if name in around.down and name not in left
               and service.first['policy']['unreachable'] == 'skip'}
    rolled = {name: node for name, node in nodes.items()
              if name not in skipped and name not in left}
    _refuse_release(service, state, nodes, around.plan)

    return {
        'release': service.first['release'],
        'from_releases': sorted({node['from_release'] for node
                                 in nodes.values() if node['from_release']}),
        'lifecycle': {
            role: {**lifecycle_format.without_secrets(lifecycle),
                   'parts': parts[role]}
            for role, lifecycle in service.lifecycles.items()},
        'members': [node.name for node in service.nodes],
        'bootstrap': next((node.name for node in service.nodes
                           if node.name not in around.down),
                          service.nodes[0].name),
        'nodes': rolled, 'skipped': skipped,
        'left_undone': sorted({*left, *stays}),
        'batches': _batches(service, rolled, around, fresh),
        'moves': _moves(service.first, state, fresh),
        'steps': _no_steps() if nodes and not rolled else _steps(
            service.first, state, bool(rolled), fresh, bool(left or stays)),
        'seconds': state.get('seconds', {}), 'leaving': gone,
    }


def leaving_entry(state: State, around: Surroundings,
                  chosen: Set[str] | None = None) -> Entry:
    """What a rollout does to a service that the cloud wants no more."""
    gone, stays = _leaving(state, around, (), chosen)

    return {'release': state.get('release', ''), 'from_releases': [],
            'lifecycle': {}, 'members': [], 'bootstrap': '', 'nodes': {},
            'skipped': {}, 'left_undone': stays, 'batches': [],
            'moves': False, 'steps': _no_steps(),
            'seconds': state.get('seconds', {}), 'leaving': gone}


def _leaving(state: State, around: Surroundings, members: Collection[str],
             chosen: Set[str] | None
             ) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The nodes that a service leaves, with the lifecycle it has there.

    :param members: names of the nodes on which it is wanted.
    :returns: those that were chosen, and the names of the others.
    """
    gone = {name: {'lifecycle': known.get('lifecycle'),
                   'from_release': known.get('release'),
                   'why': 'the service is no longer wanted there'}
            for name, known in sorted(state.get('nodes', {}).items())
            if known.get('revision') and name not in members
            and around.nodes.get(name, {}).get('server_id')
            == known.get('server_id')}
    stays = [name for name in gone
             if chosen is not None and name not in chosen]

    return {name: node for name, node in gone.items()
            if name not in stays}, stays


def has_part(entry: Mapping[str, Any]) -> bool:
    """Whether a service has something to do, or is to be told about."""
    return bool(phases_of(entry) or entry['skipped'] or entry['left_undone'])


def phases_of(entry: Mapping[str, Any]) -> list[str]:
    """The phases of a service in which there is something to do."""
    return [phase for phase, work in (
        (lifecycle_format.LEAVE, entry['leaving']),
        (lifecycle_format.PREPARE, entry['steps']['prepare']),
        (lifecycle_format.ROLL, entry['batches']),
        (lifecycle_format.FINISH, entry['steps']['finish'])) if work]


def _bases(service: wanted.Service, state: State) -> dict[str, State]:
    """What is recorded of the servers that a service is wanted on."""
    recorded = state.get('nodes', {})
    found = {}

    for node in service.nodes:
        known = recorded.get(node.name, {})
        # One that was replaced under the same name has nothing.
        found[node.name] = (known if known.get('server_id') == node.server_id
                            else {})

    return found


def _nodes(service: wanted.Service, bases: Mapping[str, State],
           around: Surroundings, parts: Mapping[str, Mapping[str, str]]
           ) -> dict[str, Entry]:
    inputs = _Inputs(around.lifecycles)
    nodes = {}

    for node in service.nodes:
        base = bases[node.name]
        aim = revision.revision(service.name, parts[node.role],
                                facts_of(around.nodes[node.name]),
                                around.key)

        if base.get('revision') != aim:
            lifecycle = service.lifecycles[node.role]
            changed = _changed(base, parts[node.role])
            nodes[node.name] = {
                'base': base.get('revision'), 'wanted': aim,
                'from_release': base.get('release'),
                'back': base.get('lifecycle'),
                'why': _why(base, parts[node.role], changed, inputs.of(
                    base.get('lifecycle'), lifecycle)),
                'way': _way(base, lifecycle, changed)}

    return nodes


class _Inputs:
    """Which inputs of a step have changed; the same for many nodes."""

    def __init__(self, lifecycles: Mapping[str, lifecycle_format.Lifecycle]):
        self._lifecycles = lifecycles
        self._known: dict[tuple[str, int], dict[str, str]] = {}

    def of(self, digest: str | None, lifecycle: lifecycle_format.Lifecycle
           ) -> dict[str, str]:
        """By step, what of it differs from a stored lifecycle."""
        if digest is None or digest not in self._lifecycles:
            return {}

        key = digest, id(lifecycle)

        if key not in self._known:
            self._known[key] = {
                step: _differences(
                    step, self._lifecycles[digest]['steps'].get(step, {}),
                    lifecycle['steps'].get(step, {}), lifecycle['secrets'])
                for step in lifecycle_format.REVISION_STEPS}

        return self._known[key]


def _differences(step: str, before: Mapping[str, Any],
                 after: Mapping[str, Any], secrets: list[str]) -> str:
    values = before.get('inputs', {}), after.get('inputs', {})
    names = [name for name in dict.fromkeys((*values[1], *values[0]))
             if name not in secrets
             and values[0].get(name) != values[1].get(name)]
    names += [kind for kind in schema.KINDS
              if before.get(kind) != after.get(kind)]

    return f'{step} ({", ".join(names)})' if names else step


def _changed(base: State, parts: Mapping[str, str]) -> list[str]:
    before = base.get('parts', {})

    return [part for part in dict.fromkeys((*parts, *before))
            if parts.get(part) != before.get(part)]


def _why(base: State, parts: Mapping[str, str], changed: list[str],
         inputs: Mapping[str, str]) -> str:
    if base.get('revision') is None:
        return 'not rolled yet'

    if base['revision'] == revision.UNFINISHED:
        return 'an earlier roll did not end'

    if base['release'] != parts['release']:
        return f'release {base["release"]} → {parts["release"]}'

    return ' and '.join(inputs.get(part, part)
                        for part in changed or ['the node']) + ' changed'


def _way(base: State, lifecycle: lifecycle_format.Lifecycle,
         changed: list[str]) -> str:
    if base.get('revision') is None:
        return lifecycle_format.FIRST

    reloads = (base['revision'] != revision.UNFINISHED and changed
               and 'reload' in lifecycle['steps']
               and revision.changed_steps(lifecycle, changed)
               == {'configure'})

    return lifecycle_format.RELOAD if reloads else lifecycle_format.WHOLE


def _batches(service: wanted.Service, rolled: Mapping[str, Entry],
             around: Surroundings, fresh: bool) -> list[list[str]]:
    rules = service.first['policy']

    if fresh:
        return policy.first_batches(list(rolled), rules)

    if not rolled:
        return []

    return policy.batches(list(rolled), len(service.nodes), rules,
                          _room(service, rolled, around))


def _room(service: wanted.Service, rolled: Mapping[str, Entry],
          around: Surroundings) -> int:
    """How many nodes at once may be taken out of service."""
    total = len(service.nodes)
    out = sum(node.name in around.down for node in service.nodes)
    value = service.first['policy']['max_unavailable']
    limits = [(f'policy.max_unavailable ({value})',
               policy.amount(value, total) - out, out)]

    for role in service.lifecycles:
        if role in around.role_limits:
            names = [name for name, facts in around.nodes.items()
                     if facts['role'] == role]
            out = len(around.down.intersection(names))
            value = around.role_limits[role]
            limits.append((
                f'lifecycle_policy.roles.{role}.max_unavailable ({value})',
                policy.amount(value, len(names)) - out, out))

    field, room, out = min(limits, key=lambda limit: limit[1])

    if room < 1 and any(node['way'] == lifecycle_format.WHOLE
                        for node in rolled.values()):
        raise exceptions.InvalidInput(
            f'{field} leaves no room for a batch, even of one node; {out} '
            f'nodes are out of service already.',
            'Raise it, or bring the nodes back first.', plan=around.plan,
            service=service.name, field=field.partition(' ')[0])

    return max(1, room)


def _moves(lifecycle: lifecycle_format.Lifecycle, state: State, fresh: bool
           ) -> bool:
    """Whether a service has not come to the end of its release yet."""
    return fresh or (state.get('release'), state.get('phase')) != (
        lifecycle['release'], FINISHED)


def _no_steps() -> dict[str, list[str]]:
    return {lifecycle_format.PREPARE: [], lifecycle_format.FINISH: []}


def _steps(lifecycle: lifecycle_format.Lifecycle, state: State, rolls: bool,
           fresh: bool, left: bool) -> dict[str, list[str]]:
    moves = _moves(lifecycle, state, fresh)
    pending = (not rolls and moves and not fresh
               and state.get('release') == lifecycle['release'])

    def wanted_steps(phase: str) -> list[str]:
        return [step for step in lifecycle_format.STEPS[phase]
                if step in lifecycle['steps'] and (
                    moves or step not in lifecycle_format.RELEASE_STEPS)]

    prepare = wanted_steps(lifecycle_format.PREPARE)
    finish = wanted_steps(lifecycle_format.FINISH)

    if pending:
        # Its nodes are rolled, and only the end is missing.
        prepare = [step for step in prepare if step == 'backup' and any(
            lifecycle['steps'][step].get('point_of_no_return')
            for step in finish)]
    elif not rolls:
        return _no_steps()

    if fresh:
        prepare = [step for step in prepare if step not in ('check',
                                                            'backup')]

    return {lifecycle_format.PREPARE: prepare,
            lifecycle_format.FINISH: [] if left else finish}


def _refuse_release(service: wanted.Service, state: State,
                    nodes: Mapping[str, Entry], plan: str) -> None:
    lifecycle = service.first
    release = lifecycle['release']
    where = {'plan': plan, 'service': service.name}

    for name, node in nodes.items():
        before = node['from_release']

        if before in (None, release):
            continue

        if lifecycle['from'] is not None and before not in lifecycle['from']:
            raise exceptions.InvalidInput(
                f'lifecycle.from: release {release} can come from '
                f'{", ".join(lifecycle["from"])}, and the node has {before}.',
                'Go through one of these releases first.', **where,
                node=name, field='lifecycle.from')

        if release in state.get('barred', []):
            raise exceptions.InvalidInput(
                f'lifecycle.reversible: there is no way back from release '
                f'{before} to {release}.',
                f'Set the release to {before} or a newer one.', **where,
                node=name, field='lifecycle.reversible')
