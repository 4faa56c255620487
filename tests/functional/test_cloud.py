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

from tests import database
from tests import waiting
from tests.functional import cloud as functional_cloud
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import record
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

    def columns(self):
        """Where the web service's items have their text now."""
        root = self.cloud.node(f'{PLAN}-database-0').root
        shown = database.Database(root, 'web').run('SHOW COLUMNS FROM items')

        return {line.split()[0] for line in shown} - {'number'}

    def starts(self):
        """How often the web service was started, by node."""
        return {name: (self.cloud.node(name).root / 'var/log/web.log'
                       ).read_text().count('started release=')
                for name in functional_cloud.NAMES if 'controller' in name}

    def prober(self):
        return prober.Prober(probing.probes(self.cloud.clients.heat, PLAN))

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
        self.assertEqual({'text'}, self.columns())
        self.cloud.set_parameters(WebRelease='2')
        before = self.starts()
        rollout = self.cloud.preview()
        self.assertEqual((1, 3), (rollout['services'], rollout['nodes']))
        probes = self.prober()
        probes.start()

        try:
            execution = self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                         digest=rollout['digest'])
            self.wait_for_step(execution, 'web.2', 'stop')
            self.assertEqual({'text', 'content'}, self.columns())
            self.cloud.wait(execution)
        finally:
            report = probes.stop()

        self.assertEqual({'content'}, self.columns())
        self.assertEqual([], list(report.failures), report.verdict())
        self.assertGreater(report.total.writes, 20)
        self.assertEqual(
            ['2'] * 3,
            [ask(address, 8080)['release'] for address in self.controllers])
        self.assertEqual({name: count + 1 for name, count in before.items()},
                         self.starts())
        self.assertEqual(0, self.cloud.preview()['services'])

    def test_the_prober_notices_a_stop_without_a_drain(self):
        command = [str(self.cloud.node(f'{PLAN}-controller-1').root
                       / 'bin/supervisorctl')]
        probes = self.prober()
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
        before = self.starts()
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
        self.assertEqual(before, self.starts())
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed,
            f'ComputeCount: the plan wants {number} servers',
            self.fewer, number, number + 1)

    def fewer(self, fewer, enough):
        self.cloud.set_parameters(ComputeCount=fewer)
        self.addCleanup(self.cloud.set_parameters, ComputeCount=enough)
        self.cloud.preview()

    def wait_for_step(self, operation, batch, step):
        """Wait until a step of a batch was sent to its nodes."""
        kept = record.Record(self.cloud.clients.swift, PLAN)
        waiting.wait_for(lambda: any(
            name.endswith(f'/{batch}.json') and step in kept.get(name)
            for name in kept.names(f'{operation}/')), 240)


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

    def test_services_that_wait_for_each_other(self):
        template = 'deployment/haproxy/haproxy.yaml'
        text = self.cloud.plan()[template]
        self.addCleanup(self.put, template, text)
        self.put(template, text.replace(
            '        policy:', '        after: [web]\n        policy:'))
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed,
            'lifecycle.after.*haproxy → web → haproxy|'
            'lifecycle.after.*web → haproxy → web', self.cloud.preview)

    def put(self, name, text):
        self.cloud.clients.swift.put_object(PLAN, name, text)
