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

"""Rolling a part of what is to be done, and saying what that leaves."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import order

#: Names by ``services``, ``roles`` and ``nodes``; what is missing or empty
#: selects all.
Selected = Mapping[str, Sequence[str]]
KINDS = ('services', 'roles', 'nodes')


class Chosen:
    """What a selection means in a cloud.

    :param nodes: facts of the cloud's nodes, by name.
    :param services: names of all its services.
    :raises InvalidInput: it names what the cloud does not have.
    """

    def __init__(self, selected: Selected,
                 nodes: Mapping[str, Mapping[str, Any]],
                 services: Iterable[str], plan: str):
        self._plan = plan
        self._services = set(selected.get('services') or services)
        known = {'services': set(services), 'nodes': set(nodes),
                 'roles': {node['role'] for node in nodes.values()}}

        for kind in selected:
            unknown = set(selected[kind]) - known.get(kind, set())

            if kind not in KINDS or unknown:
                raise exceptions.InvalidInput(
                    f'selected.{kind}: this cloud has no '
                    f'{", ".join(sorted(unknown)) or "such thing"}.',
                    f'Choose among {", ".join(sorted(known.get(kind, KINDS)))}'
                    f'.', plan=plan, field=f'selected.{kind}')

        roles, names = selected.get('roles'), selected.get('nodes')
        #: Names of the selected nodes; None for all.
        self.nodes = {name for name, node in nodes.items()
                      if (not roles or node['role'] in roles)
                      and (not names or name in names)} if (
                          roles or names) else None

    def keep(self, entries: Mapping[str, difference.Entry]
             ) -> dict[str, difference.Entry]:
        """The entries that are selected and have something left to do."""
        return {name: entry for name, entry in entries.items()
                if name in self._services and (
                    difference.phases_of(entry) or entry['skipped'])}

    def left_undone(self, entries: Mapping[str, difference.Entry]
                    ) -> dict[str, list[str]]:
        """By service, the nodes that stay as they are."""
        kept = self.keep(entries)

        return {name: entry['left_undone'] if name in kept
                else sorted({*entry['nodes'], *entry['leaving'],
                             *entry['left_undone']})
                for name, entry in entries.items()
                if name not in kept or entry['left_undone']}

    def refuse_gaps(self, before: order.Graph,
                    entries: Mapping[str, difference.Entry]) -> None:
        """Refuse a selection that leaves out what something waits for.

        :raises InvalidInput: says which phase waits for which.
        """
        kept = self.keep(entries)
        done = {order.phase_name(name, phase): name
                for name, entry in kept.items()
                for phase in difference.phases_of(entry)}
        missing = {order.phase_name(name, phase): name
                   for name, entry in entries.items()
                   for phase in _missing(entry, name in kept)}
        nearest = order.nearest(before, {*done, *missing})

        for phase, name in done.items():
            gaps = [other for other in nearest[phase] if other in missing
                    and missing[other] != name]

            if gaps:
                raise exceptions.InvalidInput(
                    f'selected: {phase} waits for {", ".join(sorted(gaps))}, '
                    f'which the selection leaves undone.',
                    'Select that too.', plan=self._plan, service=name,
                    field='selected')


def _missing(entry: difference.Entry, is_kept: bool) -> set[str]:
    """The phases of a service to whose end the selection does not come."""
    found = set() if is_kept else {*difference.phases_of(entry)}

    # Where nodes are left out, the roll is not over.
    return found | ({lifecycle_format.ROLL, lifecycle_format.FINISH}
                    if entry['left_undone'] else set())
