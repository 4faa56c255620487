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

from tests.scenario.variants import case
from tests.scenario.variants import stage

#: It waits once, on one node; after that it does nothing.
WAIT = """\
[ "$NODE_NAME" != {node} ] || [ -e "$NODE_ROOT/waited" ] || {{
    touch "$NODE_ROOT/waited"
    sleep 60
}}
"""


class NodeTestCase(case.VariantTestCase):

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
            self.stage.cut_off(dead)
            self.stage.bring_back(dead)
            # It came up with what it ran before, which is not what it is
            # to run.
            before = self.stage.process(dead).create_time()
            self.stage.wait(operation)

        self.assertGreater(self.stage.process(dead).create_time(), before)
        self.assert_nothing_left()
