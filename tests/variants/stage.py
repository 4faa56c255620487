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

"""The stage: three services on two nodes, which a test lets go wrong.

``store`` serves, ``front`` comes after it, and ``other`` has nothing to do
with either. A file on a node makes a step fail or hang there, or the store
answer what it should not.
"""

import functools
import ipaddress
import json
import pathlib
import shutil
import time
import urllib.request

import yaml

from tests.faults import logs
from tests.faults import small_plan
from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.plan import environment
from tripleo_workflows.stack import stacks
from tripleo_workflows.undercloud import nodes as local_nodes

PLAN = 'stage'
NODES = [f'{PLAN}-node-0', f'{PLAN}-node-1']
FIRST, SECOND = NODES
STORE, FRONT, OTHER = 'store', 'front', 'other'
PORT = 8070

OWN = pathlib.Path(__file__).with_name('plan')
SHARED = (*small_plan.SHARED, 'deployment/common/start.sh',
          'deployment/common/stop.sh')

#: What tests change; each begins with these.
PARAMETERS = {
    'StoreAddress': str(ipaddress.ip_network(functional_cloud.SUBNET)[-2]),
    'StorePolicy': {'canary': 1, 'batch': '100%', 'check_timeout': 2},
    'StoreReversible': True, 'StoreApprove': False,
    'NodeServices': 'OS::TripleO::Services::Store,'
                    'OS::TripleO::Services::Front,'
                    'OS::TripleO::Services::Other'}
#: Longer than anything takes on the slowest machine: what takes longer hangs.
PATIENCE_SECONDS = 240


class Stage(small_plan.SmallPlan):
    """What tests do to the stage."""

    def __init__(self):
        super().__init__(PLAN, OWN, NODES, SHARED)

    def _files(self):
        files = super()._files()
        files[environment.FILE] = environment.dump(
            environment.merge_parameters(environment.load(files),
                                         PARAMETERS))

        return files

    def deploy(self):
        """Deploy it, and let nothing go wrong that an earlier run left."""
        for node in local_nodes.listing(self.state):
            shutil.rmtree(node.root / 'steer', ignore_errors=True)

        super().deploy()

    def set_up(self):
        """Bring it to a good state, whatever an earlier test has left."""
        for node in self.nodes:
            self.repair(node)

        _, holder, opened = lifetime.find(self.clients, self.record)

        if opened or lock.state_of(self.clients.mistral, holder.root
                                   ) in lock.HOLDING_STATES:
            self.abort()

        rollout = self.preview(**PARAMETERS)

        if rollout['services']:
            self.run(rollout)

    def set_hooks(self, hooks):
        """Write the hooks of the plan's environment."""
        _, text = self.clients.swift.get_object(PLAN, environment.FILE)
        content = yaml.safe_load(text)

        if content.get('lifecycle_hooks', []) != hooks:
            content['lifecycle_hooks'] = hooks
            self.clients.swift.put_object(PLAN, environment.FILE,
                                          environment.dump(content))

    def preview(self, verb='upgrade', selected=None, **parameters):
        """Change parameters of the plan, and preview."""
        if parameters:
            self.cloud.set_parameters(PLAN, **parameters)

        return self.cloud.run('tripleo.upgrade.v1.preview', plan=PLAN,
                              verb=verb, selected=selected or {})

    def run(self, rollout):
        """Run what was previewed to its end; the summary."""
        return self.wait(self.start(rollout['digest']))

    def rest(self, execution):
        """Wait until an execution no longer runs; its state then."""
        return self.cloud.leave(execution, ('IDLE', 'RUNNING'),
                                PATIENCE_SECONDS).state

    def wait(self, execution):
        """Wait for an operation's execution; its summary."""
        return self.cloud.wait(execution, PATIENCE_SECONDS)['summary']

    def error_of(self, execution):
        """Wait for an execution to fail; the text with which it did."""
        try:
            summary = self.cloud.wait(execution, PATIENCE_SECONDS)
        except functional_cloud.ExecutionFailed as error:
            return str(error)

        raise AssertionError(f'It succeeded: {summary}')

    def do(self, verb, **inputs):
        """Let an operator do something to the open operation."""
        return self.cloud.run(f'tripleo.operation.v1.{verb}', plan=PLAN,
                              **inputs)

    def closed(self, operation):
        """How an operation was closed, None where it is open."""
        return self.record.get(f'{operation}/closed.json')

    def unit(self, operation, name, service=STORE):
        """What the record holds of a unit's steps."""
        fence, _ = lock.current(self.clients.mistral, PLAN)

        return self.record.batch(operation_record.Operation(
            operation, PLAN, fence, 1, ''), service, name)

    def change_stack(self, **parameters):
        """Change the stack's parameters without the plan knowing of it."""
        heat = self.clients.heat
        stack = stacks.get(heat, PLAN)
        heat.stacks.update(PLAN, existing=True, environment={
            'parameter_defaults': parameters})

        while not stacks.wait(heat, stack['id'], stack['marker'])['done']:
            """It waits for a slice of time."""

    def steer(self, node, step, script):
        """Let a step on a node begin with a script.

        :param step: as in ``store.package``.
        """
        self._put(node, step, script)

    def let_answer(self, node, release, **statuses):
        """Let a release of the store on a node answer with statuses.

        :param statuses: lists by ``health``, ``items`` (of writes) and
            ``front`` (what the gate asks).
        """
        requests = {'health': 'GET /health', 'items': 'POST /items',
                    'front': 'GET /'}
        self._put(node, f'answers-{release}.json', json.dumps(
            {requests[name]: value for name, value in statuses.items()}))

    def _put(self, node, name, text):
        place = self.root(node) / 'steer'
        place.mkdir(exist_ok=True)
        (place / name).write_text(text)

    def repair(self, node):
        """Let nothing go wrong on a node any more."""
        shutil.rmtree(self.root(node) / 'steer', ignore_errors=True)

    def serving(self):
        """By node, the release of the store that takes a write there."""
        return {node: self.write(node) for node in self.nodes}

    def write(self, node):
        """Write into the store on a node; the release that took it."""
        url = f'http://{self.cloud.node(node).address}:{PORT}/items'

        try:
            with urllib.request.urlopen(url, b'written by a test',
                                        timeout=5) as answer:
                return json.load(answer)['release']
        except OSError:
            return None

    def ran(self, operation, service=STORE, node=None):
        """The steps of a service that nodes were through, in their order.

        :returns: (unit, step, status) of one node; by node without one.
        """
        if node is None:
            return {name: self.ran(operation, service, name)
                    for name in self.nodes}

        return [(entry['key']['batch'], entry['key']['step'],
                 entry['result']['status'])
                for entry in logs.Journal(self.root(node)).entries(operation)
                if entry['event'] == 'done'
                and entry['key']['service'] == service]

    def times(self, operation, event, service=STORE):
        """When things happened to steps on nodes, in epoch seconds.

        :returns: lists of (step, node, time).
        """
        return [(entry['key']['step'], node, entry['time'])
                for node in self.nodes for entry
                in logs.Journal(self.root(node)).entries(operation)
                if entry['event'] == event
                and entry['key']['service'] == service]

    def wait_for(self, operation, node, step, event='started'):
        """Wait until a step of an operation was started on a node."""
        return logs.Journal(self.root(node)).wait(
            operation, step, PATIENCE_SECONDS, event)


def other_release():
    """A release that the store never had."""
    return str(time.time_ns())


@functools.cache
def deployed():
    """The stage of this run, deployed at the first call."""
    stage = Stage()
    stage.deploy()

    return stage
