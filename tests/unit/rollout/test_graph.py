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
import yaml

from tests.unit.rollout import test_document
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record
from tripleo_workflows.rollout import document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import lifecycle


class LifecycleTestCase(testtools.TestCase):

    def refused(self, content):
        error = self.assertRaises(exceptions.InvalidInput, lifecycle.parse,
                                  'web', content)
        self.assertIn('service=web', str(error))

        return error.where['field']

    def test_defaults_are_filled_in(self):
        parsed = lifecycle.parse('web', {'release': 2})
        self.assertEqual('2', parsed['release'])
        self.assertEqual(1, parsed['policy']['batch'])
        self.assertEqual([], lifecycle.steps_of(parsed, False))

    def test_an_error_names_the_field(self):
        self.assertEqual('lifecycle', self.refused({}))
        self.assertEqual('lifecycle.policy.batch', self.refused(
            {'release': '1', 'policy': {'batch': 0}}))
        self.assertEqual('lifecycle.roll', self.refused(
            {'release': '1', 'roll': {'restart': {'script': 'x'}}}))
        self.assertEqual('lifecycle.roll.start', self.refused(
            {'release': '1', 'roll': {'start': {'inputs': {}}}}))
        self.assertEqual('lifecycle.gate', self.refused(
            {'release': '1', 'gate': []}))

    def test_a_node_without_the_service_is_not_drained(self):
        parsed = lifecycle.parse('web', {
            'release': '1', 'gate': [{'name': 'up', 'http': {'url': 'x'}}],
            'roll': {step: {'script': 'x'}
                     for step in ('start', 'stop', 'drain')}})
        self.assertEqual(['drain', 'stop', 'start', 'gate'],
                         lifecycle.steps_of(parsed, False))
        self.assertEqual(['start', 'gate'],
                         lifecycle.steps_of(parsed, True))


class GraphTestCase(testtools.TestCase):

    def rollout(self):
        services = {'Controller': {
            'haproxy': test_document.lifecycle(),
            'web': test_document.lifecycle(after=['haproxy']),
            'report': test_document.lifecycle(after=['web', 'haproxy'])}}

        return document.compute(test_document.cloud(services), 'overcloud',
                                'deploy', {}, test_document.KEY)

    def test_tasks_join_where_dependencies_meet(self):
        operation = record.Operation('op', 'overcloud', 2, 1, 'digest')
        name = graph.workflow_name(operation)
        compiled = yaml.safe_load(
            graph.compile_workflow(self.rollout(), name))[name]
        tasks = compiled['tasks']

        self.assertEqual({'haproxy.roll', 'web.roll', 'report.roll'},
                         set(tasks))
        self.assertNotIn('join', tasks['haproxy.roll'])
        self.assertEqual('all', tasks['report.roll']['join'])
        self.assertEqual({'web.roll', 'report.roll'},
                         set(tasks['haproxy.roll']['on-success']))
        self.assertEqual('web', tasks['web.roll']['input']['service'])

    def test_an_empty_rollout_is_a_workflow_that_does_nothing(self):
        rollout = {**self.rollout(), 'services': {}}
        compiled = yaml.safe_load(graph.compile_workflow(rollout, 'name'))
        self.assertEqual({'nothing_to_do': {'action': 'std.noop'}},
                         compiled['name']['tasks'])

    def test_a_graph_that_mistral_cannot_carry_is_refused(self):
        entry = self.rollout()['services']['haproxy']
        rollout = {**self.rollout(), 'services': {
            f'service-{number}': entry
            for number in range(graph.MOST_TASKS + 1)}}
        self.assertRaises(exceptions.InvalidInput, graph.compile_workflow,
                          rollout, 'name')

    def test_the_tree_shows_order_batches_and_reasons(self):
        self.assertEqual("""\
Rollout 0123456789ab: deploy of plan overcloud, 3 services, 3 nodes
├─ haproxy 1
│  └─ batch 1: controller-0 (not rolled yet), controller-1 (not rolled yet), \
controller-2 (not rolled yet)
├─ web 1, after haproxy
│  └─ batch 1: controller-0 (not rolled yet), controller-1 (not rolled yet), \
controller-2 (not rolled yet)
└─ report 1, after haproxy, web
   └─ batch 1: controller-0 (not rolled yet), controller-1 (not rolled yet), \
controller-2 (not rolled yet)
Without a lifecycle, left alone: legacy""",
                         graph.tree(self.rollout(), '0123456789abcdef'))
