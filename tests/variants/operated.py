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

"""A plan that tests operate, and what its nodes tell about it."""

import signal
from concurrent import futures

import yaml

from tests import waiting
from tests.faults import logs
from tests.faults import small_plan
from tests.faults import targets
from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.plan import environment
from tripleo_workflows.stack import stacks
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import supervision

#: Longer than anything takes on the slowest machine: what takes longer hangs.
PATIENCE_SECONDS = 240


class OperatedPlan(small_plan.SmallPlan):
    """What an operator does with a plan."""

    #: Which service is meant where none is named.
    service = ''

    def settle(self):
        """Give up what an earlier test has left open."""
        _, holder, opened = lifetime.find(self.clients, self.record)

        if opened or lock.state_of(self.clients.mistral, holder.root
                                   ) in lock.HOLDING_STATES:
            self.abort()

    def set_hooks(self, hooks):
        """Write the hooks of the plan's environment."""
        _, text = self.clients.swift.get_object(self.name, environment.FILE)
        content = yaml.safe_load(text)

        if content.get('lifecycle_hooks', []) != hooks:
            content['lifecycle_hooks'] = hooks
            self.clients.swift.put_object(self.name, environment.FILE,
                                          environment.dump(content))

    def preview(self, verb='upgrade', selected=None, **parameters):
        """Change parameters of the plan, and preview."""
        if parameters:
            self.cloud.set_parameters(self.name, **parameters)

        return self.cloud.run('tripleo.upgrade.v1.preview', plan=self.name,
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
        return self.cloud.run(f'tripleo.operation.v1.{verb}', plan=self.name,
                              **inputs)

    def closed(self, operation):
        """How an operation was closed, None where it is open."""
        return self.record.get(f'{operation}/closed.json')

    def unit(self, operation, name, service=None):
        """What the record holds of a unit's steps."""
        fence, _ = lock.current(self.clients.mistral, self.name)

        return self.record.batch(operation_record.Operation(
            operation, self.name, fence, 1, ''), service or self.service, name)

    def kill_mistral(self):
        """Kill Mistral, and wait until it is back."""
        targets.kill_service(self.state, 'mistral')
        targets.wait_until_ready(self.state)

    def cut_off(self, node):
        """Let a node lose its power, and not come back by itself."""
        root = self.root(node)
        program = f'node-{node}'
        supervisor = supervision.Supervisor(self.state)
        # What is frozen runs no longer, and does not obey when it is asked to
        # stop either. Who was asked is not started again when it dies.
        targets.send(signal.SIGSTOP, node_boot.processes(root))

        with futures.ThreadPoolExecutor(1) as beside:
            removing = beside.submit(supervisor.remove, program)
            waiting.wait_for(
                lambda: supervisor.states().get(program) != 'RUNNING')
            targets.send(signal.SIGKILL, node_boot.processes(root))
            removing.result()

        node_boot.end_processes(root)

    def bring_back(self, node):
        """Switch a node on, and wait for its agent."""
        local_nodes.add(self.state, [node], functional_cloud.SUBNET)
        targets.wait_for_nodes(self)

    def change_stack(self, **parameters):
        """Change the stack's parameters without the plan knowing of it."""
        heat = self.clients.heat
        stack = stacks.get(heat, self.name)
        heat.stacks.update(self.name, existing=True, environment={
            'parameter_defaults': parameters})

        while not stacks.wait(heat, stack['id'], stack['marker'])['done']:
            """It waits for a slice of time."""

    def ran(self, operation, service=None, node=None):
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
                and entry['key']['service'] == (service or self.service)]

    def times(self, operation, event, service=None):
        """When things happened to steps on nodes, in epoch seconds.

        :returns: lists of (step, node, time).
        """
        return [(entry['key']['step'], node, entry['time'])
                for node in self.nodes for entry
                in logs.Journal(self.root(node)).entries(operation)
                if entry['event'] == event
                and entry['key']['service'] == (service or self.service)]

    def wait_for(self, operation, node, step, event='started'):
        """Wait until a step of an operation was started on a node."""
        return logs.Journal(self.root(node)).wait(
            operation, step, PATIENCE_SECONDS, event)
