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

"""Asking all nodes, and holding what they say against the record."""

import json
import time

import testtools

from tests.unit.deployments import fakes
from tripleo_workflows import config
from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import survey as survey_check
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import fanout
from tripleo_workflows.deployments import survey

CONTAINER = 'overcloud-operations'
PLAN = 'overcloud'


def service(fence=5, revision='new-revision', **changes):
    return {'operation': 'operation-5', 'fence': fence, 'batch': '1',
            'step': 'start', 'attempt': 1, 'status': 'done',
            'revision': revision, 'release': '2', 'parts': {}, 'time': 1,
            **changes}


class SurveyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.patch(bundle, 'runner_text', json.dumps)
        self.patch(fanout, 'POLL_SECONDS', 0.01)
        self.patch(config, 'patience', lambda: 0.05)
        self.clients = fakes.Clients()
        self.clients.heat.servers = {'node-0': 'id-0', 'node-1': 'id-1'}
        self.clients.node = self.respond
        self.asked = []
        self.silent = set()

    def respond(self, place, request):
        node = request['key']['node']
        self.asked.append(node)
        self.assertEqual(('survey', 0), (request['kind'], request['fence']))

        if node in self.silent:
            return

        self.clients.put(
            *fakes.object_of(request['result_url']), json.dumps({
                'status': 'done', 'survey': {
                    'server_id': self.clients.heat.servers[node],
                    'node': node, 'running': [], 'clock': time.time(),
                    'plans': {PLAN: {
                        'fence': 5, 'operation': 'operation-5',
                        'services': {'web': service()}}}}}))

    def survey(self, timeout=60, **options):
        return survey.Survey(self.clients, CONTAINER, PLAN, 'id', timeout,
                             **options)

    def test_each_node_says_what_it_is(self):
        asking = self.survey()
        self.assertTrue(asking.advance(5))
        rows = asking.rows()

        self.assertEqual(['node-0', 'node-1'], [row['node'] for row in rows])
        self.assertEqual((True, 5, 'operation-5', [], 'id-0', False, 0.0), (
            rows[0]['answered'], rows[0]['fence'], rows[0]['operation'],
            rows[0]['running'], rows[0]['answers_as'], rows[0]['foreign'],
            rows[0]['clock_ahead']))
        self.assertEqual({}, self.clients.heat.configs)

    def test_another_worker_goes_on_and_sends_nothing_twice(self):
        self.silent = {'node-1'}
        self.patch(config, 'patience', lambda: 60)
        self.assertFalse(self.survey().advance(0.1))
        self.silent = set()
        # It had taken the deployment, and answers late.
        stored = next(stored for stored
                      in self.clients.heat.configs.values()
                      if 'node-1' in stored.name)
        request = json.loads(stored.config)
        self.clients.put(CONTAINER, stored.name.rpartition('/')[0]
                         + '.accepted', '{}')
        self.respond('', request)
        asking = self.survey()
        self.assertTrue(asking.advance(5))

        self.assertEqual(['node-0', 'node-1', 'node-1'], sorted(self.asked))
        self.assertTrue(all(row['answered'] for row in asking.rows()))
        # Asked again when it is over, it answers from the object.
        self.assertEqual(asking.rows(), self.survey().rows())

    def test_a_lost_delivery_is_sent_again(self):
        self.silent = {'node-0'}
        asking = self.survey(timeout=1)
        self.assertTrue(asking.advance(5))

        self.assertGreater(self.asked.count('node-0'), 1)
        self.assertEqual(1, self.asked.count('node-1'))
        [silent, answered] = survey.with_drift(
            PLAN, asking.rows(), {'web': {'nodes': {
                name: {'server_id': number, 'fence': 5,
                       'revision': 'new-revision'}
                for name, number in self.clients.heat.servers.items()}}}, 5)
        self.assertEqual(('unreachable', 'done'),
                         (silent['status'], answered['status']))
        self.assertIn('not answered within 1 s', silent['drift'][0])
        # Nothing of it stays in Heat, the deliveries in vain neither.
        self.assertEqual(({}, {}), (self.clients.heat.configs,
                                    self.clients.heat.deployments))

    def test_only_nodes_that_are_required_are_waited_for(self):
        self.silent = {'node-0'}
        begun = time.monotonic()
        self.assertTrue(self.survey(required=['node-1']).advance(5))
        self.assertLess(time.monotonic() - begun, 1)

    def test_a_plan_without_a_stack_makes_no_container(self):
        self.assertRaises(exceptions.NotFound, survey.Survey, self.clients,
                          'nothing-operations', 'nothing', 'id')
        self.assertEqual({}, self.clients.objects)


class DriftTestCase(testtools.TestCase):

    def row(self, plans=None, server='id-0', **changes):
        answer = {'status': 'done', 'survey': {
            'server_id': 'id-0', 'node': 'node-0', 'running': [],
            'clock': 101.0, **changes,
            'plans': {PLAN: {'fence': 5, 'operation': 'operation-5',
                             'services': {'web': service()}}}
            if plans is None else plans}}

        return survey.row_of(PLAN, 'node-0', server, {
            'first_sent': 100.0, 'known': 102.0, 'answer': answer}, 60)

    def drift(self, row, lock=5, recorded=None):
        states = {'web': {'nodes': {'node-0': {
            'server_id': 'id-0', 'fence': 5, 'revision': 'new-revision',
            **(recorded or {})}}}}
        [row] = survey.with_drift(PLAN, [row], states, lock)
        [result] = survey_check.results([row])

        return row['drift'], result.result

    def test_a_node_that_the_record_knows_is_no_drift(self):
        self.assertEqual(([], contract.Code.SUCCESS), self.drift(self.row()))

    def test_a_node_replaced_under_the_same_name(self):
        [sentence], result = self.drift(
            self.row({}, server='id-1', server_id='id-1'))
        self.assertIn('replaced: the record knows id-0', sentence)
        self.assertEqual(contract.Code.WARNING, result)

    def test_a_node_of_another_plan(self):
        row = self.row({'staging': {'fence': 2, 'operation': 'other',
                                    'services': {}}})
        sentences, result = self.drift(row)
        self.assertTrue(row['foreign'])
        self.assertIn('its journal knows staging, and not overcloud',
                      sentences[0])
        self.assertEqual(contract.Code.FAILURE, result)

    def test_configs_outside_a_plan_make_no_stranger(self):
        row = self.row({'adhoc.id': {'fence': 1, 'operation': 'adhoc-id',
                                     'services': {}}})
        self.assertEqual((False, []), (row['foreign'], row['plans']))

    def test_an_undercloud_restored_from_an_older_copy(self):
        sentences, result = self.drift(self.row(), 3, {
            'fence': 3, 'revision': 'old'})
        self.assertIn('has accepted fence 5 of operation operation-5, and '
                      'the newest lock has 3', sentences[0])
        self.assertIn('web: operation operation-5 was here under fence 5, '
                      'and the record ends at 3', sentences[1])
        self.assertEqual(contract.Code.WARNING, result)

    def test_an_operation_under_way_is_no_drift(self):
        sentences, _ = self.drift(self.row(), 5, {
            'fence': 4, 'revision': 'unfinished'})
        self.assertEqual([], sentences)

    def test_a_journal_that_lost_what_the_record_knows(self):
        row = self.row({PLAN: {'fence': 5, 'operation': 'operation-5',
                               'services': {}}})
        [sentence], _ = self.drift(row)
        self.assertEqual('web: the record says revision new-revision, the '
                         'node completed none.', sentence)

    def test_a_clock_that_goes_wrong(self):
        self.assertEqual(0.0, self.row()['clock_ahead'])
        self.assertEqual(48.0, self.row(clock=150.0)['clock_ahead'])
        self.assertEqual(-50.0, self.row(clock=50.0)['clock_ahead'])

    def test_a_runner_that_cannot_answer(self):
        row = survey.row_of(PLAN, 'node-0', 'id-0', {
            'first_sent': 1, 'known': 2, 'answer': {
                'status': 'failed', 'error': 'The journal is no file.'}}, 60)
        self.assertEqual((False, [
            'Its runner could not answer: The journal is no file.']),
            (row['answered'], row['drift']))

    def test_the_worst_comes_first(self):
        silent = survey.row_of(PLAN, 'node-1', 'id-1', {}, 60)
        rows = survey.with_drift(PLAN, [self.row(), silent], {}, 5)
        self.assertEqual(
            [('node-1', 2), ('node-0', 0)],
            [(result.node, result.result)
             for result in survey_check.results(rows)])
