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

"""What clean_up removes from the real services, and what it leaves."""

import datetime
import uuid

import testtools

from tests.faults import executions
from tests.functional import cloud as functional_cloud
from tripleo_workflows import claims
from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import retention

GRAPH = """
version: '2.0'
{name}:
  description: A compiled graph, as far as its name goes; made by a test.
  tasks:
    nothing_to_do:
      action: std.noop
"""


class RetentionTestCase(testtools.TestCase):
    """A plan with three operations that ended and one that is open."""

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.Cloud()
        self.clients = service_clients.from_environment()
        self.mistral = self.clients.mistral
        self.plan = f'retention-{uuid.uuid4().hex}'
        self.record = operation_record.Record(self.clients.swift, self.plan)
        self.clients.swift.put_container(self.record.container)
        self.addCleanup(self.remove_all)
        self.executions = executions.Executions(self.mistral)
        self.addCleanup(self.executions.remove)
        self.roots = self.executions.start(4)

        for fence, root in enumerate(self.roots, 1):
            self.operate(fence, root, closed=fence < 4)

        # What is to be removed must be a moment old.
        self.old = 1e-6

    def operate(self, fence, root, closed):
        claims.take(self.mistral, f'{lock.series(self.plan)}.{fence}', {
            'root': root, 'operation': root, 'verb': 'upgrade',
            'person': 'alice', 'since': lock.now()})
        digest = f'digest-{fence}'
        self.record.put(f'documents/{digest}.json', {'services': {}})
        self.record.put(f'{root}/operation.json', {
            'operation': root, 'root': root, 'verb': 'upgrade',
            'person': 'alice', 'since': lock.now(), 'fence': fence,
            'digest': digest, 'begun': float(fence)})
        self.record.put(f'{root}/{fence}/web.1.json', {})
        self.record.put(f'{root}/deliveries/web.1.stop.1/node.result', {})
        self.record.carry_over(fence, ['web'])
        self.record.put_state(fence, 'web', {'release': str(fence)})
        self.mistral.workflows.create(GRAPH.format(
            name=lifetime.graph_name(root, fence)))

        if closed:
            self.record.put(f'{root}/closed.json', {
                'how': 'finished', 'person': 'alice',
                'when': f'2026-01-0{fence}T10:00:00Z'})

    def remove_all(self):
        for name in self.record.names(''):
            self.record.remove(name)

        self.clients.swift.delete_container(self.record.container)

        for number in claims.numbers(self.mistral, lock.series(self.plan)):
            claims.drop(self.mistral, f'{lock.series(self.plan)}.{number}')

        for fence, root in enumerate(self.roots, 1):
            lifetime.drop_graph(self.mistral, lifetime.graph_name(root, fence))

    def clean(self, **limits):
        return self.cloud.run('tripleo.operation.v1.clean_up', **{
            'plan': self.plan, 'keep_days': self.old, 'keep_operations': 1,
            **limits})['removed']

    def graphs(self):
        return {workflow.name for workflow in self.mistral.workflows.list(
                    name=f'has:{lifetime.GRAPH_PREFIX}')
                if workflow.name.split('.')[3] in self.roots}

    def test_only_what_is_beyond_both_limits_goes(self):
        before = set(self.record.names(''))
        self.clean(keep_days=30)
        # Deliveries, graphs and states below the newest base have no age.
        self.assertEqual(
            {name for name in before if '/deliveries/' in name
             and self.roots[3] not in name}
            | {f'state/{fence}/{name}.json' for fence in (1, 2, 3)
               for name in ('base', 'web')},
            before - set(self.record.names('')))
        self.assertEqual({lifetime.graph_name(self.roots[3], 4)},
                         self.graphs())
        self.assertEqual([3, 4], claims.numbers(self.mistral,
                                                lock.series(self.plan)))
        for removed in (self.clean(dry_run=True), self.clean()):
            # These runs of clean_up are themselves executions that ended.
            self.assertEqual({'operations': 2, 'objects': 6, 'documents': 2},
                             {kind: count for kind, count in removed.items()
                              if kind != 'executions'})

        third, fourth = self.roots[2:]
        self.assertEqual(
            {f'{third}/operation.json', f'{third}/closed.json',
             f'{third}/3/web.1.json', 'documents/digest-3.json',
             f'{fourth}/operation.json', f'{fourth}/4/web.1.json',
             f'{fourth}/deliveries/web.1.stop.1/node.result',
             'documents/digest-4.json', 'state/4/base.json',
             'state/4/web.json'}, set(self.record.names('')))
        self.assertEqual({'release': '4'}, self.record.state(9, 'web'))

    def test_our_executions_go_when_they_ended(self):
        ended = self.cloud.start('tripleo.operation.v1.resume',
                                 plan=self.plan)
        self.assertRaises(functional_cloud.ExecutionFailed, self.cloud.wait,
                          ended)
        other = self.cloud.start('tripleo.operation.v1.resume', plan='other')
        self.assertRaises(functional_cloud.ExecutionFailed, self.cloud.wait,
                          other)
        self.clean(keep_days=1)
        self.assertEqual('ERROR', lock.state_of(self.mistral, ended))
        self.wait_a_second()
        self.clean()
        self.assertEqual('GONE', lock.state_of(self.mistral, ended))
        self.assertEqual('ERROR', lock.state_of(self.mistral, other))
        self.assertEqual('RUNNING', lock.state_of(self.mistral,
                                                  self.roots[3]))

    def wait_a_second(self):
        """Mistral's times have seconds: wait until the next has begun."""
        begun = datetime.datetime.now().second

        while datetime.datetime.now().second == begun:
            lock.current(self.mistral, self.plan)

    def test_a_call_without_time_says_that_more_is_left(self):
        cleaning = retention.Cleaning(self.clients, 1, self.old, seconds=-1)
        self.assertEqual({'done': False, 'removed': {}},
                         cleaning.clean(self.plan))
