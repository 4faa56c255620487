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

"""Configs that people run on servers."""

import json

import testtools

from tests.unit.deployments import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import adhoc
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import fanout

NAMES = ['compute-1', 'compute-10', 'compute-2']


class AdhocTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.patch(bundle, 'runner_text', json.dumps)
        self.patch(fanout, 'POLL_SECONDS', 0.01)
        self.patch(adhoc, 'SLICE_SECONDS', 0.3)
        self.clients = fakes.Clients()
        self.clients.heat.servers = {name: f'id-of-{name}' for name in NAMES}
        self.clients.node = self.run_config
        self.ran = {}
        self.answers = {}

    def run_config(self, place, request):
        node = request['key']['node']
        self.ran[node] = request
        answer = self.answers.get(node, {
            'status': 'done', 'status_code': 0, 'stdout': 'out', 'stderr': '',
            'seconds': 0.1})

        if answer:
            self.clients.put(*fakes.object_of(request['result_url']),
                             json.dumps(answer))

    def many(self, name='all', server_id=None, plan=None, request='id',
             **config):
        return adhoc.on_many(
            self.clients, request, adhoc.Config(
                config.pop('text', 'true'), 'config', **config),
            name, server_id, plan)

    def one(self, request='id', **config):
        return adhoc.on_one(
            self.clients, request,
            adhoc.Config('true', 'config', **config), 'id-of-compute-1')

    def fail(self, node, **answer):
        self.answers[node] = {
            'status': 'failed', 'status_code': 3, 'stdout': 'so far',
            'stderr': 'it broke', 'seconds': 0.1, **answer}

    def test_a_name_means_one_server_and_no_longer_name(self):
        result = self.many('compute-1')
        self.assertEqual({'compute-1'}, set(self.ran))
        self.assertEqual(['compute-1'], [
            row['server_name'] for row in result['rows']])

    def test_a_part_of_a_name_means_none(self):
        for name in ('compute', 'compute-', 'ompute-1', 'Compute-1', ''):
            error = self.assertRaises(exceptions.NotFound, self.many, name)
            self.assertIn('whole name', str(error))

        self.assertEqual(({}, {}), (self.ran, self.clients.objects))

    def test_all_means_all_of_them(self):
        self.assertEqual({'done': 3}, self.many()['counts'])
        self.assertEqual(set(NAMES), set(self.ran))

    def test_a_plan_that_is_not_deployed_is_said(self):
        self.assertRaises(exceptions.NotFound, self.many, plan='nothing')

    def test_results_come_back_for_failures_too(self):
        self.fail('compute-10')
        result = self.many()

        self.assertEqual((True, True, {'done': 2, 'failed': 1}), (
            result['done'], result['failed'], result['counts']))
        self.assertEqual(
            ('compute-10', 3, 'so far', 'it broke'),
            tuple(result['rows'][0][key] for key in (
                'server_name', 'status_code', 'stdout', 'stderr')))
        self.assertEqual(
            'config is not done on 1 of 3 servers: compute-10 (failed, '
            'status code 3).', result['message'])

    def test_much_output_fits_and_is_whole_in_the_table(self):
        self.clients.heat.servers = {
            f'node-{number}': f'id-{number}' for number in range(60)}
        text = '\ufffd' * 16000

        for node in self.clients.heat.servers:
            self.fail(node, stdout=text, stderr='"' * 16000)

        result = self.many()
        self.assertLess(len(json.dumps(result)), 64 * 1024)
        self.assertEqual({'failed': 60}, result['counts'])
        self.assertGreater(len(result['rows']), 30)
        container, _, name = result['table'].partition('/')
        table = json.loads(self.clients.objects[container][name][0])
        self.assertEqual([text] * 60, [row['stdout'] for row in table])

    def test_it_is_asked_for_again_until_it_is_done(self):
        self.answers['compute-1'] = None
        first = self.many()
        self.assertEqual((False, 'id', []),
                         (first['done'], first['request_id'], first['rows']))
        self.clients.put(
            *fakes.object_of(self.ran['compute-1']['result_url']),
            json.dumps({'status': 'done', 'status_code': 0}))
        # A new stack does not change what was asked for.
        self.clients.heat.servers['compute-3'] = 'id-of-compute-3'
        self.ran.clear()
        again = self.many()

        self.assertEqual((True, {'done': 3}),
                         (again['done'], again['counts']))
        self.assertEqual({}, self.ran)
        self.assertEqual(again, self.many())

    def test_a_request_id_is_for_one_thing(self):
        self.many()

        for other in ({'text': 'false'}, {'name': 'compute-1'},
                      {'group': 'ansible'}):
            error = self.assertRaises(exceptions.InvalidInput, self.many,
                                      **other)
            self.assertIn('request_id', str(error))

    def test_a_request_id_is_a_word(self):
        for request in ('a/b', '', 'x' * 65, 'a.b'):
            self.assertRaises(exceptions.InvalidInput, self.many,
                              request=request)

    def test_a_server_that_does_not_answer_in_time(self):
        self.patch(adhoc, 'DELIVERY_SECONDS', -1)
        self.answers['compute-1'] = None
        result = self.many('compute-1', timeout=1)

        self.assertEqual({'unreachable': 1}, result['counts'])
        self.assertIn('compute-1 (unreachable)', result['message'])

    def test_the_action_answers_as_heats_hooks_do(self):
        result = self.one()
        self.assertEqual(('out', '', 0), tuple(
            result[f'deploy_{key}'] for key in (
                'stdout', 'stderr', 'status_code')))
        request = self.ran['id-of-compute-1']
        self.assertEqual(('id-of-compute-1', 'CREATE'), (
            request['environment']['deploy_server_id'],
            request['environment']['deploy_action']))
        self.assertTrue(request['separate'])

    def test_the_actions_error_has_status_code_and_tail(self):
        self.fail('id-of-compute-1', stderr='x' * 9000 + 'the end')
        error = self.assertRaises(exceptions.StepFailed, self.one)
        self.assertIn('status code 3', str(error))
        self.assertIn('the end', str(error))
        self.assertLess(len(str(error)), 3000)

    def test_input_values_travel_as_secrets(self):
        self.one(input_values=adhoc.values_of({'PASSWORD': 'hush'}))
        request = self.ran['id-of-compute-1']
        self.assertNotIn('hush', json.dumps(request))
        self.assertIsNotNone(request['secrets_url'])
        # They are gone with the answer, and nothing else holds them.
        self.assertNotIn('hush', repr(self.clients.objects))
        self.assertTrue(any(name.endswith('.secrets')
                            for name in self.clients.written))
        self.assertNotIn('hush', repr(adhoc.Config(
            'true', 'config', input_values={'A': 'hush'})))

    def test_input_values_are_a_mapping_or_heats_list(self):
        self.assertEqual({}, adhoc.values_of(None))
        self.assertEqual({}, adhoc.values_of([]))
        self.assertEqual(
            {'a': '1', 'b': '[1, 2]'}, adhoc.values_of({'a': '1',
                                                        'b': [1, 2]}))
        self.assertEqual({'a': 'x'}, adhoc.values_of(
            [{'name': 'a', 'type': 'String', 'value': 'x'}]))
        error = self.assertRaises(exceptions.InvalidInput, adhoc.values_of,
                                  ['hush'])
        self.assertNotIn('hush', str(error))

    def test_what_is_not_served_is_refused_before_anything_is_sent(self):
        for field, change in (
                ('group', {'group': 'puppet'}),
                ('timeout', {'timeout': 0}), ('timeout', {'timeout': '5'}),
                ('config', {'text': ' '}), ('action', {'action': 'EAT'})):
            error = self.assertRaises(exceptions.InvalidInput, self.many,
                                      **change)
            self.assertIn(f'field={field}', str(error))

        self.assertRaises(
            exceptions.InvalidInput, adhoc.on_one, self.clients, 'id',
            adhoc.Config('true', 'config'), 'server', 'HEAT_SIGNAL')
        self.assertEqual({}, self.clients.objects)

    def test_ansible_is_a_playbook(self):
        self.many('compute-1', group='ansible', text='- hosts: localhost')
        self.assertEqual('playbook', self.ran['compute-1']['kind'])

    def test_nothing_but_the_results_stays(self):
        self.clients.node = lambda place, request: (
            self.run_config(place, request), self.clients.put(
                *fakes.object_of(request['output_url']), 'all of it'))
        self.many('compute-1')
        place = 'adhoc-id/deliveries/config.0.config.1/compute-1'

        self.assertEqual(
            [f'{place}.output', 'adhoc-id/progress.json',
             'adhoc-id/table.json'], self.clients.names(adhoc.CONTAINER))
        self.assertEqual(({}, {}), (self.clients.heat.configs,
                                    self.clients.heat.deployments))
