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

"""Fifty contenders for one plan, in threads and processes."""

import uuid

import testtools

from tests.faults import contenders
from tests.faults import executions
from tripleo_workflows import claims
from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

CONTENDERS = 50
PROCESSES = 4


class LockTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clients = service_clients.from_environment()
        self.plan = f'lock-{uuid.uuid4().hex}'
        self.executions = executions.Executions(self.clients.mistral)
        self.addCleanup(self.executions.remove)
        self.addCleanup(self.drop_claims)

    def drop_claims(self):
        for number in claims.numbers(self.clients.mistral,
                                     lock.series(self.plan)):
            claims.drop(self.clients.mistral,
                        f'{lock.series(self.plan)}.{number}')

    def contend(self, dead=''):
        """The one that won, after all others were told so."""
        roots = self.executions.start(CONTENDERS)
        rows = contenders.contend_in_processes(self.plan, roots, PROCESSES,
                                               dead)
        self.assertEqual(set(roots), {row['root'] for row in rows})
        [winner] = [row for row in rows if 'fence' in row]
        losers = [row for row in rows if 'error' in row]
        self.assertEqual(CONTENDERS - 1, len(losers))

        for row in losers:
            # A contender's name is its root.
            self.assertIn(f'{winner["root"]} has the plan locked',
                          row['error'])
            self.assertIn(f'execution={winner["root"]}', row['error'])

        return winner

    def test_one_wins_and_the_others_are_told_who_holds_it(self):
        first = self.contend()
        self.assertEqual(1, first['fence'])
        self.executions.end(first['root'])
        self.assertEqual(2, self.contend()['fence'])

    def test_one_takes_over_from_an_owner_that_is_dead(self):
        container = operation_record.Record(self.clients.swift,
                                            self.plan).container
        self.clients.swift.put_container(container)
        record = operation_record.Record(self.clients.swift, self.plan)
        self.addCleanup(self.clients.swift.delete_container, container)
        # Mistral calls it RUNNING, and nothing will ever move in it.
        [dead] = self.executions.start(1)
        lock.acquire(self.clients.mistral, self.plan, lock.Holder(
            dead, dead, 'upgrade', 'alice', lock.now()))
        self.addCleanup(self.empty, record)
        record.put(f'{dead}/operation.json', {
            'operation': dead, 'root': dead, 'verb': 'upgrade',
            'person': 'alice', 'since': lock.now(), 'fence': 1, 'digest': '',
            'begun': 1.0})
        winner = self.contend(dead)

        self.assertEqual(2, winner['fence'])
        self.assertEqual('CANCELLED',
                         lock.state_of(self.clients.mistral, dead))
        [decided] = decisions.read(record, dead).of_kind(decisions.GO_ON)
        self.assertEqual((winner['root'], 2), (
            decided.details['execution'], decided.details['fence']))

    def empty(self, record):
        for name in record.names(''):
            record.remove(name)
