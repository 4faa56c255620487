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

from tests.unit.rollout import plans
from tests.unit.rollout import test_document


class SelectionTestCase(test_document.DocumentTestCase):

    def services(self, release='2', **more):
        return {'Controller': {
            'db': plans.lifecycle(release, **more),
            'web': plans.lifecycle(release, after=['db'], **more),
            'other': plans.lifecycle(release, **more)},
            'Compute': {'agent': plans.lifecycle(
                release, after={'finish': ['web.roll']}, **more)}}

    def setUp(self):
        super().setUp()
        self.kept.deploy(self.services('1'), compute=2)

    def compute(self, services=None, **selected):
        return self.kept.compute(services or self.services(), compute=2,
                                 selected=selected)

    def gap(self, **selected):
        return self.refused('selected', self.services(), compute=2,
                            selected=selected)

    def test_nothing_is_everything(self):
        self.assertEqual(
            self.compute()['services'], self.compute(
                services=None, nodes=[], roles=[])['services'])

    def test_a_service_leaves_the_others_undone(self):
        rollout = self.compute(services=None, **{'roles': ['Compute']})
        self.assertEqual(['agent'], list(rollout['services']))
        names = [f'controller-{number}' for number in range(3)]
        self.assertEqual({'db': names, 'other': names, 'web': names},
                         rollout['left_undone'])
        self.assertEqual([], rollout['unchanged'])

    def of_services(self, *names):
        return self.kept.compute(self.services(), compute=2, selected={
            'services': list(names)})

    def test_services_by_name(self):
        rollout = self.of_services('db', 'other')
        self.assertEqual(['db', 'other'], list(rollout['services']))
        self.assertEqual(['agent', 'web'], sorted(rollout['left_undone']))
        self.assertEqual({'services': ['db', 'other']}, rollout['selected'])

    def test_what_is_left_is_what_comes_next(self):
        self.kept.carry_out(self.of_services('db', 'other'))
        self.assertEqual(['agent', 'web'], list(self.compute()['services']))

    def test_what_a_service_waits_for_may_not_be_left_out(self):
        text = self.refused('selected', self.services(), compute=2,
                            selected={'services': ['web']})
        self.assertIn('web.roll waits for db.roll', text)

    def test_nor_on_some_nodes(self):
        self.assertIn('web.roll waits for db.finish', self.gap(
            services=['db', 'web'], nodes=['controller-1']))

    def test_nodes_by_name(self):
        rollout = self.kept.compute(self.services(
            finish={'contract': plans.script()}), compute=2, selected={
                'services': ['other'], 'nodes': ['controller-1']})
        entry = rollout['services']['other']
        self.assertEqual([['controller-1']], entry['batches'])
        self.assertEqual(['controller-0', 'controller-2'],
                         rollout['left_undone']['other'])
        # Others still have the release before.
        self.assertEqual([], entry['steps']['finish'])
        self.kept.carry_out(rollout)
        self.assertEqual('prepared', self.kept.states['other']['phase'])

    def test_nodes_that_a_service_leaves_may_be_left_out_too(self):
        services = self.services('1')
        del services['Controller']['other']
        rollout = self.compute(services, nodes=['controller-1'])
        self.assertEqual(
            ['controller-1'],
            list(rollout['services']['other']['leaving']))
        self.assertEqual(['controller-0', 'controller-2'],
                         rollout['left_undone']['other'])
        self.kept.carry_out(rollout)
        self.assertEqual({'controller-0', 'controller-2'}, set(
            self.compute(services)['services']['other']['leaving']))

    def test_a_service_that_leaves_is_left_undone_by_name(self):
        services = self.services('1')
        del services['Controller']['other']
        services['Controller']['db'] = plans.lifecycle('2')
        rollout = self.kept.compute(services, compute=2, selected={
            'services': ['db']})
        self.assertEqual(3, len(rollout['left_undone']['other']))

    def test_what_the_cloud_does_not_have_is_refused(self):
        for kind, name in (('services', 'wbe'), ('roles', 'Storage'),
                           ('nodes', 'controller-9')):
            text = self.refused(
                f'selected.{kind}', self.services(), compute=2,
                selected={kind: [name]})
            self.assertIn(name, text)

        self.refused('selected.node', self.services(), compute=2,
                     selected={'node': ['controller-0']})
