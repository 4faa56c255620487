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

from tripleo_workflows import exceptions
from tripleo_workflows.plan import roles


def load(text):
    return roles.load({'roles_data.yaml': text})


class RolesTest(testtools.TestCase):

    def test_reads_roles_in_their_order(self):
        controller, compute = load(
            '- name: Controller\n'
            '  CountDefault: 3\n'
            "  HostnameFormatDefault: '%stackname%-ctl-%index%'\n"
            '  ServicesDefault: [OS::TripleO::Services::Web]\n'
            '  of_my_site: true\n'
            '- name: Compute\n')

        self.assertEqual('Controller', controller.name)
        self.assertEqual(('OS::TripleO::Services::Web',),
                         controller.services)
        self.assertEqual(3, controller.count_default)
        self.assertEqual('%stackname%-ctl-%index%',
                         controller.hostname_format)
        self.assertTrue(controller.raw['of_my_site'])
        self.assertEqual(
            ('Compute', (), 0, '%stackname%-compute-%index%'),
            (compute.name, compute.services, compute.count_default,
             compute.hostname_format))

    def test_names_the_role_and_the_field(self):
        cases = {
            '- name: Controller\n  CountDefault: three':
                ('role Controller', 'CountDefault'),
            '- name: Controller\n  ServicesDefault: [[]]':
                ('role Controller', 'ServicesDefault[0]'),
            '- name: Controller\n- CountDefault: 1':
                ('role at position 1', 'lacks name'),
            '- Controller': ('role at position 0', 'type map'),
            '- name: Con/troller': ('role Con/troller', 'name'),
        }

        for text, expected in cases.items():
            error = self.assertRaises(exceptions.InvalidInput, load, text)

            for part in ('roles_data.yaml', *expected):
                self.assertIn(part, error.message)

    def test_refuses_a_role_that_is_there_twice(self):
        error = self.assertRaises(
            exceptions.InvalidInput, load,
            '- name: Controller\n- name: controller\n')

        self.assertEqual('controller', error.where['role'])

    def test_refuses_a_file_without_roles(self):
        self.assertRaises(exceptions.NotFound, roles.load, {})
        self.assertRaises(exceptions.InvalidInput, load, '')
        self.assertRaises(exceptions.InvalidInput, load, '[]')
