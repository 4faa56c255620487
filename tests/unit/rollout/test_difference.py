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
from tests.unit.rollout import test_document

NAMES = ['controller-0', 'controller-1', 'controller-2']


class DifferenceTestCase(test_document.DocumentTestCase):

    def entry(self, lifecycle=None, **more):
        """What a rollout does to the service ``web``."""
        return self.compute(lifecycle, **more)['services']['web']

    def compute(self, lifecycle=None, **more):
        return self.kept.compute(self.on_controllers(lifecycle), **more)

    def deploy(self, lifecycle, **more):
        return self.kept.deploy(self.on_controllers(lifecycle), **more)

    def on_controllers(self, lifecycle):
        return {'Controller': {'web': lifecycle} if lifecycle else {}}

    def refuses(self, field, lifecycle, **more):
        return self.refused(field, self.on_controllers(lifecycle), **more)


class WayTestCase(DifferenceTestCase):

    def ways(self, lifecycle, **more):
        return {node['way'] for node in self.entry(
            lifecycle, **more)['nodes'].values()}

    def lifecycle(self, port=80, package='install', password='x',
                  **more):
        return plans.lifecycle(
            package=package, secrets=['PASSWORD'], roll={
                'configure': plans.script('write', inputs={
                    'PORT': port, 'PASSWORD': password}),
                'reload': plans.script()}, **more)

    def test_where_nothing_runs_it_is_the_first(self):
        self.assertEqual({'first'}, self.ways(self.lifecycle()))

    def test_a_changed_configuration_is_reloaded(self):
        self.deploy(self.lifecycle())
        self.assertEqual({'reload'}, self.ways(self.lifecycle(port=81)))
        self.assertEqual({'reload'}, self.ways(
            self.lifecycle(password='y')))

    def test_whatever_else_changed_takes_the_whole_way(self):
        self.deploy(self.lifecycle())
        self.assertEqual({'whole'}, self.ways(
            self.lifecycle(port=81, package='other')))
        self.assertEqual({'whole'}, self.ways(self.lifecycle(
            port=81, release='2')))

    def test_without_a_reload_there_is_the_whole_way_only(self):
        before, after = self.lifecycle(), self.lifecycle(port=81)
        del before['lifecycle']['roll']['reload']
        del after['lifecycle']['roll']['reload']
        self.deploy(before)
        self.assertEqual({'whole'}, self.ways(after))

    def test_what_did_not_end_goes_the_whole_way(self):
        self.deploy(self.lifecycle())
        self.kept.states['web']['nodes'][NAMES[2]]['revision'] = 'unfinished'
        nodes = self.entry(self.lifecycle(port=81))['nodes']
        self.assertEqual(['reload', 'reload', 'whole'],
                         [nodes[name]['way'] for name in NAMES])
        self.assertEqual('an earlier roll did not end',
                         nodes[NAMES[2]]['why'])

    def test_a_service_that_never_ended_anywhere_is_not_drained(self):
        self.deploy(self.lifecycle())

        for node in self.kept.states['web']['nodes'].values():
            node['revision'] = None

        self.assertEqual({'first'}, self.ways(self.lifecycle()))

    def test_where_all_servers_were_replaced_all_begins_anew(self):
        lifecycle = plans.lifecycle(
            prepare={'backup': plans.script(), 'expand': plans.script()},
            finish={'migrate': plans.script()})
        self.deploy(lifecycle)
        entry = self.entry(lifecycle, first_id=7)
        self.assertEqual([NAMES], entry['batches'])
        # Nothing is there to be saved, and all is to be made.
        self.assertEqual({'prepare': ['expand'], 'finish': ['migrate']},
                         entry['steps'])


class WhyTestCase(DifferenceTestCase):

    def why(self, before, after):
        self.deploy(before)

        return self.entry(after)['nodes'][NAMES[0]]['why']

    def configured(self, **inputs):
        return plans.lifecycle(secrets=['PASSWORD'], roll={
            'configure': plans.script('write', inputs=inputs)})

    def test_inputs_are_named(self):
        self.assertEqual('configure (PORT, OLD) changed', self.why(
            self.configured(PORT=80, OLD=1), self.configured(PORT=81)))

    def test_secrets_are_named_and_no_more(self):
        self.assertEqual('secret PASSWORD changed', self.why(
            self.configured(PASSWORD='hunter2'),
            self.configured(PASSWORD='hunter3')))

    def test_all_that_changed_is_named(self):
        self.assertEqual('package (script) and configure (PORT) changed',
                         self.why(self.configured(PORT=80), {'lifecycle': {
                             **self.configured(PORT=81)['lifecycle'], 'roll': {
                                 **self.configured(PORT=81)['lifecycle'][
                                     'roll'],
                                 'package': plans.script('other')}}}))

    def test_without_the_stored_steps_the_step_is_named(self):
        self.deploy(self.configured(PORT=80))
        self.kept.lifecycles.clear()
        self.assertEqual('configure changed', self.entry(
            self.configured(PORT=81))['nodes'][NAMES[0]]['why'])

    def test_a_node_with_another_address_is_named(self):
        self.deploy(self.configured())
        # A role before it moves all addresses.
        nodes = self.kept.compute({
            'Compute': {}, **self.on_controllers(self.configured())})[
                'services']['web']['nodes']
        self.assertEqual('the node changed', nodes[NAMES[0]]['why'])


class BatchesTestCase(DifferenceTestCase):

    def sizes(self, lifecycle, **more):
        return [len(batch) for batch
                in self.entry(lifecycle, **more)['batches']]

    def upgrade(self, controller=10, down=(), policies=None, **rules):
        self.deploy(plans.lifecycle(), controller=controller)

        return self.sizes(plans.lifecycle('2', **rules), down=down,
                          controller=controller, policies=policies)

    def test_sizes(self):
        for rules, sizes in (
                ({}, [1] * 10), ({'batch': 4}, [4, 4, 2]),
                ({'batch': '25%'}, [2] * 5), ({'batch': '5%'}, [1] * 10),
                ({'batch': '100%'}, [10]),
                ({'batch': 4, 'canary': 1}, [1, 4, 4, 1]),
                ({'batch': 2, 'canary': 5}, [2] * 5),
                ({'batch': 5, 'max_unavailable': 3}, [3, 3, 3, 1]),
                ({'batch': 5, 'max_unavailable': '20%'}, [2] * 5)):
            self.kept = plans.Kept()
            self.assertEqual(sizes, self.upgrade(**rules), rules)

    def test_where_nothing_runs(self):
        for initial, sizes in (('all', [3]), ('serial', [1, 1, 1]),
                               ('bootstrap_first', [1, 2])):
            self.assertEqual(sizes, self.sizes(
                plans.lifecycle(initial=initial, canary=1)), initial)

    def test_nodes_that_are_down_count_as_out_of_service(self):
        self.assertEqual([2] * 4 + [1], self.upgrade(
            down=[NAMES[0]], batch=3, max_unavailable=3,
            unreachable='skip'))

    def test_no_room_is_refused(self):
        self.deploy(plans.lifecycle())
        text = self.refuses(
            'policy.max_unavailable',
            plans.lifecycle('2', max_unavailable=1, unreachable='skip'),
            down=[NAMES[0]])
        self.assertIn('1 nodes are out of service already', text)
        self.refuses('policy.max_unavailable',
                     plans.lifecycle('2', max_unavailable='30%'))
        self.refuses('policy.max_unavailable',
                     plans.lifecycle('2', max_unavailable=0))

    def test_a_new_node_needs_no_room(self):
        self.deploy(plans.lifecycle(max_unavailable=0))
        self.assertEqual([1], self.sizes(
            plans.lifecycle(max_unavailable=0), controller=4))

    def test_a_role_has_a_limit_over_all_services(self):
        def services(release):
            return {'Controller': {
                name: plans.lifecycle(release, batch=3) for name in 'ab'}}

        policies = {'roles': {'Controller': {'max_unavailable': 2}}}
        self.kept.deploy(services('1'))
        rollout = self.kept.compute(services('2'), policies=policies)

        self.assertEqual([[2, 1], [2, 1]], [
            [len(batch) for batch in rollout['services'][name]['batches']]
            for name in 'ab'])
        self.assertEqual({'roll': ['a.roll']},
                         rollout['services']['b']['after'])
        self.assertIn('role', self.refused(
            'lifecycle_policy.roles.Controller.max_unavailable',
            services('2'), policies=policies, down=NAMES[:2]))

    def test_who_does_not_answer_is_left_out_where_the_policy_says_so(self):
        self.deploy(plans.lifecycle())
        entry = self.entry(plans.lifecycle('2', unreachable='skip'),
                           down=[NAMES[0]])
        self.assertEqual({NAMES[0]: 'does not answer'}, entry['skipped'])
        self.assertEqual(NAMES[1], entry['bootstrap'])
        self.assertEqual([[NAMES[1]], [NAMES[2]]], entry['batches'])
        # Else the rollout waits for it, and says so when it begins.
        self.assertEqual({}, self.entry(plans.lifecycle('2'),
                                        down=[NAMES[0]])['skipped'])

    def test_where_all_that_is_left_does_not_answer(self):
        self.deploy(plans.lifecycle(prepare={'expand': plans.script()}))
        entry = self.entry(plans.lifecycle(
            '2', unreachable='skip', prepare={'expand': plans.script()}),
            down=NAMES)
        self.assertEqual(set(NAMES), set(entry['skipped']))
        self.assertEqual({'prepare': [], 'finish': []}, entry['steps'])


class ReleaseTestCase(DifferenceTestCase):

    def test_a_release_comes_from_those_that_it_names(self):
        self.deploy(plans.lifecycle('1'))
        text = self.refuses('lifecycle.from', plans.lifecycle(
            '3', **{'from': ['2']}))
        self.assertIn('can come from 2, and the node has 1', text)
        self.assertTrue(self.entry(plans.lifecycle('3', **{'from': [1, 2]})))
        # Nothing is to come from.
        self.kept = plans.Kept()
        self.assertTrue(self.entry(plans.lifecycle('3', **{'from': [2]})))

    def test_a_release_without_a_way_back_is_not_left_for_older_ones(self):
        for release, more in (('1', {}), ('2', {'reversible': False}),
                              ('3', {})):
            self.deploy(plans.lifecycle(release, **more))

        self.assertTrue(self.entry(plans.lifecycle('2', reversible=False)))
        text = self.refuses('lifecycle.reversible', plans.lifecycle('1'))
        self.assertIn('no way back from release 3 to 1', text)
        # A release that was never here may come.
        self.assertTrue(self.entry(plans.lifecycle('4')))

    def test_a_point_of_no_return_counts_once_it_is_passed(self):
        contract = {'finish': {'contract': plans.script(
            point_of_no_return=True)}}
        self.deploy(plans.lifecycle('1'))
        rollout = self.compute(plans.lifecycle('2', **contract))
        self.kept.carry_out(rollout, [('web', '1'), ('web', '2'),
                                      ('web', '3')])
        self.assertTrue(self.entry(plans.lifecycle('1')))
        self.kept.carry_out(rollout, [('web', 'finish')])
        self.refuses('lifecycle.reversible', plans.lifecycle('1'))

    def test_there_and_back_again(self):
        for release in '1213':
            self.deploy(plans.lifecycle(release))

        self.assertEqual(['2', '1', '3'], self.kept.states['web']['history'])


class StepsTestCase(DifferenceTestCase):

    ONCE = {'prepare': {'check': [plans.http()], 'stage': plans.script(),
                        'backup': plans.script(), 'expand': plans.script()},
            'finish': {'migrate': plans.script(), 'contract': plans.script(),
                       'cleanup': plans.script()}}

    def test_another_release_takes_all_steps(self):
        self.deploy(plans.lifecycle(**self.ONCE))
        self.assertEqual(
            {'prepare': ['check', 'stage', 'backup', 'expand'],
             'finish': ['migrate', 'contract', 'cleanup']},
            self.entry(plans.lifecycle('2', **self.ONCE))['steps'])

    def test_a_change_within_the_release_changes_no_data(self):
        self.deploy(plans.lifecycle(**self.ONCE))
        self.assertEqual(
            {'prepare': ['check', 'stage'], 'finish': ['cleanup']},
            self.entry(plans.lifecycle(package='other', **self.ONCE))[
                'steps'])

    def test_the_first_time_there_is_nothing_to_check_or_save(self):
        self.assertEqual(
            {'prepare': ['stage', 'expand'],
             'finish': ['migrate', 'contract', 'cleanup']},
            self.entry(plans.lifecycle(**self.ONCE))['steps'])

    def test_an_end_that_is_missing_is_made_up_for(self):
        self.deploy(plans.lifecycle(**self.ONCE))
        rollout = self.compute(plans.lifecycle('2', **self.ONCE))
        self.kept.carry_out(rollout, [
            ('web', unit) for unit in ('prepare', '1', '2', '3')])
        entry = self.entry(plans.lifecycle('2', **self.ONCE))
        self.assertEqual(
            {'prepare': [], 'finish': ['migrate', 'contract', 'cleanup']},
            entry['steps'])
        self.assertEqual(({}, []), (entry['nodes'], entry['batches']))

    def test_what_cannot_be_undone_has_its_backup_in_the_same_operation(self):
        once = {**self.ONCE, 'finish': {'contract': plans.script(
            point_of_no_return=True)}}
        self.deploy(plans.lifecycle(**once))
        rollout = self.compute(plans.lifecycle('2', **once))
        self.kept.carry_out(rollout, [
            ('web', unit) for unit in ('prepare', '1', '2', '3')])
        self.assertEqual({'prepare': ['backup'], 'finish': ['contract']},
                         self.entry(plans.lifecycle('2', **once))['steps'])

    def test_a_prepare_that_failed_is_planned_again(self):
        self.deploy(plans.lifecycle(**self.ONCE))
        self.kept.carry_out(self.compute(plans.lifecycle('2', **self.ONCE)),
                            [('web', 'prepare')])
        self.assertIn('expand', self.entry(
            plans.lifecycle('2', **self.ONCE))['steps']['prepare'])
        # And the plan may go back as if nothing had been.
        self.assertEqual({}, self.compute(
            plans.lifecycle(**self.ONCE))['services'])


class LeavingTestCase(DifferenceTestCase):

    def test_a_service_leaves_the_roles_that_lost_it(self):
        lifecycle = plans.lifecycle()
        self.kept.deploy({'Controller': {'web': lifecycle},
                          'Compute': {'web': lifecycle}}, compute=1)
        rollout = self.kept.compute({'Controller': {'web': lifecycle},
                                     'Compute': {}}, compute=1)
        entry = rollout['services']['web']
        self.assertEqual(['compute-0'], list(entry['leaving']))
        self.assertEqual('1', entry['leaving']['compute-0']['from_release'])
        self.assertEqual({}, entry['nodes'])

    def test_servers_that_are_gone_are_not_left(self):
        self.deploy(plans.lifecycle())
        self.assertEqual({}, self.compute(first_id=7)['services'])
        self.assertEqual([NAMES[0]], list(self.compute(controller=1)[
            'services']['web']['leaving']))


class RevisionTestCase(testtools.TestCase):
    """What changes a revision, and what does not."""

    def revisions(self, nodes=None, **changes):
        inputs = {'PASSWORD': 'hunter2', 'HOSTS': ['a', 'b'], 'PORT': 80,
                  **changes.pop('inputs', {})}
        cloud = plans.cloud({'Controller': {'web': plans.lifecycle(
            secrets=['PASSWORD'], sets=['HOSTS'], roll={
                'configure': plans.script('write', inputs=inputs)},
            **changes)}})

        if nodes:
            cloud = plans.stack_cloud.Cloud(
                cloud.stack_id, {name: cloud.nodes[name] for name in nodes},
                cloud.role_data, cloud.unmanaged)

        request = plans.rollout_document.Request(plans.PLAN, 'deploy')

        return {name: node['wanted'] for name, node
                in plans.rollout_document.compute(
                    cloud, request, {}, plans.KEY)['services']['web'][
                        'nodes'].items()}

    def test_equal_after_an_update_without_changes(self):
        self.assertEqual(self.revisions(), self.revisions())

    def test_equal_in_another_order_of_nodes(self):
        self.assertEqual(self.revisions(), self.revisions(
            nodes=reversed(NAMES)))

    def test_equal_in_another_order_of_sets_and_inputs(self):
        self.assertEqual(self.revisions(), self.revisions(
            inputs={'HOSTS': ['b', 'a']}))
        self.assertEqual(
            self.revisions(), self.revisions(inputs=dict(reversed(
                {'PASSWORD': 'hunter2', 'PORT': 80}.items()))))

    def test_another_order_of_a_list_is_another_list(self):
        self.assertNotEqual(self.revisions(inputs={'LIST': ['a', 'b']}),
                            self.revisions(inputs={'LIST': ['b', 'a']}))

    def test_a_rotated_secret_changes_all(self):
        before = self.revisions()
        after = self.revisions(inputs={'PASSWORD': 'hunter3'})
        self.assertFalse({*before.values()} & {*after.values()})

    def test_each_node_has_its_own(self):
        self.assertEqual(3, len({*self.revisions().values()}))

    def test_policy_and_order_change_none(self):
        self.assertEqual(self.revisions(), self.revisions(
            batch=3, after=['database'], gate=[plans.http()]))
