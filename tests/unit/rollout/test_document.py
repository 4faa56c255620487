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

import json

import testtools

from tests.unit.rollout import plans
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import document
from tripleo_workflows.rollout import revision


def on_controllers(**services):
    return {'Controller': services}


class DocumentTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()

    def refused(self, field, *args, **kwargs):
        error = self.assertRaises(exceptions.InvalidInput,
                                  self.kept.compute, *args, **kwargs)
        self.assertEqual(field, error.where['field'])
        self.assertTrue(error.remedy)

        return str(error)


class ComputeTestCase(DocumentTestCase):

    def test_everything_is_rolled_where_nothing_runs(self):
        rollout = self.kept.compute(
            on_controllers(web=plans.lifecycle(after=['haproxy']),
                           haproxy=plans.lifecycle()), verb='deploy')

        self.assertEqual(['haproxy', 'web'], sorted(rollout['services']))
        self.assertEqual({'roll': ['haproxy.roll']},
                         rollout['services']['web']['after'])
        self.assertEqual(
            [['controller-0', 'controller-1', 'controller-2']],
            rollout['services']['web']['batches'])
        self.assertEqual(['legacy'], rollout['unmanaged'])

    def test_nothing_is_rolled_after_it_was_carried_out(self):
        services = on_controllers(web=plans.lifecycle())
        self.kept.deploy(services)

        rollout = self.kept.compute(services)

        self.assertEqual({}, rollout['services'])
        self.assertEqual(['web'], rollout['unchanged'])

    def test_a_new_release_rolls_its_service_in_batches(self):
        self.kept.deploy(on_controllers(web=plans.lifecycle(),
                                        other=plans.lifecycle()))
        rollout = self.kept.compute(on_controllers(
            web=plans.lifecycle('2', batch=2), other=plans.lifecycle()))

        self.assertEqual(['web'], list(rollout['services']))
        web = rollout['services']['web']
        self.assertEqual([['controller-0', 'controller-1'],
                          ['controller-2']], web['batches'])
        self.assertEqual('release 1 → 2', web['nodes']['controller-0']['why'])
        self.assertEqual(['1'], web['from_releases'])

    def test_steps_that_leave_a_node_are_no_part_of_its_revision(self):
        self.kept.deploy(on_controllers(web=plans.lifecycle()))
        after = on_controllers(web=plans.lifecycle(roll={
            'drain': plans.script('another way'),
            'start': plans.script('start', timeout=5)}))

        self.assertEqual({}, self.kept.compute(after)['services'])

    def test_an_added_node_is_rolled_and_no_other(self):
        services = {'Controller': {'web': plans.lifecycle()},
                    'Compute': {'agent': plans.lifecycle()}}
        self.kept.deploy(services, compute=1)

        rollout = self.kept.compute(services, compute=2, verb='scale')

        self.assertEqual(['agent'], list(rollout['services']))
        self.assertEqual([['compute-1']],
                         rollout['services']['agent']['batches'])

    def test_a_replaced_node_has_no_revision(self):
        services = on_controllers(web=plans.lifecycle())
        self.kept.deploy(services)
        self.kept.states['web']['nodes']['controller-1'][
            'server_id'] = 'another'

        nodes = self.kept.compute(services)['services']['web']['nodes']

        self.assertEqual(['controller-1'], list(nodes))
        self.assertIsNone(nodes['controller-1']['base'])

    def test_what_is_reached_is_reached_by_the_same_server(self):
        facts, wanted = {'server_id': 'new'}, {'wanted': 'revision'}
        self.assertTrue(document.is_reached(
            facts, wanted, {'revision': 'revision', 'server_id': 'new'}))
        self.assertFalse(document.is_reached(
            facts, wanted, {'revision': 'revision', 'server_id': 'old'}))
        self.assertFalse(document.is_reached(
            facts, wanted, {'revision': 'other', 'server_id': 'new'}))
        self.assertFalse(document.is_reached(facts, wanted, {}))

    def test_an_untouched_service_passes_its_dependencies_on(self):
        def services(release):
            return on_controllers(
                a=plans.lifecycle(release), b=plans.lifecycle(after=['a']),
                c=plans.lifecycle(release, after=['b']))

        self.kept.deploy(services('1'))
        rollout = self.kept.compute(services('2'))

        self.assertEqual(['a', 'c'], sorted(rollout['services']))
        self.assertEqual({'roll': ['a.roll']},
                         rollout['services']['c']['after'])

    def test_a_service_that_is_not_here_is_listed(self):
        rollout = self.kept.compute(on_controllers(
            web=plans.lifecycle(after=['haproxy'])))
        self.assertEqual({'web': ['haproxy']}, rollout['not_here'])
        self.assertEqual({'roll': []}, rollout['services']['web']['after'])

    def test_nodes_that_are_touched_or_asked(self):
        def services(release):
            return on_controllers(
                web=plans.lifecycle(release, finish={
                    'migrate': plans.script(), 'cleanup': plans.script()}),
                same=plans.lifecycle())

        self.kept.deploy(services('1'))
        rollout = self.kept.compute(services('2'), selected={
            'nodes': ['controller-1']})

        self.assertEqual({'controller-1'}, document.touched(rollout))
        self.assertEqual({'controller-1'},
                         document.concerned(rollout, 'web'))

        self.kept.deploy(services('2'))
        self.kept.states['web']['phase'] = 'rolled'
        pending = self.kept.compute(services('2'))

        self.assertEqual(set(), document.touched(pending))
        # The steps that are missing may be for all.
        self.assertEqual(3, len(document.concerned(pending, 'web')))

    def test_secrets_stay_out_and_their_change_is_seen(self):
        def services(password):
            return on_controllers(web={'lifecycle': {
                'release': '1', 'secrets': ['PASSWORD'], 'roll': {
                    'configure': {'script': 'write', 'inputs': {
                        'PASSWORD': password, 'PORT': 80}}}}})

        before = self.kept.deploy(services('hunter2'))
        self.assertNotIn('hunter2', json.dumps(before))
        lifecycle = before['services']['web']['lifecycle']['Controller']
        self.assertEqual({'PASSWORD': None, 'PORT': 80},
                         lifecycle['steps']['configure']['inputs'])
        after = self.kept.compute(services('hunter3'))
        self.assertEqual('secret PASSWORD changed', after['services']['web'][
            'nodes']['controller-0']['why'])
        # Whoever lacks the key cannot try passwords out.
        self.assertNotEqual(
            lifecycle['parts'], document.compute(
                plans.cloud(services('hunter2')), document.Request(
                    'overcloud', 'upgrade'), {}, b'other')['services'][
                        'web']['lifecycle']['Controller']['parts'])

    def test_equal_inputs_give_equal_documents(self):
        def services(names):
            return on_controllers(**{name: plans.lifecycle()
                                     for name in names})

        self.assertEqual(revision.digest(self.kept.compute(services('abc'))),
                         revision.digest(self.kept.compute(services('cba'))))


class VerbTestCase(DocumentTestCase):

    def test_an_unknown_verb_is_refused(self):
        self.assertIn("'downgrade'", self.refused(
            'verb', on_controllers(), verb='downgrade'))

    def test_an_update_may_not_change_a_release(self):
        self.kept.deploy(on_controllers(web=plans.lifecycle()))
        self.assertIn('from 1 to 2', self.refused(
            'verb', on_controllers(web=plans.lifecycle('2')), verb='update'))

    def test_an_update_may_change_all_else(self):
        self.kept.deploy(on_controllers(web=plans.lifecycle()))
        rollout = self.kept.compute(on_controllers(
            web=plans.lifecycle(package='other'), new=plans.lifecycle('7')),
            verb='update')
        self.assertEqual(['new', 'web'], sorted(rollout['services']))

    def test_scaling_may_not_roll_what_runs(self):
        self.kept.deploy(on_controllers(web=plans.lifecycle()))
        text = self.refused('verb', on_controllers(
            web=plans.lifecycle(package='other')), verb='scale', controller=4)
        self.assertIn('web (package (script) changed)', text)

    def test_an_undeploy_takes_all_services_off_in_reverse_order(self):
        services = on_controllers(db=plans.lifecycle(),
                                  web=plans.lifecycle(after=['db']))
        self.kept.deploy(services)
        rollout = self.kept.compute(services, verb='undeploy')

        self.assertEqual({'db', 'web'}, set(rollout['services']))
        self.assertEqual(
            {'leave': ['web.leave']}, rollout['services']['db']['after'])
        self.assertEqual({'leave': []}, rollout['services']['web']['after'])
        self.assertEqual(3, len(document.touched(rollout)))
        self.kept.carry_out(rollout)
        self.assertEqual({}, self.kept.states)
        # What was taken off comes back as at the first time.
        self.assertEqual({'first'}, {
            node['way'] for entry in self.kept.compute(
                services, verb='deploy')['services'].values()
            for node in entry['nodes'].values()})
