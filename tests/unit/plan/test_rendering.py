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
from tripleo_workflows.plan import rendering

ROLES = {'roles_data.yaml': '- name: Controller\n  CountDefault: 3\n'
                            '- name: Compute\n'}


def render(files):
    return rendering.render({**ROLES, **files})


class RenderingTest(testtools.TestCase):

    def test_renders_once_and_for_each_role(self):
        self.assertEqual(
            {'overcloud.yaml': 'ControllerCompute\n',
             'common/controller-services.yaml': '3\n',
             'common/compute-services.yaml': '0\n'},
            render({
                'overcloud.j2.yaml':
                    '{% for role in roles %}{{role.name}}{% endfor %}\n',
                'common/services.role.j2.yaml':
                    '{{role.CountDefault|default(0)}}\n'}))

    def test_renders_for_each_enabled_network(self):
        self.assertEqual(
            {'network/internal_api.yaml': 'InternalApi',
             'network/ports/internal_api.yaml': 'InternalApi'},
            render({
                'network_data.yaml':
                    '- {name: InternalApi, name_lower: internal_api}\n'
                    '- {name: Tenant, enabled: false}\n',
                'network/network.network.j2.yaml': '{{network.name}}',
                'network/ports/port.network.j2.yaml': '{{network.name}}'}))

    def test_leaves_out_what_is_excluded(self):
        self.assertEqual(
            ['compute-role.yaml'],
            list(render({'role.role.j2.yaml': '',
                         'j2_excludes.yaml':
                             'name:\n  - controller-role.yaml\n'})))

    def test_includes_from_beside_then_from_the_root(self):
        self.assertEqual('near far', render({
            'a/b.j2.yaml': "{% include 'near' %} {% include 'far' %}",
            'a/near': 'near', 'near': 'wrong', 'far': 'far'})['a/b.yaml'])

    def test_asks_for_what_a_role_may_lack(self):
        self.assertEqual('no', render({
            'a.j2.yaml': '{% if roles[0].tags %}yes{% else %}no{% endif %}',
        })['a.yaml'])

    def test_names_file_and_line_of_an_error(self):
        cases = {
            'one\n{{ roles[0].nmae }}': (2, 'nmae'),
            'one\n\n{% for %}': (3, 'Expected an expression'),
            '{{ 1 / 0 }}': (1, 'division by zero'),
            "{% for x in nothing %}{% endfor %}": (1, 'nothing'),
        }

        for text, (line, explanation) in cases.items():
            error = self.assertRaises(exceptions.InvalidInput, render,
                                      {'a.j2.yaml': text})

            self.assertEqual(('a.j2.yaml', line),
                             (error.where['file'], error.where['line']))
            self.assertIn(explanation, error.message)

    def test_names_the_file_of_an_error_in_an_include(self):
        error = self.assertRaises(exceptions.InvalidInput, render, {
            'a.j2.yaml': "\n{% include 'b.yaml' %}",
            'b.yaml': '\n\n{{ gone }}'})

        self.assertEqual(('b.yaml', 3),
                         (error.where['file'], error.where['line']))

    def test_names_an_include_that_is_missing(self):
        error = self.assertRaises(exceptions.InvalidInput, render, {
            'a.j2.yaml': "{% include 'b.yaml' %}"})

        self.assertIn('includes b.yaml', error.message)

    def test_templates_cannot_leave_the_sandbox(self):
        for text in ("{{ ''.__class__.__mro__ }}",
                     '{{ roles.__init__.__globals__ }}',
                     "{% include '/etc/passwd' %}"):
            self.assertRaises(exceptions.InvalidInput, render,
                              {'a.j2.yaml': text})
