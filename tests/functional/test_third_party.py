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

"""What a site adds to the sample, rolled on its nodes."""

import testtools
from mistralclient.api import base as mistral_base

from tests.functional import cloud as functional_cloud
from tests.third_party import site
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store

PLAN = functional_cloud.PLAN
HOOKED = 'haproxy.reload'
SECTIONS = {
    'lifecycle_hooks': [
        site.hook('warn', before=HOOKED, roles=['Controller']),
        site.hook('announce', before=HOOKED, roles=['Controller']),
        site.hook('elsewhere', before=HOOKED, roles=['Compute']),
        site.hook('relieve', after=HOOKED, roles=['Controller'])],
    # The template's is one node after the other.
    'lifecycle_policy': {'services': {'haproxy': {'batch': '100%'}}}}


class ThirdPartyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.clients = self.cloud.clients
        self.plan = store.PlanStore(self.clients.swift, PLAN)

    def test_a_site_extends_the_plan_and_touches_no_template(self):
        self.lay_beside()
        rollout = self.cloud.preview(verb='update')
        self.assertEqual((2, 3), (rollout['services'], rollout['nodes']))
        self.assert_shown(rollout['tree'])
        operation = self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                     digest=rollout['digest'])
        self.cloud.wait(operation)

        self.assertEqual(
            {name: ['warn', 'announce', 'relieve', 'audit']
             if 'controller' in name else []
             for name in self.cloud.names()},
            {name: self.notes(name) for name in self.cloud.names()})
        self.assertEqual('batch 1 of haproxy', self.told(operation))

    def lay_beside(self):
        """Add to the plan what the site has, and change a service's input.

        The input stays changed, so that nothing has to be rolled for it when
        the plan is put back.
        """
        self.cloud.set_parameters(HaproxyServerTimeout=self.cloud.parameter(
            'HaproxyServerTimeout', 30) + 1)
        text = self.plan.read_file(environment.FILE)
        self.addCleanup(self.put_back, text)
        sync.synchronise(self.clients, workbooks.load([site.WORKBOOK]),
                         whole=False)
        self.plan.write({**site.files(), environment.FILE: environment.dump(
            site.beside(environment.load({environment.FILE: text}),
                        site.ADD_AUDIT, site.TAKE_OVER_HAPROXY,
                        **SECTIONS))})

    def assert_shown(self, tree):
        """The preview tells what the site's environment has changed."""
        controllers = ', '.join(name for name in self.cloud.names()
                                if 'controller' in name)
        self.assertIn(f'batch 1: {controllers} (configure (TIMEOUT) changed, '
                      'reload)', tree)
        self.assertNotIn('batch 2', tree)
        self.assertIn(f'each batch: workflow {site.ROLL}', tree)
        self.assertIn('audit 1, after haproxy', tree)

    def notes(self, node):
        """What was noted on a node, in its order."""
        path = self.cloud.node(node).root / site.NOTES

        return path.read_text().splitlines() if path.exists() else []

    def told(self, operation):
        """What the site's workflow said at the end of its roll."""
        [own] = self.clients.mistral.executions.list(
            root_execution_id=operation, workflow_name=site.ROLL)

        return self.cloud.wait(own.id)['last']

    def put_back(self, text):
        """Make the plan and the cloud what they were.

        :param text: of the plan's environment.
        """
        if lifetime.find(self.clients, record.Record(
                self.clients.swift, PLAN))[2]:
            self.cloud.run('tripleo.operation.v1.abort', plan=PLAN,
                           take_over=True)

        self.plan.write({environment.FILE: text}, remove=site.files())
        rollout = self.cloud.preview()

        if rollout['services']:
            self.cloud.upgrade(rollout['digest'])

        for name in self.cloud.names():
            (self.cloud.node(name).root / site.NOTES).unlink(missing_ok=True)

        self.remove_workbook()

    def remove_workbook(self):
        mistral = self.clients.mistral

        for manager, name in ((mistral.workbooks, 'site.edge.v1'),
                              (mistral.workflows, site.ROLL)):
            try:
                manager.delete(name)
            except mistral_base.APIException as error:
                if error.error_code != 404:
                    raise
