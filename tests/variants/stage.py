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

from tests.faults import small_plan
from tests.functional import cloud as functional_cloud
from tests.variants import operated
from tripleo_workflows.plan import environment
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


class Stage(operated.OperatedPlan):
    """What tests do to the stage."""

    service = STORE

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

        self.settle()
        rollout = self.preview(**PARAMETERS)

        if rollout['services']:
            self.run(rollout)

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


def other_release():
    """A release that the store never had."""
    return str(time.time_ns())


@functools.cache
def deployed():
    """The stage of this run, deployed at the first call."""
    stage = Stage()
    stage.deploy()

    return stage
