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

from tests.unit.rollout import plans
from tests.unit.rollout import test_hooks
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import wanted


class WantedTestCase(testtools.TestCase):

    def cloud(self, **more):
        return plans.cloud({
            'Controller': {'web': plans.lifecycle(**more)},
            'Compute': {'web': plans.lifecycle(after=['cache'])},
            'Storage': {'disks': plans.lifecycle()}}, compute=2)

    def refused(self, field, cloud=None, known=('web', 'cache', 'db'),
                policy=None, hooks=()):
        error = self.assertRaises(
            exceptions.InvalidInput, wanted.refuse_unknown,
            cloud or self.cloud(), known, 'overcloud', {
                'lifecycle_policy': policy or {}, 'lifecycle_hooks': hooks})
        self.assertEqual(field, error.where['field'])

        return str(error)

    def test_a_service_is_one_over_all_roles(self):
        service = wanted.services(self.cloud(after=['db']))['web']
        self.assertEqual(['Controller', 'Compute'], list(service.lifecycles))
        self.assertEqual(
            [f'controller-{number}' for number in range(3)]
            + ['compute-0', 'compute-1'],
            [node.name for node in service.nodes])
        self.assertEqual({'prepare': {'db.finish', 'cache.finish'}},
                         service.after)

    def test_a_service_without_nodes_is_not_wanted(self):
        self.assertEqual(['web'], list(wanted.services(self.cloud())))

    def test_the_plan_overrides_policies_in_all_roles(self):
        service = wanted.services(self.cloud(batch=2), {
            'web': {'batch': 3}})['web']
        self.assertEqual([3, 3], [
            lifecycle['policy']['batch']
            for lifecycle in service.lifecycles.values()])

    def test_what_is_known_passes(self):
        wanted.refuse_unknown(
            self.cloud(after=['db']), ['cache', 'db'], 'overcloud', {
                'lifecycle_policy': {
                    'services': {'db': {'batch': 2}},
                    'roles': {'Storage': {'max_unavailable': 1}}},
                'lifecycle_hooks': [test_hooks.hook(
                    before='db.start', roles=['Compute'])]})

    def test_names_that_no_template_defines_are_refused(self):
        text = self.refused('lifecycle.after', self.cloud(after=['haprxy']))
        self.assertIn('service named haprxy', text)
        self.assertIn('[plan=overcloud, service=web', text)
        self.refused('lifecycle_policy.services',
                     policy={'services': {'wbe': {}}})
        self.refused('lifecycle_hooks', hooks=[
            test_hooks.hook(before='wbe.start')])

    def test_roles_that_the_plan_lacks_are_refused(self):
        self.assertIn('no role named Controler', self.refused(
            'lifecycle_policy.roles', policy={
                'roles': {'Controler': {'max_unavailable': 1}}}))
        self.refused('lifecycle_hooks', hooks=[
            test_hooks.hook(roles=['Controler'])])

    def test_an_unknown_phase_is_refused(self):
        error = self.assertRaises(
            exceptions.InvalidInput, wanted.services,
            self.cloud(after=['db.rol']))
        self.assertTrue(error.where['field'].startswith('lifecycle.after'))

    def test_a_policy_of_the_plan_that_breaks_the_format_is_refused(self):
        for policy, words in (
                ({'services': {'web': {'batch': 0}}}, 'batch'),
                ({'services': {'web': {'batches': 1}}}, 'batches'),
                ({'roles': {'Controller': {'max_unavailable': 0}}},
                 'max_unavailable'),
                ({'role': {}}, 'role')):
            error = self.assertRaises(
                exceptions.InvalidInput, schema.require_environment,
                {'lifecycle_policy': policy})
            self.assertIn(words, str(error))
