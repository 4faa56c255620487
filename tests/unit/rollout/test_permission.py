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

import time

import testtools

from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import permission
from tripleo_workflows.rollout import steps

PLAN = plans.PLAN
HOUR = 3600


def moment(seconds):
    """A time so many seconds from now, as a record has it."""
    return time.strftime('%Y-%m-%dT%H:%M:%SZ',
                         time.gmtime(time.time() + seconds))


class PermissionTestCase(testtools.TestCase):
    """A database that is upgraded from release 1 to 2."""

    def setUp(self):
        super().setUp()
        self.clients = fakes.Clients()
        self.clients.swift.put_container(f'{PLAN}-operations')
        self.clients.mistral.executions.states['op'] = 'RUNNING'
        self.record = operation_record.Record(self.clients.swift, PLAN)
        self.operation = operation_record.Operation(
            'op', PLAN, 1, 1, 'd', root='op')
        kept = plans.Kept()
        kept.deploy({'Controller': {'db': self.lifecycle('1')}},
                    verb='deploy')
        self.document = kept.compute(
            {'Controller': {'db': self.lifecycle('2')}})
        self.record.put('documents/d.json', self.document)
        self.open()

    def lifecycle(self, release):
        return plans.lifecycle(
            release, prepare={'backup': plans.script()},
            gate=[plans.http()], soak=600, canary=1,
            finish={'migrate': plans.script(), 'contract': plans.script(
                approve=True, point_of_no_return=True)})

    def open(self, **window):
        self.record.put('op/operation.json', {'operation': 'op', **window})

    def takes(self, seconds):
        self.document['services']['db']['seconds'] = {'stop': seconds}
        self.record.put('documents/d.json', self.document)

    def missing(self, part, unit='1'):
        return permission.missing(steps.Unit(
            self.clients, self.operation, 'db', unit), part)

    def waits(self):
        return holding.waiting(self.record, 'op', 1)

    def state(self):
        return self.clients.mistral.executions.states['op']

    def decide(self, kind, **details):
        decisions.decide(self.clients, PLAN, 'op', kind, 'bob', **details)

    def put(self, unit, part, status='done'):
        self.record.put(f'op/1/db.{unit}.json', {part: {
            'begun': 1, 'nodes': {'controller-0': {'status': status}}}})

    def upgraded(self, **changes):
        """Note that all nodes have the new release, but for changes."""
        wanted = self.document['services']['db']['nodes']
        self.record.put('state/1/db.json', {'nodes': {name: {
            'revision': node['wanted'],
            'server_id': self.document['nodes'][name]['server_id'],
            **changes.get(name.replace('-', '_'), {})}
            for name, node in wanted.items()}, 'failed': changes.get(
                'failed', {})})


class WaitingTestCase(PermissionTestCase):

    def test_what_nobody_keeps_may_begin(self):
        self.assertIsNone(self.missing('drain'))
        self.assertEqual('RUNNING', self.state())

    def test_what_a_person_holds_may_not(self):
        self.decide('hold', fence=1)
        self.assertIn('held by bob', self.missing('drain'))
        self.assertEqual('PAUSED', self.state())
        # Neither may what was begun.
        self.put('1', 'drain', 'sent')
        self.assertIn('held by bob', self.missing('drain'))

    def test_before_the_window_opens_it_is_waited_for(self):
        self.open(not_before=moment(HOUR))
        self.assertIn('to begin with db.1', self.missing('drain'))
        self.assertEqual('PAUSED', self.state())
        self.assertAlmostEqual(time.time() + HOUR, self.waits().until,
                               delta=5)

    def test_what_does_not_fit_is_not_begun(self):
        self.open(not_after=moment(HOUR))
        self.assertIsNone(self.missing('drain', '2'))
        self.takes(HOUR + 60)
        self.assertIn('takes about 3660 s', self.missing('drain', '2'))
        self.assertIsNone(self.waits().until)

    def test_a_canary_needs_the_time_that_its_gate_stays_green(self):
        self.open(not_after=moment(HOUR))
        self.takes(HOUR - 300)
        self.assertIn('takes about 3900 s', self.missing('drain', '1'))

    def test_what_was_begun_comes_to_its_end(self):
        self.open(not_after=moment(-HOUR))
        self.put('1', 'drain')
        self.assertIsNone(self.missing('stop'))

    def test_another_window_counts(self):
        self.open(not_after=moment(-HOUR))
        self.decide('change', service='', not_after=moment(HOUR))
        self.assertIsNone(self.missing('drain'))

    def test_a_person_approves_of_what_needs_it(self):
        self.upgraded()
        self.put('prepare', 'backup')
        self.assertEqual('approval of db.contract',
                         self.missing('contract', 'finish'))
        self.assertEqual(('PAUSED', None), (self.state(),
                                            self.waits().until))
        self.clients.mistral.executions.states['op'] = 'RUNNING'
        self.decide('approve', service='db', step='contract')
        self.assertIsNone(self.missing('contract', 'finish'))
        self.assertIsNone(self.missing('migrate', 'finish'))


class RefusingTestCase(PermissionTestCase):

    def setUp(self):
        super().setUp()
        self.decide('approve', service='db', step='contract')
        self.put('prepare', 'backup')
        self.upgraded()

    def refused(self, step):
        return str(self.assertRaises(exceptions.StepFailed, self.missing,
                                     step, 'finish'))

    def test_there_is_no_way_back_without_the_backup(self):
        for status in ('failed', 'sent', 'skipped'):
            self.put('prepare', 'backup', status)
            self.assertIn('the declared backup has not succeeded',
                          self.refused('contract'))

        self.assertIsNone(self.missing('migrate', 'finish'))

    def test_the_old_release_must_serve_nowhere(self):
        self.upgraded(controller_1={'revision': 'old'})

        for step in ('migrate', 'contract'):
            self.assertIn('controller-1', self.refused(step))

    def test_a_node_that_is_stopped_does_not_serve(self):
        self.upgraded(controller_1={'revision': 'old'}, failed={
            'controller-1': {'halted': True}})
        self.assertIsNone(self.missing('contract', 'finish'))
