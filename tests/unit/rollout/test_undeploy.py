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

"""The rollout that takes a whole plan off its nodes."""

import testtools

from tests.unit.rollout import plans
from tripleo_workflows.rollout import lifecycle as lifecycle_format


class UndeployTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()
        self.services = {'Controller': {
            'db': plans.lifecycle(),
            'bus': plans.lifecycle(),
            'api': plans.lifecycle(after=['db', 'bus']),
            'web': plans.lifecycle(after={'roll': ['api.roll']})},
            'Compute': {'agent': plans.lifecycle(after={
                'finish': ['api.finish']})}}
        self.kept.deploy(self.services, compute=2)

    def undeploy(self, **more):
        return self.kept.compute(self.services, verb='undeploy', compute=2,
                                 **more)

    def test_every_service_leaves_every_node(self):
        rollout = self.undeploy()

        self.assertEqual(
            {'db': 3, 'bus': 3, 'api': 3, 'web': 3, 'agent': 2},
            {name: len(entry['leaving'])
             for name, entry in rollout['services'].items()})
        self.assertEqual([], [name for name, entry
                              in rollout['services'].items()
                              if entry['nodes']])

    def test_who_came_last_leaves_first(self):
        rollout = self.undeploy()

        self.assertEqual(
            {'web': [], 'agent': [], 'api': ['agent.leave', 'web.leave'],
             'db': ['api.leave'], 'bus': ['api.leave']},
            {name: entry['after'][lifecycle_format.LEAVE]
             for name, entry in rollout['services'].items()})

    def test_services_leave_by_the_steps_with_which_they_came(self):
        came = self.kept.states['db']['nodes']['controller-0']['lifecycle']
        self.services['Controller']['db'] = plans.lifecycle('2', ['web'])

        entry = self.undeploy()['services']['db']

        self.assertEqual(came, entry['leaving']['controller-0']['lifecycle'])
        self.assertEqual(['api.leave'], entry['after']['leave'])

    def test_nothing_is_known_of_them_afterwards(self):
        self.kept.carry_out(self.undeploy())

        self.assertEqual({}, self.kept.states)
        self.assertEqual({}, self.undeploy()['services'])

    def test_another_stack_is_deployed_as_if_there_had_been_none(self):
        self.kept.carry_out(self.undeploy())
        again = self.kept.compute(self.services, verb='deploy', first_id=1,
                                  compute=2)

        self.assertEqual(
            {'first'}, {node['way'] for entry in again['services'].values()
                        for node in entry['nodes'].values()})
