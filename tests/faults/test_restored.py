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

"""An undercloud that was restored from a copy, two operations too old."""

import shutil
import subprocess
import sys
import time

import testtools

from tests import waiting
from tests.faults import light as light_service
from tests.faults import logs
from tests.faults import targets
from tripleo_workflows.deployments import delivery
from tripleo_workflows.operation import lock

#: What is copied: the executions and claims, the record and the plan.
COPIED = ('mistral', 'swift')


class RestoredTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.light = light_service.deployed()
        self.state = self.light.state
        self.addCleanup(self.light.abort)
        self.copy = self.state.root / 'copy'
        self.addCleanup(shutil.rmtree, self.copy, ignore_errors=True)

    def control(self, action):
        """Have the supervisor do something to what is copied."""
        subprocess.run(
            [sys.executable, '-m', 'supervisor.supervisorctl', '-c',
             str(self.state.etc / 'supervisord.conf'), action, *COPIED],
            check=True, stdout=subprocess.DEVNULL)

    def exchange(self, source, target):
        """Copy the data of the services while they do not run."""
        self.control('stop')

        try:
            # What is in the database's journal would be played back.
            for path in target.glob('mistral.sqlite*'):
                path.unlink()

            for path in [*source.glob('mistral.sqlite*'), source / 'swift']:
                self.put(path, target / path.name)
        finally:
            self.control('start')

        targets.wait_until_ready(self.state)

    def put(self, path, place):
        # With extended attributes, in which Swift keeps metadata.
        if path.is_dir():
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(path, place, symlinks=True)
        else:
            shutil.copy2(path, place)

    def fence(self):
        return lock.current(self.light.clients.mistral,
                            light_service.PLAN)[0]

    def seen(self):
        """The highest fence that a node has accepted."""
        return max(entry['fence'] for name in light_service.NAMES
                   for entry in logs.Journal(self.light.root(name)).all()
                   if entry['key']['plan'] == light_service.PLAN)

    def upgrade(self):
        digest = self.light.preview(f'restored {time.time()}')
        self.light.cloud.wait(self.light.start(digest))

    def test_the_next_operation_learns_from_the_nodes(self):
        self.copy.mkdir()
        self.exchange(self.state.data, self.copy)
        self.upgrade()
        self.upgrade()
        newest = self.seen()
        self.assertEqual(newest, self.fence())
        self.exchange(self.copy, self.state.data)
        old = self.fence()
        self.assertLess(old, newest)
        self.refused(old, newest)

        # The plan and the record agree that nothing is to be done; the
        # nodes have been elsewhere since.
        rollout = self.light.cloud.run('tripleo.upgrade.v1.preview',
                                       plan=light_service.PLAN)
        self.assertEqual((1, 2), (rollout['services'], rollout['nodes']),
                         rollout['tree'])
        self.assertEqual({light_service.SERVICE: light_service.NAMES},
                         rollout['corrected'])
        self.assertGreater(self.fence(), newest)
        self.light.cloud.wait(self.light.start(rollout['digest']))
        self.assertEqual(self.fence(), self.seen())
        self.assertEqual(0, self.light.cloud.run(
            'tripleo.upgrade.v1.preview',
            plan=light_service.PLAN)['services'])

    def refused(self, old, newest):
        """A step under the forgotten fence is refused with both numbers."""
        servers = self.light.clients.heat.stacks.output_show(
            light_service.PLAN, 'ServerIdMap')['output']['output_value']
        node = light_service.NAMES[0]
        step = delivery.Step(
            plan=light_service.PLAN, operation='late', batch='1', step='stop',
            service=light_service.SERVICE, fence=old, payload='true',
            timeout=10)
        dispatcher = delivery.Dispatcher(self.light.clients,
                                         self.light.record.container)
        sent = dispatcher.send(step, [delivery.Target(
            node, servers['server_ids']['Node'][0])])
        self.addCleanup(dispatcher.clean, step.prefix, sent.values())
        answer = waiting.wait_for(
            lambda: dispatcher.answers(step, [node]), 120)[node]
        self.assertEqual(('refused', old, newest), (
            answer['status'], answer['fence'], answer['fence_seen']))
