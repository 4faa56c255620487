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

"""What the record keeps of a service: its nodes, its release, its phase.

A state is ``{release, phase, nodes, after, history, barred, failed}``:

``nodes``
    by name: ``revision``, ``release``, ``parts``, ``lifecycle`` (digest of
    the stored one), ``server_id`` and ``fence``
``phase``
    how far the service is with its release: ``prepared``, ``rolled`` or
    ``finished``
``history``
    the releases that were finished, the newest last
``barred``
    those of them to which there is no way back
``failed``
    nodes that an operation went on without: by name, ``operation``, ``unit``,
    ``step``, ``status`` and ``halted``, whether the service is stopped there
"""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import units

State = dict[str, Any]
Entry = Mapping[str, Any]


def leave_revisions(state: State, members: units.Members, fence: int
                    ) -> None:
    """Note that nodes leave what they were.

    Should their batch never end, they are rolled again, even where the plan
    goes back to what they had.
    """
    nodes = state.setdefault('nodes', {})

    for name, member in members.items():
        known = nodes.get(name, {})

        if known.get('server_id') != member.facts['server_id']:
            # It was replaced, and has nothing of what it was.
            known = {}

        nodes[name] = {
            **known, 'server_id': member.facts['server_id'], 'fence': fence,
            # A node that never had one still goes its first way.
            'revision': (revision.UNFINISHED if known.get('revision')
                         else None)}


def reach(state: State, members: units.Members,
          lifecycles: Mapping[str, str], fence: int) -> None:
    """Note that nodes have what they were rolled to.

    :param lifecycles: by node, the digest of the stored lifecycle.
    """
    nodes = state.setdefault('nodes', {})

    for name, member in members.items():
        nodes[name] = {**(member.completes or {}),
                       'lifecycle': lifecycles[name],
                       'server_id': member.facts['server_id'],
                       'fence': fence}
        state.get('failed', {}).pop(name, None)


def prepare(state: State, entry: Entry) -> None:
    """Note that a service is prepared for the release of a document."""
    # What changes within a release does not lead it back to its begin.
    if entry['moves']:
        state.update(release=entry['release'], phase='prepared')


def roll_on(state: State, entry: Entry, missing: Iterable[str]) -> None:
    """Note how far a service is after one of its batches.

    :param missing: names of the document's nodes that still have to be
        rolled; see :func:`open_nodes`.
    """
    state['release'] = entry['release']
    state['after'] = {
        phase: sorted(names) for phase, names in lifecycle_format.after_of(
            entry['lifecycle'].values()).items()}

    if not all(lifecycle['reversible'] for lifecycle
               in entry['lifecycle'].values()):
        _bar(state)

    if not entry['moves']:
        return

    if list(missing) or entry['left_undone']:
        state['phase'] = 'prepared'
    elif entry['steps'][lifecycle_format.FINISH]:
        state['phase'] = 'rolled'
    else:
        finish(state, entry)


def _bar(state: State) -> None:
    """Note that there is no way back to the releases before this one."""
    state['barred'] = [known for known in state.get('history', [])
                       if known != state['release']]


def finish(state: State, entry: Entry) -> None:
    """Note that a service has come to the end of its release."""
    release = entry['release']
    state.update(
        release=release, phase=difference.FINISHED,
        history=[*(known for known in state.get('history', [])
                   if known != release), release])

    if any(units.says(entry, step, 'point_of_no_return')
           for step in entry['steps'][lifecycle_format.FINISH]):
        _bar(state)


def leave(state: State, members: Iterable[str]) -> None:
    """Note that a service has left nodes."""
    for name in members:
        state.get('nodes', {}).pop(name, None)

    if not state.get('nodes'):
        state.clear()


def fail(state: State, operation: str, unit: str,
         fallen: Mapping[str, Mapping[str, Any]], halted: Iterable[str]
         ) -> None:
    """Note the nodes that an operation goes on without.

    :param fallen: by name, ``step`` and ``status``.
    :param halted: names of those on which the service is stopped.
    """
    stopped = set(halted)

    for name, known in fallen.items():
        state.setdefault('failed', {})[name] = {
            'operation': operation, 'unit': unit, 'step': known['step'],
            'status': known['status'], 'halted': name in stopped}


def failed_in(state: State, operation: str) -> dict[str, dict[str, Any]]:
    """The nodes that an operation goes on without, by name."""
    return {name: known for name, known in state.get('failed', {}).items()
            if known['operation'] == operation}


def open_nodes(document: Mapping[str, Any], service: str, state: State,
               passed: Iterable[str]) -> list[str]:
    """Nodes of the document that still have to be rolled.

    :param passed: names of those that the operation goes on without.
    """
    without = set(passed)
    known = state.get('nodes', {})

    return [name for name, node
            in document['services'][service]['nodes'].items()
            if name not in without and not rollout_document.is_reached(
                document['nodes'][name], node, known.get(name, {}))]
