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

"""Sending steps, taking answers, and sweeping up what is left."""

import contextlib
import json
import time

import testtools
from heatclient import exc as heat_exceptions

from tests.unit.deployments import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments.node import payload

CONTAINER = 'overcloud-operations'


def step(**changes):
    return delivery.Step(**{
        'plan': 'overcloud', 'operation': 'operation', 'service': 'web',
        'batch': '1', 'step': 'start', 'fence': 3, 'payload': 'true',
        'environment': {'PLACE': 'step', 'ONLY': 'step'}, **changes})


def target(number, **changes):
    return delivery.Target(f'node-{number}', f'server-{number}', **changes)


class BaseTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        # What travels is looked at here, not how it is packed.
        self.patch(bundle, 'runner_text', json.dumps)
        self.requests = {}
        self.clients = fakes.Clients()
        self.clients.node = self.receive
        self.clients.put_container(CONTAINER)
        self.dispatcher = delivery.Dispatcher(self.clients, CONTAINER)
        self.heat = self.clients.heat

    def receive(self, place, request):
        self.requests[request['key']['node']] = request

    def answer(self, node, **answer):
        answer = {'status': 'done', **answer}
        self.clients.put(
            *fakes.object_of(self.requests[node]['result_url']),
            json.dumps(answer), content_type=payload.content_type(answer))

    def names(self):
        return self.clients.names(CONTAINER)


class DispatcherTestCase(BaseTestCase):

    def test_a_request_says_all_that_the_runner_must_know(self):
        completes = {'revision': 'abc', 'release': '3', 'parts': {}}
        self.dispatcher.send(step(attempt=2), [
            target(0, environment={'PLACE': 'node'}, completes=completes)])
        request = self.requests['node-0']

        self.assertEqual(
            {'plan': 'overcloud', 'operation': 'operation', 'service': 'web',
             'batch': '1', 'step': 'start', 'node': 'node-0', 'attempt': 2,
             'changes': True}, request['key'])
        self.assertEqual((3, 'script', 'true', completes, None), (
            request['fence'], request['kind'], request['payload'],
            request['completes'], request['secrets_url']))
        self.assertEqual({'PLACE': 'node', 'ONLY': 'step'},
                         request['environment'])
        self.assertEqual(
            (CONTAINER, 'operation/deliveries/web.1.start.2/node-0.result'),
            fakes.object_of(request['result_url']))

    def test_a_survey_has_no_payload(self):
        self.dispatcher.send(step(kind='survey', payload=''), [target(0)])
        self.assertNotIn('payload', self.requests['node-0'])
        self.assertIsNone(self.requests['node-0']['output_url'])

    def test_secrets_travel_in_an_object_of_their_own(self):
        seen = []
        self.clients.node = lambda place, request: (
            self.receive(place, request), seen.append(self.names()))
        self.dispatcher.send(step(), [
            target(0, secrets={'PASSWORD': 'hush'}), target(1)])
        name = 'operation/deliveries/web.1.start.1/node-0.secrets'

        # It was there before the node could ask for it.
        self.assertEqual([[name]], [names for names in seen if names][:1])
        self.assertEqual((CONTAINER, name), fakes.object_of(
            self.requests['node-0']['secrets_url']))
        [config, _] = self.heat.configs.values()
        self.assertNotIn('hush', repr(config))
        self.assertNotIn('hush', repr(target(0, secrets={'A': 'hush'})))

    def test_secrets_go_when_their_node_has_answered(self):
        self.dispatcher.send(step(), [
            target(number, secrets={'A': 'b'}) for number in range(2)])
        self.answer('node-0')
        # Another worker takes the answer: it knows them from the listing.
        other = delivery.Dispatcher(self.clients, CONTAINER)
        _, ended = other.answered(step())
        self.assertEqual({'node-0'}, set(ended))
        self.assertEqual(['node-0'], list(other.answers(
            step(), ['node-0', 'node-1'])))

        self.assertEqual(
            ['node-0.result', 'node-1.secrets'],
            [name.rpartition('/')[2] for name in self.names()])

    def test_a_listing_tells_who_is_done_and_nobody_else(self):
        brief = step(brief=True)
        names = [f'node-{number}' for number in range(4)]
        self.dispatcher.send(brief, [
            target(number, secrets={'A': 'b'}) for number in range(4)])
        self.answer('node-0', status_code=0, seconds=0.25, changed=3,
                    output='much')
        self.answer('node-1', status='failed', status_code=1, seconds=1,
                    output='broken')
        self.answer('node-2', seconds='soon')
        _, ended = self.dispatcher.answered(brief)
        self.assertEqual(
            {'node-0': {'status': 'done', 'status_code': 0, 'seconds': 0.25,
                        'changed': 3}, 'node-1': None, 'node-2': None},
            ended)
        # What a listing has told need not be served as well.
        self.clients.failing[brief.prefix + 'node-0.result'] = 503
        answers = self.dispatcher.answers(brief, names, ended)

        self.assertEqual(ended['node-0'], answers.pop('node-0'))
        self.assertEqual(
            {'node-1': 'broken', 'node-2': None},
            {name: answer.get('output') for name, answer in answers.items()})
        self.assertEqual(
            [brief.prefix + 'node-3.secrets'],
            [name for name in self.names() if name.endswith('.secrets')])

    def test_a_refusal_of_another_fence_is_no_answer(self):
        self.dispatcher.send(step(), [target(0, secrets={'A': 'b'})])
        self.answer('node-0', status='refused', fence=2, fence_seen=3)
        self.assertEqual({}, self.dispatcher.answers(step(), ['node-0']))
        # The node may still need its secrets for what we have sent.
        self.assertIn(step().prefix + 'node-0.secrets', self.names())
        self.answer('node-0', status='refused', fence=3, fence_seen=4)
        self.assertEqual(['node-0'], list(self.dispatcher.answers(
            step(), ['node-0'])))

    def test_whole_answers_are_fetched(self):
        self.dispatcher.send(step(), [target(0)])
        self.answer('node-0', stdout='all of it')
        _, ended = self.dispatcher.answered(step())
        self.assertEqual('all of it', self.dispatcher.answers(
            step(), ['node-0'], ended)['node-0']['stdout'])

    def test_some_are_cleaned_up_after_while_others_work(self):
        sent = self.dispatcher.send(step(), [
            target(number) for number in range(60)])
        nodes = [{'ids': [ids]} for ids in sent.values()]
        self.assertTrue(self.dispatcher.remove_some(nodes[:50]))
        left = sum(len(node['ids']) for node in nodes[:50])
        self.assertLess(left, 50)
        self.assertEqual(left + 10, len(self.heat.configs))
        self.dispatcher.remove_some(nodes[:50])
        self.assertFalse(self.dispatcher.remove_some(nodes[:50]))
        self.assertEqual(10, len(self.heat.deployments))

    def test_what_stays_is_left_for_the_end(self):
        sent = self.dispatcher.send(step(), [target(0)])
        nodes = [{'ids': [ids]} for ids in sent.values()]
        self.heat.stuck |= set(self.heat.configs)
        self.assertFalse(self.dispatcher.remove_some(nodes))
        self.assertEqual([[sent['node-0']]],
                         [node['ids'] for node in nodes])

    def test_no_node_is_begun_when_the_time_is_over(self):
        self.assertEqual({}, self.dispatcher.send(
            step(), [target(0)], until=time.time() - 1))
        self.assertEqual({}, self.heat.deployments)

    def test_a_refusal_keeps_no_other_node_waiting(self):
        self.heat.refused['server-0'] = heat_exceptions.HTTPBadRequest(
            'http://a.temporary.url/')
        error = self.assertRaises(
            exceptions.ServiceUnavailable, self.dispatcher.send, step(),
            [target(number) for number in range(3)])

        self.assertIn('node=node-0', str(error))
        self.assertNotIn('temporary', str(error))
        self.assertEqual({'node-1', 'node-2'}, set(self.requests))

    def test_an_answer_that_is_not_served_is_an_error(self):
        self.clients.failing[step().prefix + 'node-0.result'] = 503
        error = self.assertRaises(
            exceptions.ServiceUnavailable, self.dispatcher.answers, step(),
            ['node-0'])
        self.assertIn('503', str(error))

    def test_cleaning_removes_objects_in_one_request_or_singly(self):
        lost = f'{step().prefix}node-0.result'

        for bulk, failing, deleting, left in (
                (True, {}, ['POST'], []),
                (False, {}, ['POST', 'DELETE', 'DELETE'], []),
                (True, {lost: 503}, ['POST', 'DELETE', 'DELETE'], [lost])):
            self.dispatcher.send(step(), [target(0), target(1)])
            self.answer('node-0')
            self.answer('node-1')
            self.clients.requests.clear()
            self.clients.bulk = bulk
            self.clients.failing = failing

            with contextlib.suppress(exceptions.ServiceUnavailable):
                self.dispatcher.clean(step().prefix, [])

            self.assertEqual(['GET', *deleting], self.clients.requests)
            self.assertEqual(left, self.names())

    def test_cleaning_leaves_nothing(self):
        sent = self.dispatcher.send(step(), [target(0), target(1)])
        self.answer('node-0')
        self.dispatcher.clean(step().prefix, sent.values())
        # Once more finds nothing and minds nothing.
        self.dispatcher.clean(step().prefix, sent.values())

        self.assertEqual(([], {}, {}), (
            self.names(), self.heat.configs, self.heat.deployments))


class SweepTestCase(BaseTestCase):

    def send(self, operation, count=3):
        self.dispatcher.send(step(operation=operation), [
            target(number, secrets={'A': 'b'}) for number in range(count)])

    def test_what_a_dead_worker_left_is_removed(self):
        self.send('dead')
        # It died between config and deployment as well.
        self.heat.add_config('dead/deliveries/web.1.stop.1/node-0/server-0')
        self.send('alive', 1)
        self.heat.add_config('of a template')
        self.clients.put(CONTAINER, 'dead/3/web.1.json', '{}')
        swept = self.dispatcher.sweep('dead/')

        self.assertEqual((7, False, []),
                         (swept.removed, swept.left, swept.errors))
        self.assertEqual(1, len(self.heat.deployments))
        self.assertEqual(
            ['alive/deliveries/web.1.start.1/node-0/server-0',
             'of a template'],
            [config.name for config in self.heat.configs.values()])
        self.assertEqual(
            ['alive/deliveries/web.1.start.1/node-0.secrets',
             'dead/3/web.1.json'], self.names())

    def test_it_does_so_much_and_says_that_more_is_left(self):
        self.send('dead')
        removed = []

        while True:
            swept = self.dispatcher.sweep('dead/', most=2)
            removed.append(swept.removed)

            if not swept.left:
                break

        self.assertEqual([4, 2], removed)
        self.assertEqual(([], {}), (self.names(), self.heat.configs))

    def test_no_time_is_no_work(self):
        self.send('dead')
        swept = self.dispatcher.sweep('dead/', seconds=0)
        self.assertEqual((0, True), (swept.removed, swept.left))

    def test_one_that_stays_does_not_save_the_others(self):
        self.send('dead')
        stuck = next(iter(self.heat.configs))
        self.heat.stuck.add(stuck)
        lost = 'dead/deliveries/web.1.start.1/node-1.secrets'
        self.clients.failing[lost] = 503
        swept = self.dispatcher.sweep('dead/')

        self.assertEqual((4, True), (swept.removed, swept.left))
        self.assertEqual(2, len(swept.errors))
        self.assertEqual([stuck], list(self.heat.configs))
        self.assertEqual([lost], self.names())

    def test_what_is_young_stays(self):
        self.heat.add_config('survey-1/deliveries/n.0.s.1/n/s', ago=50)
        self.heat.add_config('survey-2/deliveries/n.0.s.1/n/s', ago=500)
        self.clients.put(CONTAINER, 'survey-1/deliveries/n/a', '{}', ago=50)
        self.clients.put(CONTAINER, 'survey-2/deliveries/n/a', '{}', ago=500)
        swept = self.dispatcher.sweep('survey-', age=100)

        self.assertEqual((2, False), (swept.removed, swept.left))
        self.assertEqual(['survey-1/deliveries/n/a'], self.names())
