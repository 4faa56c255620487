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

"""Clouds to compute rollouts for, and what a record keeps of them."""

import copy

from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import states
from tripleo_workflows.rollout import units
from tripleo_workflows.stack import cloud as stack_cloud

PLAN = 'overcloud'
KEY = b'key'


def script(text='true', **more):
    return {'script': text, **more}


def http(name='serves', url='http://192.0.2.1/'):
    return {'name': name, 'http': {'url': url}}


def lifecycle(release='1', after=(), package='install', **more):
    """Role data of a service that is rolled by four steps.

    :param more: other keys of the lifecycle; those of its policy stand
        among them.
    """
    rules = {key: more.pop(key) for key in list(more)
             if key in lifecycle_format.schema.POLICY_FIELDS}
    roll = {'drain': script('drain'), 'stop': script('stop'),
            'package': script(package), 'start': script('start'),
            **more.pop('roll', {})}

    return {'lifecycle': {'release': release, 'after': after
                          if isinstance(after, dict) else list(after),
                          'policy': rules, 'roll': roll, **more}}


def cloud(services, first_id=0, **counts):
    """A stack with so many nodes of each role, three controllers if none.

    :param services: role data by role, then by service.
    :param first_id: tells the servers of one stack from those of another.
    :param counts: numbers of nodes by role, in small letters.
    """
    nodes = {}
    counts = {'controller': 3, **counts}

    for number, role in enumerate(services):
        for index in range(counts.get(role.lower(), 0)):
            name = f'{role.lower()}-{index}'
            nodes[name] = stack_cloud.Node(
                name, f'id-{first_id}-{name}', role, index,
                f'127.1.{number}.{index}')

    return stack_cloud.Cloud('stack-id', nodes, copy.deepcopy(services), {
        role: ['legacy'] if role == 'Controller' else [] for role in services})


class Kept:
    """What a record keeps of a plan, without the objects around it."""

    def __init__(self):
        self.states = {}
        self.lifecycles = {}

    def compute(self, services, verb='upgrade', first_id=0, policies=None,
                hooks=(), down=(), selected=None, **counts):
        return self.compute_for(
            cloud(services, first_id, **counts), rollout_document.Request(
                PLAN, verb, policies or {}, hooks, down, selected or {}))

    def compute_for(self, described, request):
        """The rollout of a cloud over what is kept."""
        return rollout_document.compute(described, request, self.states, KEY,
                                        self.lifecycles)

    def deploy(self, services, **more):
        """Compute a rollout and carry it out to its end."""
        document = self.compute(services, **more)
        self.carry_out(document)

        return document

    def carry_out(self, document, chosen=None):
        """Note what units of a document have reached, as their ends do.

        :param chosen: ``(service, unit)``, in an order that the document
            allows; None: all.
        """
        for service, unit in (all_units(document) if chosen is None
                              else chosen):
            state = self.states.setdefault(service, {})
            self._end(document, service, unit, state)

            if not state:
                del self.states[service]

    def _end(self, document, service, unit, state):
        entry = document['services'][service]
        members = units.members(document, service, unit,
                                self.lifecycles.__getitem__)

        if unit == units.LEAVE:
            states.leave(state, members)
        elif unit == units.PREPARE:
            states.prepare(state, entry)
        elif unit == units.FINISH:
            states.finish(state, entry)
        else:
            kept = {}

            for name, member in members.items():
                kept[name] = revision.digest(member.lifecycle)
                self.lifecycles[kept[name]] = member.lifecycle

            states.reach(state, members, kept, 1)
            states.roll_on(state, entry, states.open_nodes(
                document, service, state, ()))


def units_of(document, service):
    """The units of a service, in their order."""
    entry = document['services'][service]

    return [unit for phase in difference.phases_of(entry) for unit in (
        [str(number) for number in range(1, len(entry['batches']) + 1)]
        if phase == lifecycle_format.ROLL else [phase])]


def all_units(document):
    """The units of all services, each behind what it waits for."""
    waiting = [(service, unit) for service in document['services']
               for unit in units_of(document, service)]
    ended = []

    while waiting:
        ready = next((service, unit) for service, unit in waiting
                     if may_begin(document, service, unit, ended))
        waiting.remove(ready)
        ended.append(ready)

    return ended


def may_begin(document, service, unit, ended):
    """Whether all that a unit waits for is among those that have ended."""
    entry = document['services'][service]
    own = units_of(document, service)
    before = {(service, other) for other in own[:own.index(unit)]}
    phase = lifecycle_format.ROLL if units.is_batch(unit) else unit

    for other in entry['after'][phase]:
        name, _, wanted = other.rpartition('.')
        before |= {(name, known) for known in units_of(document, name)
                   if known == wanted or (wanted == lifecycle_format.ROLL
                                          and units.is_batch(known))}

    return before <= {*ended}
