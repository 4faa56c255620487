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

import testtools

from tests.unit.stack import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.stack import cloud

ROLES = ['Controller', 'Compute']


class CloudTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.heat = fakes.Heat()
        self.heat.become('CREATE', 'COMPLETE')
        self.heat.rows = [
            fakes.row('stack-id', 'ControllerServiceChain', nested='chain-1'),
            fakes.row('chain-1', 'ServiceChain', role_data=[
                {'service_name': 'web', 'lifecycle': {'release': '1'}},
                None,
                {'service_name': 'old', 'upgrade_tasks': []}]),
            fakes.row('stack-id', 'ComputeServiceChain', nested='chain-2'),
            fakes.row('chain-2', 'ServiceChain', role_data=[])]
        self.set_nodes(['id-0', 'id-1'], ['127.1.0.1', '127.1.0.2'],
                       ['ctl-0.localdomain', 'ctl-1.localdomain'])

    def set_nodes(self, ids, addresses, names):
        for key, value in {
            'ServerIdMap': {'server_ids': {'Controller': ids, 'Compute': []},
                            'bootstrap_server_id': ids[0]},
            'RoleNetIpMap': {'Controller': {'ctlplane': addresses},
                             'Compute': {'ctlplane': []}},
            'RoleNetHostnameMap': {'Controller': {'canonical': names},
                                   'Compute': {'canonical': []}},
        }.items():
            self.heat.outputs[key] = {'output_value': value}

    def add_servers(self):
        self.heat.rows += [
            fakes.row(f'node-{number}', 'Controller', f'id-{number}',
                      name=f'ctl-{number}',
                      os_collect_config={'request': f'url-{number}'})
            for number in range(3)]

    def test_reads_nodes_by_their_names(self):
        found = cloud.read(self.heat, 'overcloud', ROLES)

        self.assertEqual('stack-id', found.stack_id)
        self.assertEqual(
            {'ctl-0': cloud.Node('ctl-0', 'id-0', 'Controller', 0,
                                 '127.1.0.1'),
             'ctl-1': cloud.Node('ctl-1', 'id-1', 'Controller', 1,
                                 '127.1.0.2')},
            found.nodes)

    def test_reads_each_services_own_data(self):
        found = cloud.read(self.heat, 'overcloud', ROLES)

        self.assertEqual(
            {'Controller': {'web': {'service_name': 'web',
                                    'lifecycle': {'release': '1'}}},
             'Compute': {}}, found.role_data)
        self.assertEqual({'Controller': ['old'], 'Compute': []},
                         found.unmanaged)

    def test_refuses_outputs_that_do_not_fit(self):
        self.set_nodes(['id-0', 'id-1'], ['127.1.0.1'], ['ctl-0', 'ctl-1'])

        error = self.assertRaises(exceptions.InvalidInput, cloud.read,
                                  self.heat, 'overcloud', ROLES)

        self.assertEqual('Controller', error.where['role'])

    def test_a_missing_stack_is_named(self):
        self.heat.stack = None

        self.assertRaises(exceptions.NotFound, cloud.read, self.heat,
                          'overcloud', ROLES)

    def test_a_missing_chain_is_named(self):
        del self.heat.rows[0]

        error = self.assertRaises(exceptions.NotFound, cloud.read,
                                  self.heat, 'overcloud', ROLES)

        self.assertIn('ControllerServiceChain', error.message)

    def test_reads_agents_of_the_stacks_servers_only(self):
        self.add_servers()

        self.assertEqual(
            {'ctl-0': {'request': 'url-0'}, 'ctl-1': {'request': 'url-1'}},
            cloud.agent_configurations(self.heat, 'overcloud'))
        self.assertEqual(
            {'ctl-0': ('n/node-0', 'Controller'),
             'ctl-1': ('n/node-1', 'Controller')},
            cloud.agent_resources(self.heat, 'overcloud'))
