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

"""The sample plan in the real Swift and the real Heat."""

import pathlib
import uuid

import testtools

from tripleo_workflows import clients
from tripleo_workflows import exceptions
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import roles
from tripleo_workflows.plan import store
from tripleo_workflows.rollout import lifecycle
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import cloud
from tripleo_workflows.stack import stacks

SAMPLE = pathlib.Path(__file__, '../../../samples/overcloud').resolve()


class PlanTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clients = clients.from_environment()
        self.heat = self.clients.heat
        self.name = f'plan-{uuid.uuid4().hex[:8]}'
        self.plan = store.PlanStore(self.clients.swift, self.name)

    def upload(self):
        self.plan.create()
        self.addCleanup(self.delete_plan)
        files = store.read_directory(SAMPLE)
        addresses = {
            f'{self.name}-{role}-{index}': {
                'ctlplane': {'ip_address': f'127.9.{number}.{index + 1}'}}
            for number, role in enumerate(
                ('controller', 'database', 'compute'))
            for index in range(3)}
        self.files = {**files, **self.changed(
            files, NodePortMap=addresses, WebDatabasePassword='one',
            WebMigrationPassword='two', MonitorAgentToken='three')}
        self.plan.write(self.files)

    def changed(self, files, **parameters):
        """The plan environment with other parameters, as a file."""
        merged = environment.merge_parameters(environment.load(files),
                                              parameters)

        return {environment.FILE: environment.dump(merged)}

    def arguments(self):
        return arguments.heat_arguments(self.name, self.plan.read())

    def bring(self):
        before = stacks.find(self.heat, self.name)
        stack_id = stacks.bring(self.heat, self.arguments(), 5)
        outcome = stacks.wait(self.heat, stack_id,
                              before and before['marker'])

        self.assertEqual((True, 'COMPLETE'),
                         (outcome['done'], outcome['status']))

        return cloud.read(self.heat, self.name, [
            role.name for role in roles.load(self.plan.read())])

    def delete_plan(self):
        self.plan.write({}, remove=self.files)
        self.clients.swift.delete_container(self.name)

    def delete_stack(self):
        stack_id = stacks.get(self.heat, self.name)['id']
        self.heat.stacks.delete(stack_id)
        self.assertRaises(exceptions.NotFound, stacks.wait, self.heat,
                          stack_id, None)

    def test_a_plan_is_stored_and_read(self):
        self.assertFalse(self.plan.exists())
        self.assertRaises(exceptions.NotFound, self.plan.read)

        self.upload()

        self.assertTrue(self.plan.exists())
        self.assertEqual(self.files, self.plan.read())
        self.assertEqual([], self.plan.write(self.files))
        self.assertRaises(exceptions.Conflict, self.plan.create)

    def test_heat_takes_the_sample_but_no_wrong_parameter(self):
        self.upload()
        accepted = self.arguments()

        answer = stacks.validate(self.heat, accepted)

        self.assertIn('ControllerCount', answer['Parameters'])
        self.assertIn('ControllerServiceChain', answer['NestedParameters'])

        # What we would have refused ourselves.
        accepted.environment['parameter_defaults']['WebRelease'] = '3'
        error = self.assertRaises(exceptions.InvalidInput, stacks.bring,
                                  self.heat, accepted, 5)

        self.assertEqual('WebRelease', error.where['parameter'])
        self.assertIsNone(stacks.find(self.heat, self.name))

        self.plan.write(self.changed(self.files, WebRelease='3'))
        error = self.assertRaises(exceptions.InvalidInput, self.arguments)

        self.assertEqual('WebRelease', error.where['parameter'])

    def test_a_stack_describes_the_cloud_and_changes_only_what_must(self):
        self.upload()
        self.addCleanup(self.delete_stack)
        first = self.bring()

        self.assertEqual(
            [f'{self.name}-controller-{index}' for index in range(3)]
            + [f'{self.name}-database-0']
            + [f'{self.name}-compute-{index}' for index in range(2)],
            list(first.nodes))
        self.assertEqual('127.9.2.2',
                         first.nodes[f'{self.name}-compute-1'].address)
        self.assertEqual({'Controller': {'haproxy', 'web'},
                          'Database': {'mariadb'},
                          'Compute': {'monitor_agent'}},
                         {role: set(services) for role, services
                          in first.role_data.items()})
        for services in first.role_data.values():
            for name, data in services.items():
                lifecycle.parse(name, data['lifecycle'])

        agents = cloud.agent_configurations(self.heat, self.name)
        self.assertEqual(first.nodes.keys(), agents.keys())
        for configuration in agents.values():
            self.assertIn('metadata_url', configuration['request'])

        self.plan.write(self.changed(self.files, ComputeCount=3))
        larger = self.bring()
        self.assertEqual({f'{self.name}-compute-2'},
                         larger.nodes.keys() - first.nodes.keys())
        self.assertEqual(first.role_data, larger.role_data)
        self.assertEqual(first.nodes.items() - larger.nodes.items(), set())

        self.plan.write(self.changed(
            self.files, ComputeCount=3, WebRelease='2'))
        upgraded = self.bring()
        self.assertNotEqual(larger.role_data['Controller'].pop('web'),
                            upgraded.role_data['Controller'].pop('web'))
        self.assertEqual(larger.role_data, upgraded.role_data)
        self.assertEqual(larger.nodes, upgraded.nodes)
