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
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import units


def hook(name='tell', **more):
    place = {} if {'before', 'after'} & more.keys() else {
        'before': 'web.start'}

    return {'name': name, 'script': 'x', **place, **more}


class HooksTestCase(test_document.DocumentTestCase):

    def services(self, **more):
        return {role: {'web': plans.lifecycle(**more)}
                for role in ('Controller', 'Compute')}

    def compute(self, *hooks, **more):
        return self.kept.compute(self.services(**more), hooks=hooks,
                                 compute=1)

    def steps(self, rollout, node='controller-0', unit='1'):
        return list(units.members(rollout, 'web', unit, dict)[node].steps)

    def test_they_stand_around_their_step_in_their_order(self):
        self.assertEqual(
            ['package', 'before-start-b', 'before-start-a', 'start',
             'after-start-a'],
            self.steps(self.compute(hook('b'), hook('a'),
                                    hook('a', after='web.start'))))

    def test_roles(self):
        rollout = self.compute(hook(roles=['Compute']))
        self.assertNotIn('before-start-tell', self.steps(rollout))
        self.assertIn('before-start-tell', self.steps(rollout, 'compute-0'))

    def test_one_may_stand_at_two_steps(self):
        steps = self.steps(self.compute(hook(before='web.package',
                                             after='web.start')))
        self.assertEqual(['before-package-tell', 'package', 'start',
                          'after-start-tell'], steps)

    def test_a_phase_has_them_where_its_step_runs(self):
        rollout = self.compute(
            hook(before='web.expand'), prepare={'expand': plans.script()})
        members = units.members(rollout, 'web', 'prepare', dict)
        self.assertEqual({'controller-0': ('before-expand-tell', 'expand')},
                         {name: member.steps
                          for name, member in members.items()})

    def test_those_of_other_services_are_passed_over(self):
        self.assertEqual(['package', 'start'],
                         self.steps(self.compute(hook(before='db.start'))))

    def test_a_step_that_the_service_lacks_is_refused(self):
        text = self.refused('lifecycle_hooks', self.services(),
                            hooks=[hook(before='web.configure')])
        self.assertIn('before web.configure', text)
        self.assertIn('Use one of drain, package, start, stop', text)

    def test_two_of_one_name_are_refused(self):
        self.refused('lifecycle_hooks', self.services(),
                     hooks=[hook(), hook()])

    def test_an_input_that_would_be_taken_for_a_secret_is_refused(self):
        self.refused('lifecycle_hooks', self.services(secrets=['PASSWORD']),
                     hooks=[hook(inputs={'PASSWORD': 'x'})])

    def test_around_what_makes_a_revision_they_are_part_of_it(self):
        for step, changes in (('start', True), ('package', True),
                              ('drain', False)):
            kept = self.kept = plans.Kept()
            kept.deploy(self.services(), compute=1)
            rolled = self.compute(hook(before=f'web.{step}'))['services']
            self.assertEqual(changes, 'web' in rolled, step)

            if changes:
                self.assertEqual('hooks changed', rolled['web']['nodes'][
                    'compute-0']['why'])

    def test_what_breaks_the_format_names_the_field(self):
        for wrong, words in (
                ({'script': 'x', 'before': 'web.start'}, 'name'),
                (hook(name='Tell me'), 'name'),
                (hook(before='web'), 'before'),
                (hook(playbook='x'), 'lifecycle_hooks'),
                ({'name': 'tell', 'script': 'x'}, 'lifecycle_hooks'),
                (hook(when='later'), 'when')):
            error = self.assertRaises(
                exceptions.InvalidInput, schema.require_environment,
                {'lifecycle_hooks': [wrong]})
            self.assertIn(words, str(error))
