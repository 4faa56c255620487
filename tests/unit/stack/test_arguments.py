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

import pathlib

import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments

SAMPLE = pathlib.Path(__file__, '../../../../samples/overcloud').resolve()


def ports(**counts):
    """An environment that gives every node an address."""
    names = [f'overcloud-{role}-{index}' for role, count in counts.items()
             for index in range(count)]

    return {'parameter_defaults': {'NodePortMap': {
        name: {'ctlplane': {'ip_address': f'127.1.0.{number}'}}
        for number, name in enumerate(names, 1)}}}


class HeatArgumentsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.files = store.read_directory(SAMPLE)
        self.environment = yaml.safe_load(
            self.files['plan-environment.yaml'])
        self.environment['environments'].append(
            {'data': ports(
                controller=3, database=1, compute=2)})

    def arguments(self):
        self.files['plan-environment.yaml'] = yaml.safe_dump(
            self.environment)

        return arguments.heat_arguments('overcloud', self.files)

    def refused(self):
        return self.assertRaises(exceptions.InvalidInput, self.arguments)

    def set_parameters(self, **parameters):
        self.environment['parameter_defaults'].update(parameters)

    def test_collects_every_file_by_one_name(self):
        collected = self.arguments()

        self.assertEqual('overcloud', collected.stack_name)
        self.assertIn('ControllerServiceChain',
                      collected.template['resources'])
        registry = collected.environment['resource_registry']
        web = registry['OS::TripleO::Services::Web']
        self.assertEqual('file:///plan/deployment/web/web.yaml', web)
        self.assertIn('file:///plan/deployment/common/stop.sh',
                      collected.files)
        self.assertIn('file:///plan/deployment/common/stop.sh',
                      collected.files[web])

    def test_is_the_same_for_the_same_plan(self):
        self.assertEqual(self.arguments(), self.arguments())

    def test_later_parameters_win(self):
        self.environment['environments'].append(
            {'data': {'parameter_defaults': {
                'A': 'listed', 'B': 'listed', 'C': 'listed', 'D': 'listed',
                'Map': {'one': 1, 'two': 1}}}})
        self.environment['passwords'] = {'B': 'p', 'C': 'p', 'D': 'p'}
        self.environment['derived_parameters'] = {'C': 'd', 'D': 'd'}
        self.set_parameters(D='default', Map={'two': 2})

        merged = self.arguments().environment['parameter_defaults']

        self.assertEqual(
            ('listed', 'p', 'd', 'default', {'one': 1, 'two': 2}),
            tuple(merged[name] for name in ('A', 'B', 'C', 'D', 'Map')))

    def test_finds_the_parameters_that_nothing_sets(self):
        self.environment['passwords'] = {'WebMigrationPassword': 'p'}
        self.set_parameters(MonitorAgentToken='t', WebRelease='2')

        unset = arguments.unset_parameters(self.arguments())

        self.assertEqual(
            {'WebDatabasePassword', 'MariadbRelease', 'EndpointMap'},
            unset & {'WebDatabasePassword', 'MariadbRelease', 'EndpointMap',
                     'WebMigrationPassword', 'MonitorAgentToken',
                     'WebRelease', 'NodePortMap'})

    def test_the_plan_environments_registry_wins(self):
        self.environment['resource_registry'] = {
            'OS::TripleO::Services::Web': 'OS::Heat::None',
            'OS::TripleO::Services::HAproxy': 'my/haproxy.yaml'}
        self.files['my/haproxy.yaml'] = 'heat_template_version: wallaby\n'

        registry = self.arguments().environment['resource_registry']

        self.assertEqual('OS::Heat::None',
                         registry['OS::TripleO::Services::Web'])
        self.assertEqual('file:///plan/my/haproxy.yaml',
                         registry['OS::TripleO::Services::HAproxy'])

    def test_no_value_of_a_parameter_is_shown(self):
        self.set_parameters(AdminPassword='hidden')

        self.assertNotIn('hidden', repr(self.arguments()))

    def test_never_reads_outside_the_plan(self):
        for path in ('/etc/hostname', 'file:///etc/hostname',
                     '../../../etc/hostname', 'http://127.0.0.1:1/a'):
            self.files['deployment/web/web.yaml'] = yaml.safe_dump({
                'heat_template_version': 'wallaby',
                'outputs': {'role_data': {'value': {'get_file': path}}}})

            error = self.refused()

            self.assertIn('does not hold', error.message)
            self.assertIn('Add the file', error.remedy)

    def test_names_a_missing_environment(self):
        self.environment['environments'].append({'path': 'gone.yaml'})

        self.assertEqual('gone.yaml', self.refused().where['file'])

    def test_names_broken_yaml_in_an_environment(self):
        self.environment['environments'].append({'path': 'site.yaml'})
        self.files['site.yaml'] = 'parameter_defaults:\n  A: [1\n'

        error = self.refused()

        self.assertEqual(('site.yaml', 3),
                         (error.where['file'], error.where['line']))

    def test_names_a_wrong_section_of_an_environment(self):
        self.environment['environments'].append({'path': 'site.yaml'})
        self.files['site.yaml'] = 'parameters_default: {A: 1}\n'

        error = self.refused()

        self.assertEqual('site.yaml', error.where['file'])
        self.assertIn('parameters_default', error.message)

    def test_names_broken_yaml_in_a_service_template(self):
        self.files['deployment/web/web.yaml'] = (
            'heat_template_version: wallaby\nresources:\n  a: [\n')

        error = self.refused()

        self.assertEqual('deployment/web/web.yaml', error.where['file'])
        self.assertEqual(4, error.where['line'])

    def test_names_an_unknown_service_of_a_role(self):
        self.files['roles_data.yaml'] = self.files[
            'roles_data.yaml'].replace('Services::Web', 'Services::Wbe')

        error = self.refused()

        self.assertEqual(
            ('Controller', 'OS::TripleO::Services::Wbe'),
            (error.where['role'], error.where['service']))
        self.assertIn('roles_data.yaml', error.remedy)

    def test_names_an_unknown_service_of_a_parameter(self):
        self.set_parameters(
            ComputeServices='OS::TripleO::Services::MonitorAgent,'
                            'OS::TripleO::Services::Ntp')

        error = self.refused()

        self.assertEqual('ComputeServices', error.where['field'])
        self.assertIn('OS::TripleO::Services::Ntp', error.message)

    def test_a_registry_may_know_services_by_a_pattern(self):
        self.environment['resource_registry'] = {
            'OS::TripleO::Services::*': 'OS::Heat::None'}
        self.set_parameters(
            ComputeServices=['OS::TripleO::Services::Ntp'])

        self.arguments()

    def test_refuses_a_plan_without_nodes(self):
        self.set_parameters(ControllerCount=0, DatabaseCount=0,
                            ComputeCount='0')

        error = self.refused()

        self.assertIn('no nodes', error.message)
        self.assertIn('ControllerCount and DatabaseCount and ComputeCount',
                      error.remedy)

    def test_refuses_a_count_that_is_no_number(self):
        for value in ('two', -1):
            self.set_parameters(ComputeCount=value)

            self.assertEqual('ComputeCount',
                             self.refused().where['parameter'])

    def test_names_a_parameter_that_its_template_does_not_allow(self):
        for name, value, explanation in (
                ('WebRelease', '3', 'must be one of 1, 2'),
                ('MonitorAgentInterval', 0, 'must be at least 1'),
                ('ControllerRemovalPolicies', 'x', 'must be of type json')):
            self.environment['parameter_defaults'] = {name: value}

            error = self.refused()

            self.assertEqual(name, error.where['parameter'])
            self.assertIn(explanation, error.message)
            self.assertIn(f'Correct {name}', error.remedy)

    def test_names_a_node_without_an_address(self):
        self.set_parameters(ComputeCount=3)

        error = self.refused()

        self.assertEqual(
            'NodePortMap.overcloud-compute-2.ctlplane.ip_address',
            error.where['field'])
        self.assertIn('node list', error.remedy)

    def test_hostnames_follow_their_format(self):
        self.set_parameters(ComputeHostnameFormat='%stackname%-cmp-%index%')

        self.assertIn('overcloud-cmp-0', self.refused().message)

    def test_a_role_that_lost_nodes_is_left_to_heat(self):
        self.set_parameters(
            ComputeCount=3,
            ComputeRemovalPolicies=[{'resource_list': ['0']}])

        self.arguments()

    def test_names_a_template_that_is_missing(self):
        self.environment['template'] = 'undercloud.yaml'

        self.assertEqual('undercloud.yaml', self.refused().where['file'])
