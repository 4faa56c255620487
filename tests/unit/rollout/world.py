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

"""A plan whose rollouts are carried out on nodes in memory."""

import dataclasses

import fixtures

from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import compensation
from tripleo_workflows.rollout import ending
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import steps
from tripleo_workflows.rollout import stored
from tripleo_workflows.rollout import units

START = 1_800_000_000.0


class Clock(fixtures.Fixture):
    """A time that passes while somebody sleeps, and at no other moment."""

    def _setUp(self):
        self.now = START
        self.useFixture(fixtures.MonkeyPatch('time.time', lambda: self.now))
        self.useFixture(fixtures.MonkeyPatch('time.sleep', self.sleep))

    def sleep(self, seconds):
        self.now += seconds


class Nodes:
    """Nodes that answer at once: ``done``, unless told otherwise."""

    def __init__(self):
        #: ``node step`` in the order in which it was sent, each once.
        self.sent = []
        #: Everything about each: unit, step, node, attempt and fence.
        self.requests = []
        #: By node and step, what is answered; a list: one after the other.
        self.replies = {}
        #: Nodes that answer nothing.
        self.silent = set()
        self.cleaned = []
        self.removed = []
        self.answered_with = {}

    def send(self, step, targets, until=None):
        sent = {}

        for target in targets:
            key = (step.prefix, target.name)
            self.requests.append((step.batch, step.step, target.name,
                                  step.attempt, step.fence))
            sent[target.name] = {'config': step.prefix + target.name,
                                 'deployment': 'd'}

            if key not in self.answered_with:
                self.sent.append(f'{target.name} {step.step}')

            if key not in self.answered_with and (
                    target.name not in self.silent):
                self.answered_with[key] = {
                    'seconds': 1.0, 'status_code': 0, 'output': '',
                    **self._reply(target.name, step.step)}

        return sent

    def _reply(self, node, step):
        reply = self.replies.get((node, step), 'done')

        if isinstance(reply, list):
            reply = reply.pop(0) if reply else 'done'

        return {'status': reply} if isinstance(reply, str) else reply

    def answered(self, step):
        names = {name for prefix, name in self.answered_with
                 if prefix == step.prefix}

        return names, dict.fromkeys(names)

    def answers(self, step, nodes, listed=None):
        return {name: self.answered_with[step.prefix, name] for name in nodes
                if (step.prefix, name) in self.answered_with}

    def remove_some(self, nodes):
        return False

    def clean(self, prefix, sent, keep=()):
        self.cleaned.append(prefix)
        self.removed += [ids['config'] for ids in sent]


class World(fixtures.Fixture):
    """One plan, its record, its nodes, and an operation that is carried out.

    :param nodes: how many controllers there are.
    """

    def __init__(self, nodes=2):
        super().__init__()
        self._count = nodes
        self.kept = plans.Kept()
        #: Names of checks that fail, asked from the undercloud.
        self.failing = set()
        self.operation = None

    def _setUp(self):
        self.clock = self.useFixture(Clock())
        self.nodes = Nodes()
        self.clients = fakes.Clients()
        # Asked for the values of secrets only.
        self.clients.heat = None
        self.record = operation_record.Record(self.clients.swift, plans.PLAN)
        self.clients.swift.put_container(self.record.container)
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.deployments.delivery.Dispatcher',
            lambda clients, container: self.nodes))
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.checks.runner.run_all', self._run_all))

    def _run_all(self, checks, facts):
        node = facts.get('NODE_NAME', '')

        return [contract.CheckResult(
            check['name'], contract.Code.FAILURE if {
                check['name'], f'{check["name"]} {node}'} & self.failing
            else contract.Code.SUCCESS, 'said no', 'Look at it.', node=node)
            for check in checks]

    def names(self):
        return [f'controller-{number}' for number in range(self._count)]

    def compute(self, services, **more):
        return self.kept.compute({'Controller': services},
                                 controller=self._count, **more)

    def begin(self, before=None, *, verb='upgrade', **services):
        """Begin to roll services, over what was deployed before, if given."""
        if before:
            self.kept.carry_out(self.compute(before))

        for lifecycle in self.kept.lifecycles.values():
            stored.save(self.record, lifecycle)

        self.record.put('state/1/base.json', self.kept.states)
        self.document = self.compute(services, verb=verb)
        digest = revision.digest(self.document)
        self.record.put(f'documents/{digest}.json', self.document)
        self.operation = operation_record.Operation(
            'operation', plans.PLAN, 1, 1, digest, root='root-1')
        self._lock('root-1')

    def _lock(self, root):
        self.clients.mistral.executions.states[root] = 'RUNNING'
        lock.acquire(self.clients.mistral, plans.PLAN, lock.Holder(
            root, 'operation', 'upgrade', 'ann', lock.now()), take_over=True)

    def decide(self, kind, reason='because', **details):
        decisions.decide(self.clients, plans.PLAN, 'operation', kind, 'bob',
                         reason, **details)

    def go_on(self, retry=False):
        """Go on under the next fence, whatever stopped the operation."""
        fence = self.operation.fence + 1
        root = f'root-{fence}'
        self.decide('go_on', fence=fence, retry_failed=retry)
        self._lock(root)
        self.operation = dataclasses.replace(self.operation, fence=fence,
                                             root=root)

    def unit(self, name='1', service='web'):
        return steps.Unit(self.clients, self.operation, service, name)

    def step(self, step, name='1', service='web', seconds=20.0):
        return self.unit(name, service).run(step, seconds)

    def carry_out(self, name='1', service='web'):
        """Do what the workflows do with a unit.

        :returns: why the operation waits, if it does.
        """
        try:
            for step in units.steps_of_unit(name):
                answer = self.until_done(
                    lambda step=step: self.step(step, name, service))

                if 'held' in answer:
                    return answer['held']
        except exceptions.TripleoError:
            if units.is_batch(name):
                self.compensate(name, service)

            raise

        self.finish(name, service)

        return None

    def compensate(self, name='1', service='web'):
        return self.until_done(lambda: compensation.compensate(
            self.clients, self.operation, service, name))

    def finish(self, name='1', service='web'):
        return self.until_done(lambda: ending.finish(
            self.clients, self.operation, service, name))

    def roll(self, service='web'):
        """Do what the workflow of a roll does."""
        while (name := ending.next_batch(self.clients, self.operation,
                                         service)) is not None:
            if held := self.carry_out(name, service):
                return held

        return None

    def run(self, service='web'):
        """Carry out a whole service, until it waits for something."""
        for unit in plans.units_of(self.document, service):
            held = (self.roll(service) if unit == '1' else None
                    if units.is_batch(unit)
                    else self.carry_out(unit, service))

            if held:
                return held

        return None

    def until_done(self, act):
        while True:
            answer = act()

            if answer['done'] or 'held' in answer:
                return answer

    def state(self, service='web'):
        return self.record.state(self.operation.fence, service)

    def release_of(self, node='controller-0', service='web'):
        """What a node has: its release, or ``unfinished`` or None."""
        known = self.state(service).get('nodes', {}).get(node, {})

        return (known.get('revision') if known.get('revision') in (
            None, revision.UNFINISHED) else known['release'])

    def statuses(self, step, name='1', service='web'):
        return {node: known['status'] for node, known in self.record.batch(
            self.operation, service, name)[step]['nodes'].items()}


def web(release='1', **more):
    """A service with a step of each kind that a batch has."""
    return plans.lifecycle(release, **{
        'gate': [plans.http('gate')], **more, 'roll': {
            'verify': [plans.http('verify')], 'undrain': plans.script(),
            **more.get('roll', {})}})


FORWARD = [step for step in lifecycle_format.STEPS[lifecycle_format.ROLL]
           if step not in ('reload', 'configure', 'verify', 'gate')]
