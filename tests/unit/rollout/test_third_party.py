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

"""What a site adds to the sample, whose templates stay as they are."""

import pathlib

import testtools
import yaml

from tests.third_party import site
from tests.unit.pack import test_rehearse
from tests.unit.rollout import plans
from tests.unit.rollout import sample
from tests.unit.stack import test_arguments
from tripleo_workflows.pack import workbooks
from tripleo_workflows.pack.lint import checker
from tripleo_workflows.plan import store
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import tree
from tripleo_workflows.rollout import units
from tripleo_workflows.rollout import wanted

CONTROLLERS = [f'overcloud-controller-{index}' for index in range(3)]
COMPUTES = [f'overcloud-compute-{index}' for index in range(2)]
AGENT = 'OS::TripleO::Services::MonitorAgent'
#: A change of every service that the sample has.
CHANGED = {'WebRelease': '2', 'HaproxyServerTimeout': 31,
           'WebDatabasePassword': 'other', 'MonitorAgentInterval': 11}
#: The steps that this change takes, on the first node of each unit.
STEPS = {
    ('haproxy', '1'): ['configure', 'reload', 'verify', 'gate'],
    ('mariadb', '1'): ['configure', 'reload', 'verify'],
    ('web', 'prepare'): ['backup', 'expand'],
    ('web', '1'): ['drain', 'stop', 'package', 'configure', 'start',
                   'verify', 'undrain', 'gate'],
    ('web', 'finish'): ['contract', 'cleanup'],
    ('monitor_agent', '1'): ['stop', 'package', 'configure', 'start',
                             'verify']}


def hooks_at(step, **more):
    """Two hooks before a step and one after it."""
    return [site.hook('warn', before=step, **more),
            site.hook('announce', before=step, **more),
            site.hook('relieve', after=step, **more)]


def around(steps):
    """Steps with these hooks, in the order in which they run."""
    return [part for step in steps for part in (
        f'before-{step}-warn', f'before-{step}-announce', step,
        f'after-{step}-relieve')]


class ThirdPartyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()

    def compute(self, *listed, sections=None, verb='upgrade', **parameters):
        """The rollout of the sample with the site's files beside it.

        :param listed: the site's environments that count.
        :param sections: of the plan's environment.
        """
        return sample.compute(self.kept, {**site.files(), **sample.files(
            lambda plan: site.beside(plan, *listed, **(sections or {})),
            **parameters)}, verb)

    def deploy(self, *listed, **more):
        self.kept.carry_out(self.compute(*listed, verb='deploy', **more))

    def steps(self, rollout, service, unit, node=None):
        """The steps of a node, which is the first one of the unit if none."""
        members = units.members(rollout, service, unit,
                                self.kept.lifecycles.__getitem__)

        return list(members[node or next(iter(members))].steps)

    def lines(self, rollout):
        return tree.tree(rollout, 'd' * 64).splitlines()


class HooksTestCase(ThirdPartyTestCase):

    def setUp(self):
        super().setUp()
        services = wanted.services(sample.cloud(sample.files()))
        self.everywhere = {'lifecycle_hooks': [
            hook for name, service in services.items()
            for step in service.first['steps']
            for hook in hooks_at(f'{name}.{step}')]}

    def test_they_stand_around_every_step(self):
        self.deploy(sections=self.everywhere)
        rollout = self.compute(sections=self.everywhere, **CHANGED)
        self.assertEqual(
            {place: around(steps) for place, steps in STEPS.items()},
            {place: self.steps(rollout, *place) for place in STEPS})

    def test_they_stand_around_the_steps_of_a_first_roll(self):
        rollout = self.compute(sections=self.everywhere, verb='deploy')
        self.assertEqual(
            around(['package', 'configure', 'start', 'verify', 'undrain',
                    'gate']), self.steps(rollout, 'web', '1'))

    def test_a_service_leaves_with_those_with_which_it_came(self):
        self.deploy(sections=self.everywhere)
        rollout = self.compute(verb='undeploy')
        self.assertEqual(around(['drain', 'stop', 'remove']),
                         self.steps(rollout, 'web', 'leave'))

    def test_only_the_role_that_they_name_has_them(self):
        services = ['OS::TripleO::Services::HAproxy',
                    'OS::TripleO::Services::Web', AGENT]
        rollout = self.compute(
            verb='deploy', ControllerServices=services,
            sections={'lifecycle_hooks': hooks_at('monitor_agent.start',
                                                  roles=['Compute'])})
        plain = ['package', 'configure', 'start', 'verify']
        self.assertEqual(plain, self.steps(rollout, 'monitor_agent', '1',
                                           CONTROLLERS[0]))
        self.assertEqual([*plain[:2], *around(['start']), 'verify'],
                         self.steps(rollout, 'monitor_agent', '1',
                                    COMPUTES[0]))

    def test_all_other_services_stay_as_they_are(self):
        self.deploy()
        rollout = self.compute(sections={
            'lifecycle_hooks': hooks_at('monitor_agent.start')})
        self.assertEqual(['monitor_agent'], list(rollout['services']))


class WorkflowTestCase(ThirdPartyTestCase):

    def test_it_takes_the_roll_of_its_service_over(self):
        self.deploy(site.TAKE_OVER_HAPROXY)
        rollout = self.compute(site.TAKE_OVER_HAPROXY, **CHANGED)
        [definition] = graph.compile_workflows(rollout, 'name').values()
        tasks = yaml.safe_load(definition)['name']['tasks']
        self.assertEqual(
            {'haproxy.roll': site.ROLL,
             'mariadb.roll': 'tripleo.rollout.v1.roll',
             'web.prepare': 'tripleo.rollout.v1.prepare',
             'web.roll': 'tripleo.rollout.v1.roll',
             'web.finish': 'tripleo.rollout.v1.finish',
             'monitor_agent.roll': 'tripleo.rollout.v1.roll'},
            {name: task['workflow'] for name, task in tasks.items()})
        self.assertIn('web.prepare', tasks['haproxy.roll']['on-success'])
        self.assertIn(f'each batch: workflow {site.ROLL}',
                      ' '.join(self.lines(rollout)))

    def test_who_rolls_a_service_is_no_part_of_what_it_is(self):
        self.deploy()
        self.assertEqual({}, self.compute(site.TAKE_OVER_HAPROXY)['services'])

    def test_the_workbook_is_sound(self):
        self.assertEqual([], checker.check(
            [site.WORKBOOK], beside=workbooks.paths()))

    def test_the_workbook_does_what_the_site_wants(self):
        code, output, errors = test_rehearse.command(
            'rehearse', '--full', 'rehearsal.yaml', directory=site.HERE)
        self.assertEqual(0, code, output + errors)


class AddedServiceTestCase(ThirdPartyTestCase):

    def test_it_is_deployed_in_its_place(self):
        rollout = self.compute(site.ADD_AUDIT, verb='deploy')
        self.assertEqual({'roll': ['haproxy.roll']},
                         rollout['services']['audit']['after'])
        [definition] = graph.compile_workflows(rollout, 'name').values()
        tasks = yaml.safe_load(definition)['name']['tasks']
        self.assertIn('audit.roll', tasks['haproxy.roll']['on-success'])
        self.assertNotIn('on-success', tasks['audit.roll'])

    def test_nothing_else_is_rolled_for_it(self):
        self.deploy()
        rollout = self.compute(site.ADD_AUDIT)
        self.assertEqual(['audit'], list(rollout['services']))
        self.assertEqual([CONTROLLERS],
                         rollout['services']['audit']['batches'])
        self.assertEqual(['configure'], self.steps(rollout, 'audit', '1'))

    def test_it_goes_when_the_site_takes_it_back(self):
        self.deploy(site.ADD_AUDIT)
        rollout = self.compute()
        self.assertEqual(['audit'], list(rollout['services']))
        self.assertEqual(CONTROLLERS,
                         list(rollout['services']['audit']['leaving']))

    def test_it_may_have_hooks_and_a_policy_like_any_other(self):
        sections = {
            'lifecycle_hooks': hooks_at('audit.configure'),
            'lifecycle_policy': {'services': {'audit': {
                'initial': 'serial'}}}}
        rollout = self.compute(site.ADD_AUDIT, verb='deploy',
                               sections=sections)
        self.assertEqual(around(['configure']),
                         self.steps(rollout, 'audit', '1'))
        self.assertEqual([[name] for name in CONTROLLERS],
                         rollout['services']['audit']['batches'])


class PolicyTestCase(ThirdPartyTestCase):

    def batches(self, *listed, **policy):
        """The batches by service, where all of them are changed."""
        return {name: entry['batches'] for name, entry in self.compute(
            *listed, sections={'lifecycle_policy': policy},
            **CHANGED)['services'].items()}

    def test_it_counts_before_the_template_s(self):
        self.deploy()
        plain = self.batches()
        self.assertEqual([[name] for name in CONTROLLERS], plain['web'])
        self.assertEqual([[name] for name in COMPUTES],
                         plain['monitor_agent'])
        self.assertEqual(
            {**plain, 'web': [CONTROLLERS[:1], CONTROLLERS[1:]],
             'monitor_agent': [COMPUTES]},
            self.batches(services={
                'web': {'batch': 2, 'canary': 1},
                'monitor_agent': {'batch': '100%'}}))

    def test_the_rest_of_the_template_s_stays(self):
        self.deploy()
        rollout = self.compute(
            sections={'lifecycle_policy': {'services': {
                'monitor_agent': {'max_failures': 1}}}},
            MonitorAgentInterval=11)
        policy = units.policy_of(rollout['services']['monitor_agent'])
        self.assertEqual(('50%', 1),
                         (policy['batch'], policy['max_failures']))
        self.assertIn('goes on while no more than 1 of its nodes fail',
                      ' '.join(self.lines(rollout)))

    def test_a_limit_of_a_role_counts_before_all_of_them(self):
        self.deploy()
        found = self.batches(services={'web': {'batch': '100%'}},
                             roles={'Controller': {'max_unavailable': 1}})
        self.assertEqual([[name] for name in CONTROLLERS], found['web'])

    def test_a_limit_of_a_role_holds_for_an_added_service_too(self):
        def waits(**policy):
            services = self.compute(
                site.ADD_AUDIT, verb='deploy',
                sections={'lifecycle_policy': policy})['services']

            return {*services['audit']['after']['roll'],
                    *services['web']['after']['roll']}

        limits = {'roles': {'Controller': {'max_unavailable': 1}}}
        self.assertEqual(set(), waits() & {'audit.roll', 'web.roll'})
        self.assertEqual(1, len(waits(**limits) & {'audit.roll',
                                                   'web.roll'}))


class FilesTestCase(testtools.TestCase):

    def test_the_site_has_no_file_of_the_plan(self):
        plan = store.read_directory(test_arguments.SAMPLE)
        self.assertEqual(set(), plan.keys() & site.files().keys())
        self.assertEqual({'site'}, {pathlib.PurePath(name).parts[0]
                                    for name in site.files()})
