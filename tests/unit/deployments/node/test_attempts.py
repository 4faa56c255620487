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

"""Attempts: one guardian each, and no directories of old ones."""

import os
import pathlib
import time

import fixtures
import testtools

from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.deployments.node import history
from tripleo_workflows.deployments.node import journal as node_journal
from tripleo_workflows.deployments.node import survey


class AttemptsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.EnvironmentVariable(
            'TRIPLEO_RUNNER_DIR', str(self.directory)))

    def guarded(self, attempt='one'):
        return attempts.guarded(attempt, time.monotonic() + 0.1)


class GuardianTest(AttemptsTestCase):

    def test_there_is_one_guardian(self):
        self.assertIsNone(attempts.guardian_of('one'))

        with self.guarded() as place:
            self.assertEqual(self.directory / 'attempts/one', place)
            self.assertEqual(os.getpid(), attempts.guardian_of('one'))

            with self.guarded() as another:
                self.assertIsNone(another)

        self.assertIsNone(attempts.guardian_of('one'))

        with self.guarded() as again:
            self.assertIsNotNone(again)

    def test_living_and_wanted_attempts_are_kept(self):
        for name in ('old', 'wanted'):
            with self.guarded(name) as place:
                (place / 'script').write_text('')

        with self.guarded('living'):
            attempts.tidy(['wanted'])

        self.assertEqual({'wanted', 'living'}, {
            place.name for place in (self.directory / 'attempts').iterdir()})


class SurveyTest(AttemptsTestCase):

    def setUp(self):
        super().setUp()
        self.journal = node_journal.Journal(self.directory, 'server')

    def append(self, event, service='web', operation='first', fence=1,
               plan='overcloud', **more):
        key = {'plan': plan, 'operation': operation, 'service': service,
               'batch': '1', 'step': 'start', 'node': 'node', 'attempt': 1}
        self.journal.append(event, key, fence, **more)

        return history.attempt_name(key)

    def survey(self, server='server'):
        return survey.survey(self.journal.entries(), server, 'node')

    def status(self):
        return self.survey()['plans']['overcloud']['services']['web'][
            'status']

    def test_an_empty_node(self):
        found = self.survey()
        self.assertEqual(('server', 'node', {}, []), (
            found['server_id'], found['node'], found['plans'],
            found['running']))

    def test_the_life_of_an_attempt(self):
        attempt = self.append(history.ACCEPTED)
        self.assertEqual('accepted', self.status())

        with self.guarded(attempt):
            self.append(history.STARTED, monotonic=time.monotonic())
            self.assertEqual('running', self.status())
            row, = self.survey()['running']
            self.assertEqual(('web', 'start', 1), (
                row['service'], row['step'], row['attempt']))
            self.assertLess(row['seconds'], 60)

        self.assertEqual('interrupted', self.status())
        self.assertEqual([], self.survey()['running'])
        self.append(history.DONE, result={'status': 'failed'})
        self.assertEqual('failed', self.status())

    def test_what_a_service_has_completed(self):
        completes = {'revision': 'abc', 'release': '2', 'parts': {'a': 1}}
        self.append(history.ACCEPTED, fence=3)
        self.append(history.STARTED, fence=3, monotonic=0)
        self.append(history.DONE, fence=3, result={'status': 'done'},
                    completes=completes)
        plan = self.survey()['plans']['overcloud']
        service = plan['services']['web']

        self.assertEqual((3, 'first'), (plan['fence'], plan['operation']))
        self.assertEqual(completes, {name: service[name]
                                     for name in completes})
        replaced = self.survey('new')['plans']['overcloud']['services']
        self.assertIsNone(replaced['web']['revision'])

    def test_an_abort_alone_is_no_service(self):
        self.append(history.ABORT, service='abort', fence=9)
        plan = self.survey()['plans']['overcloud']
        self.assertEqual((9, {}), (plan['fence'], plan['services']))

    def test_plans_are_told_apart(self):
        self.append(history.ACCEPTED)
        self.append(history.ACCEPTED, plan='other', fence=5)
        self.assertEqual({'overcloud': 1, 'other': 5}, {
            plan: known['fence']
            for plan, known in self.survey()['plans'].items()})
