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

"""The light service: one role, two nodes, three steps of at most a second."""

import contextlib
import functools
import pathlib

from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.undercloud import nodes as local_nodes

PLAN = 'light'
SERVICE = 'light'
NAMES = [f'{PLAN}-node-0', f'{PLAN}-node-1']
#: The steps in their order, with what each says about running twice.
STEPS = {'stop': False, 'configure': True, 'start': False}

OWN = pathlib.Path(__file__).with_name('plan')
#: What the plan shares with the sample: nothing that is about a service.
SHARED = ('capabilities-map.yaml', 'common/services.role.j2.yaml',
          'overcloud.j2.yaml', 'role.role.j2.yaml')


class Light:
    """What the harness does to the light service, through the APIs."""

    def __init__(self):
        self.cloud = functional_cloud.Cloud()
        self.clients = self.cloud.clients
        self.state = self.cloud.state
        self.record = operation_record.Record(self.clients.swift, PLAN)

    def root(self, node):
        """The root directory of a node."""
        return self.cloud.node(node).root

    def deploy(self):
        """Deploy it, or bring what an earlier run left to a good state."""
        local_nodes.add(self.state, NAMES, functional_cloud.SUBNET)
        sync.synchronise(self.clients, workbooks.load())

        if PLAN in self._plans():
            self.abort()
        else:
            plan = store.PlanStore(self.clients.swift, PLAN)
            plan.create()
            plan.write(self._files())
            self.cloud.run(
                'tripleo.plan_management.v1.create_deployment_plan',
                container=PLAN)

        self.cloud.run('tripleo.deployment.v1.deploy_plan', container=PLAN)

    def preview(self, token):
        """Change the parameter that rolls the service, and preview.

        :returns: the digest of the rollout.
        """
        self.cloud.set_parameters(PLAN, LightToken=token)
        rollout = self.cloud.run('tripleo.upgrade.v1.preview', plan=PLAN)

        if (rollout['services'], rollout['nodes']) != (1, len(NAMES)):
            raise AssertionError(f'The rollout is not the one that was '
                                 f'meant:\n{rollout["tree"]}')

        return rollout['digest']

    def start(self, digest):
        """Start the upgrade; its execution is the operation's id."""
        return self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                digest=digest)

    def resume(self, **inputs):
        """Start to go on with what was left open."""
        return self.cloud.start('tripleo.operation.v1.resume', plan=PLAN,
                                **inputs)

    def abort(self):
        """Give up what is open, if anything is."""
        with contextlib.suppress(functional_cloud.ExecutionFailed):
            self.cloud.run('tripleo.operation.v1.abort', plan=PLAN,
                           take_over=True)

    def _plans(self):
        return [row['name'] for row
                in self.clients.swift.get_account(full_listing=True)[1]]

    def _files(self):
        shared = store.read_directory(functional_cloud.SAMPLE)
        files = {**{name: shared[name] for name in SHARED},
                 **store.read_directory(OWN)}
        nodes = [node for node in local_nodes.listing(self.state)
                 if node.name in NAMES]
        files[environment.FILE] = environment.dump(
            environment.merge_parameters(
                environment.load(files),
                local_nodes.port_map(nodes)['parameter_defaults']))

        return files


@functools.cache
def deployed():
    """The light service of this run, deployed at the first call."""
    light = Light()
    light.deploy()

    return light
