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

"""The sample cloud: deployed, upgraded, changed, grown, interrupted."""

import json
import subprocess
import time
import urllib.request

import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.plan import environment
from tripleo_workflows.undercloud import nodes as local_nodes

PLAN = functional_cloud.PLAN


def ask(address, port, path=''):
    with urllib.request.urlopen(f'http://{address}:{port}/{path}',
                                timeout=5) as answer:
        return json.load(answer)


class CloudTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.controllers = self.cloud.addresses('controller')

    def test_a_deployed_cloud_has_nothing_left_to_do(self):
        self.assertEqual((4, 6), (self.cloud.summary['services'],
                                  self.cloud.summary['nodes']))

        for address in self.controllers:
            self.assertIn('release', ask(address, 8000))

        rollout = self.cloud.preview()
        self.assertEqual((0, 0), (rollout['services'], rollout['nodes']))
        self.assertIn('nothing to do', rollout['tree'])
        begun = time.monotonic()
        self.cloud.upgrade(rollout['digest'])
        self.assertLess(time.monotonic() - begun, 15)

    def test_an_upgrade_that_renames_a_column_fails_no_request(self):
        upgrade = functional_cloud.upgraded()
        self.assertEqual(({'text'}, {'text', 'content'}, {'content'}),
                         upgrade.columns)
        report = upgrade.report
        self.assertEqual([], list(report.failures), report.verdict())
        self.assertGreater(report.total.writes, 20)
        self.assertEqual(
            ['2'] * 3,
            [ask(address, 8080)['release'] for address in self.controllers])
        self.assertEqual({name: count + 1 for name, count
                          in upgrade.starts.items()}, self.cloud.starts())

    def test_the_prober_notices_a_stop_without_a_drain(self):
        command = [str(self.cloud.node(f'{PLAN}-controller-1').root
                       / 'bin/supervisorctl')]
        probes = self.cloud.prober()
        probes.start()
        subprocess.run([*command, 'stop', 'web'], check=True)

        try:
            while not probes.report().total.failed:
                self.assertLess(probes.report().total.requests, 400)
                time.sleep(0.1)
        finally:
            subprocess.run([*command, 'start', 'web'], check=True)
            report = probes.stop()

        self.assertGreater(report.total.failed, 0)

    def test_an_added_node_is_rolled_and_nothing_else(self):
        number = len(self.cloud.addresses('compute'))
        name = f'{PLAN}-compute-{number}'
        local_nodes.add(self.cloud.state, [name],
                        functional_cloud.SUBNET)
        ports = local_nodes.port_map([
            node for node in local_nodes.listing(self.cloud.state)
            if node.name.startswith(PLAN)])
        before = self.cloud.starts()
        self.cloud.set_parameters(ComputeCount=number + 1,
                                  **ports['parameter_defaults'])
        tree = self.cloud.preview()['tree']

        self.assertIn(name, tree)
        self.assertIn(f'stays on {PLAN}-compute-0', tree)
        self.assertNotIn('controller', tree)
        output = self.cloud.run('tripleo.deployment.v1.deploy_plan',
                                container=PLAN)
        self.assertEqual((1, 1), (output['summary']['services'],
                                  output['summary']['nodes']))
        self.assertIn('interval', ask(self.cloud.node(name).address, 8090,
                                      'health'))
        self.assertEqual(before, self.cloud.starts())
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed,
            f'ComputeCount: the plan wants {number} servers',
            self.fewer, number, number + 1)

    def fewer(self, fewer, enough):
        self.cloud.set_parameters(ComputeCount=fewer)
        self.addCleanup(self.cloud.set_parameters, ComputeCount=enough)
        self.cloud.preview()


class BadInputTestCase(testtools.TestCase):
    """Each is refused with the field and a remedy, and changes nothing."""

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.before = self.condition()

    def condition(self):
        stack = self.cloud.clients.heat.stacks.get(PLAN,
                                                   resolve_outputs=False)

        return (self.cloud.plan(), stack.updated_time, stack.stack_status)

    def refused(self, pattern, function, *arguments, **keywords):
        self.assertRaisesRegex(functional_cloud.ExecutionFailed, pattern,
                               function, *arguments, **keywords)
        self.assertEqual(self.before, self.condition())

    def test_a_plan_that_does_not_exist(self):
        self.refused(r'\[plan=nowhere', self.cloud.run,
                     'tripleo.deployment.v1.deploy_plan',
                     container='nowhere')
        self.refused(
            'nowhere', self.cloud.run,
            'tripleo.plan_management.v1.create_deployment_plan',
            container='nowhere')

    def test_a_parameter_that_heat_refuses(self):
        self.refused('WebRelease', self.cloud.set_parameters, WebRelease='3')

    def test_a_digest_that_no_preview_saved(self):
        self.refused('digest=abc', self.cloud.upgrade, 'abc')

    def test_an_input_that_is_not_served(self):
        self.refused('ssh_network', self.cloud.run,
                     'tripleo.deployment.v1.deploy_plan', container=PLAN,
                     ssh_network='storage')

    def test_files_that_are_wrong(self):
        for file, old, new, pattern in (
                ('plan-environment.yaml', 'version', '{version',
                 'plan-environment.yaml'),
                ('roles_data.yaml', 'OS::TripleO::Services::Web',
                 'OS::TripleO::Services::Wbe', 'Wbe'),
                ('roles_data.yaml', 'CountDefault: 3', 'CountDefault: three',
                 'CountDefault'),
                ('plan-environment.yaml', 'parameter_defaults:',
                 'parameter_defaults:\n  ControllerCount: 0\n'
                 '  ComputeCount: 0', 'node')):
            self.refuse_file(file, old, new, pattern)

    def refuse_file(self, file, old, new, pattern):
        name = 'broken'
        files = self.cloud.plan()
        # The copy stays, and is not to hold what is searched for elsewhere.
        files[environment.FILE] = environment.dump(
            {**environment.load(files), 'passwords': {}})
        self.assertIn(old, files[file])
        files[file] = files[file].replace(old, new)
        swift = self.cloud.clients.swift
        swift.put_container(name)

        for path, text in files.items():
            swift.put_object(name, path, text)

        self.refused(pattern, self.cloud.run,
                     'tripleo.plan_management.v1.create_deployment_plan',
                     container=name)
        self.assertNotIn('x-container-meta-usage-tripleo',
                         swift.head_container(name))
