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

"""A node that loses its power while its service is stopped."""

import os
import signal

from tests.faults import targets
from tests.functional import cloud as functional_cloud
from tests.scenario.variants import case
from tests.scenario.variants import stage
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import supervision

#: It waits once, on one node; after that it does nothing.
WAIT = """\
[ "$NODE_NAME" != {node} ] || [ -e "$NODE_ROOT/waited" ] || {{
    touch "$NODE_ROOT/waited"
    sleep 60
}}
"""


class NodeTestCase(case.VariantTestCase):

    def cut_off(self, node):
        """Let a node lose its power."""
        root = self.stage.root(node)

        for number in node_boot.processes(root):
            os.kill(number, signal.SIGKILL)

        supervision.Supervisor(self.stage.state).remove(f'node-{node}')
        node_boot.end_processes(root)

    def bring_back(self, node):
        """Switch a node on, and wait for its agent."""
        local_nodes.add(self.stage.state, [node], functional_cloud.SUBNET)
        targets.wait_for_nodes(self.stage)

    def test_a_node_dies_between_stop_and_start(self):
        dead = stage.SECOND
        (self.stage.root(dead) / 'waited').unlink(missing_ok=True)
        self.stage.set_hooks([{
            **self.hook(WAIT.format(node=dead), before='package'),
            'idempotent': True, 'timeout': 120}])

        # Its load balancer is gone with it, and a Placement that nobody has
        # drained; its Keystone is not missed.
        with self.unnoticed([stage.FIRST, stage.THIRD], stage.KEYSTONE):
            operation = self.stage.start(
                self.stage.preview('update')['digest'])
            self.stage.wait_for(operation, dead, 'before-package-other')
            self.cut_off(dead)
            self.bring_back(dead)
            # It came up with what it ran before, which is not what it is
            # to run.
            before = self.stage.process(dead).create_time()
            self.stage.wait(operation)

        self.assertGreater(self.stage.process(dead).create_time(), before)
        self.assert_nothing_left()
