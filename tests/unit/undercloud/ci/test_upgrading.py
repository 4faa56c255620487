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

import time

from tests.unit.operation import test_going_on
from tripleo_workflows.undercloud.ci import upgrading

#: Where nobody listens.
PROBE = {'name': 'web', 'http': {'url': 'http://127.0.0.1:1/'}}


class ProbedUpgradeTestCase(test_going_on.OperationTestCase):
    """Upgrades of one plan that follow each other."""

    plan = test_going_on.PLAN

    def setUp(self):
        super().setUp()
        self.record.put('documents/d.json', {'services': {}})
        self.record.put('first/closed.json', {'how': 'success'})

        #: How many requests each has answered when it begins.
        self.seen = []
        self.upgrades = [upgrading.ProbedUpgrade(self, [PROBE])
                         for _ in range(2)]

    def run_all(self):
        for number, upgrade in enumerate(self.upgrades):
            upgrade.run(f'upgrade-{number}', upgrading.Wanted(0, 0))

    def workflow(self, name, plan, digest):
        """Open an operation and close it, as the workflow does."""
        self.seen.append(self.upgrades[len(self.seen)].requests)
        self.open(digest, state='SUCCESS', begun=time.time())
        self.record.put(f'{digest}/closed.json', {'how': 'success'})

    def test_each_tells_of_its_own_operation(self):
        self.run_all()

        self.assertEqual(
            ['upgrade-0', 'upgrade-1'],
            [upgrade.story().opened['operation']
             for upgrade in self.upgrades])

    def test_users_are_there_before_it_begins(self):
        self.run_all()

        self.assertNotIn(0, self.seen)
