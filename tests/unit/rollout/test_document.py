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

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import document
from tripleo_workflows.rollout import revision
from tripleo_workflows.stack import cloud as stack_cloud

KEY = b'key'


def lifecycle(release='1', after=(), package='install', batch=1, **policy):
    return {'lifecycle': {
        'release': release, 'after': list(after),
        'policy': {'batch': batch, **policy},
        'roll': {'drain': {'script': 'drain'}, 'stop': {'script': 'stop'},
                 'package': {'script': package},
                 'start': {'script': 'start'}}}}


def cloud(services, controllers=3, computes=0, first_id=0):
    nodes = {}

    for role, count in (('Controller', controllers), ('Compute', computes)):
        for index in range(count):
            name = f'{role.lower()}-{index}'
            nodes[name] = stack_cloud.Node(
                name, f'id-{first_id}-{name}', role, index,
                f'127.1.{len(role)}.{index}')

    return stack_cloud.Cloud('stack-id', nodes, services, {
        'Controller': ['legacy'], 'Compute': []})


def carried_out(rollout, states=None):
    """The states that the record holds after a rollout."""
    states = dict(states or {})

    for service, entry in rollout['services'].items():
        nodes = dict(states.get(service, {}).get('nodes', {}))

        for name, node in entry['nodes'].items():
            nodes[name] = {
                'revision': node['wanted'], 'server_id': node['server_id'],
                'release': entry['release'],
                'parts': entry['lifecycle'][node['role']]['parts']}

        states[service] = {'nodes': nodes}

    return states


class ComputeTestCase(testtools.TestCase):

    def compute(self, services, states=None, verb='upgrade', **kwargs):
        return document.compute(cloud(services, **kwargs), 'overcloud', verb,
                                states or {}, KEY)

    def test_everything_is_rolled_where_nothing_runs(self):
        rollout = self.compute(
            {'Controller': {'web': lifecycle(after=['haproxy']),
                            'haproxy': lifecycle()}}, verb='deploy')

        self.assertEqual(['haproxy', 'web'], sorted(rollout['services']))
        self.assertEqual(['haproxy'], rollout['services']['web']['after'])
        self.assertEqual(
            [['controller-0', 'controller-1', 'controller-2']],
            rollout['services']['web']['batches'])
        self.assertEqual(['legacy'], rollout['unmanaged'])

    def test_nothing_is_rolled_after_it_was_carried_out(self):
        services = {'Controller': {'web': lifecycle()}}
        states = carried_out(self.compute(services))

        rollout = self.compute(services, states)

        self.assertEqual({}, rollout['services'])
        self.assertEqual(['web'], rollout['unchanged'])

    def test_a_new_release_rolls_its_service_in_batches(self):
        before = {'Controller': {'web': lifecycle(), 'other': lifecycle()}}
        after = {'Controller': {'web': lifecycle(release='2', batch=2),
                                'other': lifecycle()}}
        rollout = self.compute(after, carried_out(self.compute(before)))

        self.assertEqual(['web'], list(rollout['services']))
        web = rollout['services']['web']
        self.assertEqual([['controller-0', 'controller-1'],
                          ['controller-2']], web['batches'])
        self.assertEqual('release 1 → 2', web['nodes']['controller-0']['why'])
        self.assertEqual(['1'], web['from_releases'])

    def test_a_changed_step_is_named_as_the_reason(self):
        before = {'Controller': {'web': lifecycle()}}
        after = {'Controller': {'web': lifecycle(package='other')}}
        rollout = self.compute(after, carried_out(self.compute(before)),
                               verb='update')

        self.assertEqual('package changed', rollout['services']['web'][
            'nodes']['controller-0']['why'])

    def test_steps_that_leave_a_node_are_no_part_of_its_revision(self):
        before = {'Controller': {'web': lifecycle()}}
        after = {'Controller': {'web': lifecycle()}}
        after['Controller']['web']['lifecycle']['roll']['drain'] = {
            'script': 'another way'}
        after['Controller']['web']['lifecycle']['roll']['start'] = {
            'script': 'start', 'timeout': 5}

        self.assertEqual({}, self.compute(
            after, carried_out(self.compute(before)))['services'])

    def test_an_added_node_is_rolled_and_no_other(self):
        services = {'Controller': {'web': lifecycle()},
                    'Compute': {'agent': lifecycle()}}
        states = carried_out(self.compute(services, computes=1))

        rollout = self.compute(services, states, computes=2)

        self.assertEqual(['agent'], list(rollout['services']))
        self.assertEqual([['compute-1']],
                         rollout['services']['agent']['batches'])

    def test_a_replaced_node_has_no_revision(self):
        services = {'Controller': {'web': lifecycle()}}
        states = carried_out(self.compute(services))
        states['web']['nodes']['controller-1']['server_id'] = 'another'

        nodes = self.compute(services, states)['services']['web']['nodes']

        self.assertEqual(['controller-1'], list(nodes))
        self.assertIsNone(nodes['controller-1']['base'])

    def test_what_is_reached_is_reached_by_the_same_server(self):
        wanted = {'wanted': 'revision', 'server_id': 'new'}
        self.assertTrue(document.is_reached(
            wanted, {'revision': 'revision', 'server_id': 'new'}))
        self.assertFalse(document.is_reached(
            wanted, {'revision': 'revision', 'server_id': 'old'}))
        self.assertFalse(document.is_reached(
            wanted, {'revision': 'other', 'server_id': 'new'}))
        self.assertFalse(document.is_reached(wanted, {}))

    def test_a_roll_that_did_not_end_is_rolled_again(self):
        services = {'Controller': {'web': lifecycle()}}
        states = carried_out(self.compute(services))
        states['web']['nodes']['controller-2']['revision'] = 'unfinished'

        nodes = self.compute(services, states)['services']['web']['nodes']

        self.assertEqual(['controller-2'], list(nodes))
        # It is drained and stopped, for something may run there.
        self.assertIsNotNone(nodes['controller-2']['base'])
        self.assertEqual('an earlier roll did not end',
                         nodes['controller-2']['why'])

    def test_an_untouched_service_passes_its_dependencies_on(self):
        def services(release):
            return {'Controller': {
                'a': lifecycle(release), 'b': lifecycle(after=['a']),
                'c': lifecycle(release, after=['b'])}}

        rollout = self.compute(
            services('2'), carried_out(self.compute(services('1'))))

        self.assertEqual(['a', 'c'], sorted(rollout['services']))
        self.assertEqual(['a'], rollout['services']['c']['after'])

    def test_equal_inputs_give_equal_documents(self):
        def services(names):
            return {'Controller': {name: lifecycle() for name in names}}

        self.assertEqual(
            revision.digest(self.compute(services(['a', 'b', 'c']))),
            revision.digest(self.compute(services(['c', 'b', 'a']))))

    def test_batches_in_percent_hold_at_least_one_node(self):
        services = {'Controller': {'web': lifecycle(batch='25%',
                                                    initial='serial')}}
        batches = self.compute(services)['services']['web']['batches']
        self.assertEqual([1, 1, 1], [len(batch) for batch in batches])

        before = carried_out(self.compute(services, controllers=10))
        services = {'Controller': {'web': lifecycle('2', batch='25%')}}
        batches = self.compute(services, before, controllers=10)[
            'services']['web']['batches']
        self.assertEqual([2, 2, 2, 2, 2], [len(batch) for batch in batches])

    def test_bootstrap_first_begins_with_one_node(self):
        services = {'Controller': {'web': lifecycle(
            initial='bootstrap_first')}}
        self.assertEqual(
            [['controller-0'], ['controller-1', 'controller-2']],
            self.compute(services)['services']['web']['batches'])

    def test_a_circle_is_refused_and_shown(self):
        error = self.assertRaises(
            exceptions.InvalidInput, self.compute,
            {'Controller': {'a': lifecycle(after=['b']),
                            'b': lifecycle(after=['a'])}})
        self.assertIn('lifecycle.after', str(error))
        self.assertRegex(str(error), 'a → b → a|b → a → b')

    def test_a_service_that_is_not_here_is_listed(self):
        rollout = self.compute(
            {'Controller': {'web': lifecycle(after=['haproxy'])}})
        self.assertEqual({'web': ['haproxy']}, rollout['not_here'])
        self.assertEqual([], rollout['services']['web']['after'])

    def test_a_service_that_no_template_defines_is_refused(self):
        here = cloud({'Controller': {'web': lifecycle(after=['haprxy'])}})
        document.refuse_unknown(here, ['haprxy'], 'overcloud')
        error = self.assertRaises(
            exceptions.InvalidInput, document.refuse_unknown, here,
            ['haproxy'], 'overcloud')
        self.assertIn('service named haprxy', str(error))
        self.assertIn('[plan=overcloud, service=web', str(error))

    def test_an_update_may_not_change_a_release(self):
        before = {'Controller': {'web': lifecycle()}}
        after = {'Controller': {'web': lifecycle(release='2')}}
        error = self.assertRaises(
            exceptions.InvalidInput, self.compute, after,
            carried_out(self.compute(before)), verb='update')
        self.assertIn('from 1 to 2', str(error))

    def test_an_unknown_verb_is_refused(self):
        error = self.assertRaises(exceptions.InvalidInput, self.compute,
                                  {'Controller': {}}, verb='downgrade')
        self.assertIn('verb', str(error))

    def test_secrets_stay_out_and_their_change_is_seen(self):
        def services(password):
            return {'Controller': {'web': {'lifecycle': {
                'release': '1', 'secrets': ['PASSWORD'], 'roll': {
                    'configure': {'script': 'write', 'inputs': {
                        'PASSWORD': password, 'PORT': 80}}}}}}}

        before = self.compute(services('hunter2'))
        self.assertNotIn('hunter2', json.dumps(before))
        lifecycle = before['services']['web']['lifecycle']['Controller']
        self.assertEqual({'PASSWORD': None, 'PORT': 80},
                         lifecycle['roll']['configure']['inputs'])
        after = self.compute(services('hunter3'), carried_out(before))
        self.assertIn('configure changed', json.dumps(after))
        # Whoever lacks the key cannot try passwords out.
        self.assertNotEqual(
            lifecycle['parts'], document.compute(
                cloud(services('hunter2')), 'overcloud', 'upgrade', {},
                b'other')['services']['web']['lifecycle']['Controller'][
                    'parts'])
