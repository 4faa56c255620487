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

"""How long a rollout takes in two orders, simulated: ours, and lock-step.

*Ours* is the order of the rollout's document, as it is compiled to workflows:
a phase begins when those before it in its workflow have ended; its batches
follow each other, and so do the steps of a batch. A step is over when the
slowest of its nodes has ended. Steps of different services run side by side,
on one node too, as the runner on the nodes lets them; of one service a node
carries out one step at a time. Each task of the workflows costs
:data:`ENGINE_SECONDS` before its work begins, also where its service has no
such step, and so does each sub-workflow.

*Lock-step* is the predecessor's: steps 0 to 5, each a barrier over all
services and roles. All nodes of a role go together, without batches, and a
node carries out what its services have in a step one after the other, as one
playbook does. The engine costs nothing.

The *critical path* is the longest way through the phases in our order, with
the batches that the policies ask for, where the engine costs nothing and any
number of services may run at once.

Time is counted in seconds from dispatch to the known result, and drawn for
each step of a service and each node; the same in all three.
"""

import graphlib
import pathlib
import random
import sys
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import yaml

from tests.bench import report as bench_report
from tripleo_workflows.pack import workbooks
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import units
from tripleo_workflows.stack import cloud as stack_cloud

#: What a task of a workflow costs, beside its work: the target of the
#: embedded undercloud, which is above what was measured.
ENGINE_SECONDS = 0.3
SAMPLE = pathlib.Path(__file__, '../../../samples/overcloud').resolve()
SEED = 5

#: In which of the predecessor's steps its tasks do what ours does: checks,
#: stop, packages, start, migrations.
LOCK_STEPS = (('check', 'backup'), ('drain',), ('stop',),
              ('stage', 'package'), ('configure', 'start', 'reload'),
              ('expand', 'verify', 'undrain', 'gate', 'migrate', 'contract',
               'cleanup'))
#: Between which seconds the steps of a large cloud's services take.
DRAWN = {'check': (1, 5), 'stage': (10, 60), 'backup': (5, 60),
         'expand': (5, 60), 'drain': (2, 30), 'stop': (1, 10),
         'package': (10, 90), 'configure': (2, 15), 'start': (3, 45),
         'verify': (1, 5), 'undrain': (1, 5), 'gate': (1, 5),
         'migrate': (5, 60), 'contract': (2, 30), 'cleanup': (1, 5)}
#: The same in the sample, whose services are small.
SMALL = dict.fromkeys(DRAWN, (0.8, 2.5))

#: Layers of a large cloud: name, role, how many services, and after which.
LAYERS = (('base', 'Controller', 4, ''), ('identity', 'Controller', 1, 'base'),
          ('api', 'Controller', 15, 'identity'),
          ('worker', 'Controller', 7, 'api'), ('agent', 'Compute', 8, 'api'),
          ('storage', 'Storage', 5, 'base'))

Document = dict[str, Any]
#: Seconds of a step of a service on a node.
Times = Callable[[str, str, str], float]


def run(report: bench_report.Report) -> None:
    """Compare the orders on the sample and on a graph of 40 services."""
    random_numbers = random.Random(SEED)  # noqa: S311
    for name, cloud, seconds, factor in (
            ('sample', sample_cloud, SMALL, 0.0),
            ('graph', lambda release: large_cloud(release, SEED), DRAWN,
             2.0)):
        document = upgrade(cloud)
        times = drawn(random_numbers, seconds)
        shortest = critical_path(document, times)
        ours, down = simulate(document, times, ENGINE_SECONDS)
        theirs, down_theirs = lock_step(document, times)
        print(f'{name}: critical path {shortest:.0f} s, ours {ours:.0f} s, '
              f'lock-step {theirs:.0f} s, in which services had no node for '
              f'{down_theirs:.0f} s together', file=sys.stderr, flush=True)
        report(f'makespan.{name}.ratio', ours / shortest, 'critical paths',
               1.15)
        report(f'makespan.{name}.factor', theirs / ours, 'times faster',
               factor, 'min')
        report(f'makespan.{name}.down', down, 's without a node', 0)


def drawn(numbers: random.Random, between: Mapping[str, tuple[float, float]]
          ) -> Times:
    """Draw times: for each step of a service, and a little for each node."""
    known: dict[tuple[str, ...], float] = {}

    def seconds(service: str, step: str, node: str) -> float:
        for key, (low, high) in (((service, step), between[step]),
                                 ((service, step, node), (0.9, 1.1))):
            if key not in known:
                known[key] = numbers.uniform(low, high)

        return known[service, step] * known[service, step, node]

    return seconds


def upgrade(cloud: Callable[[str], stack_cloud.Cloud]) -> Document:
    """The document that brings a cloud from release 1 to release 2.

    :param cloud: describes it at a release.
    """
    request = rollout_document.Request('overcloud', 'upgrade')
    before = rollout_document.compute(cloud('1'), request, {}, b'key')
    states = {name: {
        'release': '1', 'phase': 'finished',
        'nodes': {node: {'revision': known['wanted'], 'release': '1',
                         'parts': entry['lifecycle'][
                             before['nodes'][node]['role']]['parts'],
                         'server_id': before['nodes'][node]['server_id']}
                  for node, known in entry['nodes'].items()}}
        for name, entry in before['services'].items()}

    return rollout_document.compute(cloud('2'), request, states, b'key')


def sample_cloud(release: str) -> stack_cloud.Cloud:
    """The sample, with the steps of its templates and nothing in them."""
    roles = yaml.safe_load((SAMPLE / 'roles_data.yaml').read_text())
    found = {}

    for path in (SAMPLE / 'deployment').glob('*/*.yaml'):
        role_data = yaml.safe_load(path.read_text())['outputs']['role_data'][
            'value']
        found[role_data['service_name'].replace('_', '').lower()] = role_data

    return _cloud({role['name']: role['CountDefault'] for role in roles}, {
        role['name']: {
            (data := found[name.rpartition(':')[2].lower()])['service_name']:
            {'lifecycle': _skeleton(data['lifecycle'], release)}
            for name in role['ServicesDefault']} for role in roles})


def _skeleton(lifecycle: Mapping[str, Any], release: str) -> dict[str, Any]:
    """A lifecycle's order and steps, which do nothing."""
    kept = {key: lifecycle[key] for key in ('after', 'policy')
            if key in lifecycle}
    check = [{'name': 'answers', 'http': {'url': 'http://192.0.2.1/'}}]

    for phase in ('prepare', 'roll', 'finish'):
        kept[phase] = {
            step: check if step in lifecycle_format.CHECK_STEPS
            else {'script': release,
                  **({'on': content['on']} if 'on' in content else {})}
            for step, content in lifecycle.get(phase, {}).items()}

    return {**kept, 'release': release,
            **({'gate': check} if 'gate' in lifecycle else {})}


def large_cloud(release: str, seed: int) -> stack_cloud.Cloud:
    """40 services, each after two of the layer that its own one is after."""
    numbers = random.Random(seed)  # noqa: S311
    counts = {'Controller': 3, 'Compute': 20, 'Storage': 5}
    services: dict[str, dict[str, Any]] = {role: {} for role in counts}
    names: dict[str, list[str]] = {'': []}

    for layer, role, size, before in LAYERS:
        names[layer] = [f'{layer}_{number}' for number in range(size)]

        for name in names[layer]:
            after = numbers.sample(names[before], min(2, len(names[before])))
            services[role][name] = {'lifecycle': _drawn_lifecycle(
                numbers, release, sorted(after), role)}

    return _cloud(counts, services)


def _drawn_lifecycle(numbers: random.Random, release: str, after: list[str],
                     role: str) -> dict[str, Any]:
    # What serves the cloud itself goes node by node, the others by quarters.
    steps = {phase: {step: {'script': release} for step in names
                     if numbers.random() < 0.6}
             for phase, names in (('prepare', ('stage', 'backup', 'expand')),
                                  ('finish', ('migrate', 'contract')))}
    check = [{'name': 'answers', 'http': {'url': 'http://192.0.2.1/'}}]

    return {'release': release, 'after': after, 'gate': check,
            'policy': {'batch': 1 if role == 'Controller' else '25%'},
            'roll': {**{step: {'script': release} for step in (
                'drain', 'stop', 'package', 'configure', 'start')},
                'verify': check, 'undrain': {'script': release}}, **steps}


def _cloud(counts: Mapping[str, int], services: Mapping[str, dict[str, Any]]
           ) -> stack_cloud.Cloud:
    nodes = {name: stack_cloud.Node(name, f'id-{name}', role, index,
                                    f'192.0.2.{index}')
             for role, count in counts.items() for index in range(count)
             for name in [f'{role.lower()}-{index}']}

    return stack_cloud.Cloud('stack', nodes, dict(services), {})


class _Outage:
    """For how long services have no node, while all of them are changed."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], float] = {}
        self._ended: dict[tuple[str, str], float] = {}

    def note(self, service: str, node: str, step: str, begun: float,
             ended: float) -> None:
        if step == 'stop':
            self._begun[service, node] = begun
        elif step == 'start':
            self._ended[service, node] = ended

    def seconds(self) -> float:
        """Together, over the services that have more than one node."""
        nodes: dict[str, list[str]] = {}

        for service, node in self._begun:
            nodes.setdefault(service, []).append(node)

        return sum(max(0.0, min(self._ended[service, node] for node in names)
                       - max(self._begun[service, node] for node in names))
                   for service, names in nodes.items() if len(names) > 1)


def simulate(document: Document, times: Times, engine: float
             ) -> tuple[float, float]:
    """Our order, as the rollout is compiled to workflows.

    :param engine: seconds that each task costs.
    :returns: the makespan, and the seconds for which services had no node.
    """
    compiled = graph.compile_workflows(document, 'rollout')
    tasks = {name: yaml.safe_load(text)[name]['tasks']
             for name, text in compiled.items()}
    outage = _Outage()

    def workflow(name: str, at: float) -> float:
        ended: dict[str, float] = {}

        for task in graphlib.TopologicalSorter(
                _before(tasks[name])).static_order():
            before = _before(tasks[name])[task]
            begun = max((ended[other] for other in before), default=at)
            # A task of its own, and the workflow that it starts.
            begun += 2 * engine
            called = tasks[name][task]['workflow']
            ended[task] = (
                workflow(called, begun) if called in tasks else
                _phase(document, task, begun, times, engine, outage))

        return max(ended.values(), default=at)

    return workflow('rollout', 0.0), outage.seconds()


def _before(tasks: Mapping[str, Any]) -> dict[str, set[str]]:
    before: dict[str, set[str]] = {name: set() for name in tasks}

    for name, task in tasks.items():
        for other in task.get('on-success', []):
            before[other].add(name)

    return before


def _phase(document: Document, name: str, at: float, times: Times,
           engine: float, outage: _Outage) -> float:
    """When a phase ends that begins at a time."""
    service, _, phase = name.rpartition('.')
    entry = document['services'][service]
    rolls = phase == lifecycle_format.ROLL

    for unit in units.of_phase(entry, phase):
        # Asking for the batch, and the workflow that carries it out.
        at += (3 if rolls else 0) * engine
        at += engine * _TASKS['batch' if rolls else phase]
        at = _unit(document, service, unit, at, times, outage)

    # After the last batch it is asked for another one.
    return at + (2 if rolls else 0) * engine


def _unit(document: Document, service: str, unit: str, at: float,
          times: Times, outage: _Outage) -> float:
    members = _members(document, service, unit)

    for step in units.steps_of_unit(unit):
        ended = at

        for node, member in members.items():
            if step in member.steps:
                until = at + times(service, step, node)
                outage.note(service, node, step, at, until)
                ended = max(ended, until)

        at = ended

    return at


def _members(document: Document, service: str, unit: str) -> units.Members:
    # Nothing leaves here, so no stored lifecycle is asked for.
    return units.members(document, service, unit, lambda digest: {})


def critical_path(document: Document, times: Times) -> float:
    """The longest way through the phases, where the engine costs nothing."""
    before = graph.phases(document)
    ended: dict[str, float] = {}

    for name in graphlib.TopologicalSorter(before).static_order():
        ended[name] = _phase(document, name, max(
            (ended[other] for other in before[name]), default=0.0), times,
            0.0, _Outage())

    return max(ended.values())


def lock_step(document: Document, times: Times) -> tuple[float, float]:
    """The predecessor's order; returns what :func:`simulate` does."""
    work = [(service, node, step)
            for service, entry in document['services'].items()
            for phase in lifecycle_format.PHASES
            for unit in units.of_phase(entry, phase)
            if phase != lifecycle_format.LEAVE
            for node, member in _members(document, service, unit).items()
            for step in member.steps]
    outage = _Outage()
    at = 0.0

    for names in LOCK_STEPS:
        busy = dict.fromkeys(document['nodes'], at)

        for service, node, step in work:
            if step in names:
                begun = busy[node]
                busy[node] += times(service, step, node)
                outage.note(service, node, step, begun, busy[node])

        at = max(busy.values(), default=at)

    return at, outage.seconds()


def _success_path(workflow: Mapping[str, Any]) -> int:
    """How many tasks a workflow has where nothing fails."""
    tasks = workflow['tasks']
    found: set[str] = set()
    waiting = [next(iter(tasks))]

    while waiting:
        name = waiting.pop()

        if name not in found:
            found.add(name)
            following = tasks[name].get('on-success', [])
            waiting += [other if isinstance(other, str) else next(iter(other))
                        for other in ([following] if isinstance(
                            following, str) else following)]

    return len(found)


_TASKS = {name: _success_path(workflow) for name, workflow in yaml.safe_load(
    workbooks.load()['tripleo.rollout.v1'])['workflows'].items()}
