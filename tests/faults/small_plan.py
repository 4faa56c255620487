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

"""A small plan of a test's own, on nodes of its own."""

import contextlib

from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.undercloud import nodes as local_nodes

#: What the plans share with the sample: nothing that is about a service.
SHARED = ('capabilities-map.yaml', 'common/services.role.j2.yaml',
          'overcloud.j2.yaml', 'role.role.j2.yaml')


class SmallPlan:
    """What tests do to a plan of their own, through the APIs.

    :param name: of the plan.
    :param own: the directory of its files.
    :param nodes: names of the nodes that it is deployed on.
    :param shared: files that it has from the sample.
    """

    def __init__(self, name, own, nodes, shared=SHARED):
        self.name = name
        self.nodes = nodes
        self._own = own
        self._shared = shared
        self.cloud = functional_cloud.Cloud()
        self.clients = self.cloud.clients
        self.state = self.cloud.state
        self.record = operation_record.Record(self.clients.swift, name)

    def root(self, node):
        """The root directory of a node."""
        return self.cloud.node(node).root

    def deploy(self):
        """Deploy it, or bring what an earlier run left to a good state."""
        local_nodes.add(self.state, self.nodes, functional_cloud.SUBNET)
        sync.synchronise(self.clients, workbooks.load())

        if self.name in self._plans():
            self.abort()
        else:
            plan = store.PlanStore(self.clients.swift, self.name)
            plan.create()
            plan.write(self._files())
            self.cloud.run(
                'tripleo.plan_management.v1.create_deployment_plan',
                container=self.name)

        self.cloud.run('tripleo.deployment.v1.deploy_plan',
                       container=self.name)

    def start(self, digest):
        """Start the upgrade; its execution is the operation's id."""
        return self.cloud.start('tripleo.upgrade.v1.run', plan=self.name,
                                digest=digest)

    def resume(self, **inputs):
        """Start to go on with what was left open."""
        return self.cloud.start('tripleo.operation.v1.resume',
                                plan=self.name, **inputs)

    def abort(self):
        """Give up what is open, if anything is."""
        with contextlib.suppress(functional_cloud.ExecutionFailed):
            self.cloud.run('tripleo.operation.v1.abort', plan=self.name,
                           take_over=True)

    def _plans(self):
        return [row['name'] for row
                in self.clients.swift.get_account(full_listing=True)[1]]

    def _files(self):
        shared = store.read_directory(functional_cloud.SAMPLE)
        files = {**{name: shared[name] for name in self._shared},
                 **store.read_directory(self._own)}
        nodes = [node for node in local_nodes.listing(self.state)
                 if node.name in self.nodes]
        files[environment.FILE] = environment.dump(
            environment.merge_parameters(
                environment.load(files),
                local_nodes.port_map(nodes)['parameter_defaults']))

        return files
