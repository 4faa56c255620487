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
import json

import fixtures
import testtools

from tests.unit import fakes
from tests.unit.rollout import plans
from tests.unit.stack import fakes as stack_fakes
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import fernet
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import wanted

OLD = {0: 'hidden-a', 1: 'hidden-b'}
NEW = {0: 'hidden-c', 1: 'hidden-b', 2: 'hidden-a'}


def services(keys, port=80):
    """Keystone, which takes the keys, and a service that has others."""
    files = {f'/fernet-keys/{number}': {'content': key}
             for number, key in keys.items()}

    return {'Controller': {
        'keystone': plans.lifecycle(secrets=['FERNET_KEYS'], roll={
            'configure': plans.script(inputs={
                'FERNET_KEYS': json.dumps(files), 'PORT': port})}),
        'web': plans.lifecycle(secrets=['PASSWORD'], roll={
            'configure': plans.script(inputs={'PASSWORD': 'hidden'})})}}


class LackingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()

    def lacking(self, keys, stack, first_id=0, service='keystone', **counts):
        """Nodes that lack the staged one of these keys.

        :param stack: what the stack wants.
        """
        cloud = plans.cloud(stack, first_id, **counts)

        return fernet.lacking(wanted.services(cloud)[service],
                              self.kept.states.get(service, {}), plans.KEY,
                              keys)

    def test_no_node_has_it_before_the_first_roll(self):
        self.assertEqual(3, len(self.lacking(OLD, services(OLD))))

    def test_all_have_it_after_their_roll(self):
        self.kept.deploy(services(OLD))

        self.assertEqual([], self.lacking(OLD, services(OLD)))

    def test_none_has_one_that_is_not_in_the_stack_yet(self):
        self.kept.deploy(services(OLD))

        self.assertEqual(3, len(self.lacking(NEW, services(OLD))))

    def test_those_that_were_not_rolled_yet_lack_it(self):
        self.kept.deploy(services(OLD))
        document = self.kept.compute(services(NEW), 'update')
        self.kept.carry_out(document, [('keystone', '1')])
        done = document['services']['keystone']['batches'][0]

        self.assertEqual(
            sorted({f'controller-{number}' for number in range(3)} - {*done}),
            self.lacking(NEW, services(NEW)))

        self.kept.carry_out(document)
        self.assertEqual([], self.lacking(NEW, services(NEW)))

    def test_new_nodes_and_replaced_ones_lack_it(self):
        self.kept.deploy(services(OLD))

        self.assertEqual(['controller-3'], self.lacking(
            OLD, services(OLD), controller=4))
        self.assertEqual(3, len(self.lacking(OLD, services(OLD),
                                             first_id=1)))

    def test_other_changes_do_not_count(self):
        self.kept.deploy(services(OLD))

        self.assertEqual([], self.lacking(OLD, services(OLD, port=81)))

    def test_services_without_the_keys_do_not_count(self):
        self.assertEqual([], self.lacking(OLD, services(OLD),
                                          service='web'))


class RequireTest(testtools.TestCase):
    """A stack, and the record of what was rolled."""

    def setUp(self):
        super().setUp()
        self.clients = fakes.Clients()
        self.clients.heat = stack_fakes.Heat()
        self.clients.heat.outputs['ServerIdMap'] = {
            'output_value': {'server_ids': {'Controller': []}}}
        self.clients.heat.become('CREATE', 'COMPLETE')
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.stack.cloud.read',
            lambda heat, plan, roles: plans.cloud(self.stack)))
        self.stack = services(OLD)

    def deploy(self):
        self.clients.swift.put_container('overcloud-operations')
        kept = plans.Kept()
        kept.deploy(self.stack)
        record = operation_record.Record(self.clients.swift, 'overcloud')
        record.put(revision.KEY, {'key': plans.KEY.hex()})
        record.put('state/1/base.json', kept.states)

    def require(self, keys):
        fernet.require_everywhere(self.clients, 'overcloud', keys)

    def test_all_have_the_staged_key(self):
        self.deploy()

        self.require(OLD)

    def test_a_rotation_that_was_not_rolled_out(self):
        self.deploy()

        error = self.assertRaises(exceptions.Conflict, self.require, NEW)

        self.assertEqual({'plan': 'overcloud', 'service': 'keystone'},
                         error.where)
        self.assertIn('controller-0, controller-1, controller-2',
                      error.message)
        self.assertIn('tripleo.upgrade.v1.preview', error.remedy)
        self.assertNotIn('hidden', str(error))

    def test_a_stack_of_which_nothing_was_rolled(self):
        self.assertRaises(exceptions.Conflict, self.require, OLD)
        self.assertEqual({}, self.clients.swift.containers)

    def test_no_stack_has_no_nodes_to_wait_for(self):
        self.clients.heat.stack = None

        self.require(OLD)
