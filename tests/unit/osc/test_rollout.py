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

"""``openstack tripleo upgrade preview`` and ``… run`` without services."""

import io
import json
import types

import testtools
from osc_lib import exceptions as osc_exceptions

from tests.unit import fakes
from tests.unit.rollout import plans
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.osc import executions
from tripleo_workflows.osc import rollout

DIGEST = 'd' * 64
CHECKS = [{'service': 'web', 'step': 'check', 'name': 'room on disk',
           'node': 'controller-1', 'result': 2, 'details': 'It is full.',
           'remedy': 'Make room.'},
          {'service': 'web', 'step': 'gate', 'name': 'serves', 'node': '',
           'result': 0, 'details': '', 'remedy': ''}]


class RolloutCommandsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clients = fakes.Clients()
        self.clients.swift.put_container('overcloud-operations')
        self.record = operation_record.Record(self.clients.swift, 'overcloud')
        kept = plans.Kept()
        kept.deploy({'Controller': {'web': plans.lifecycle()}})
        self.document = kept.compute({'Controller': {'web': plans.lifecycle(
            '2', package='another')}})

        for digest, lifecycle in kept.lifecycles.items():
            self.record.put(f'state/lifecycles/{digest}.json', lifecycle)

        self.record.put(f'documents/{DIGEST}.json', self.document)
        self.output = {'digest': DIGEST, 'silent': []}
        self.ran, self.followed = [], []
        self.patch(executions, 'run_quietly', self.run_quietly)
        self.patch(executions, 'run', self.follow)

    def run_quietly(self, mistral, workflow, **inputs):
        self.ran.append((workflow, inputs))

        return self.output

    def follow(self, command, plan, workflow, **inputs):
        self.followed.append((plan, workflow, inputs))

    def call(self, command, *arguments, typed=''):
        stdout = io.StringIO()
        made = command(types.SimpleNamespace(
            stdout=stdout, stdin=io.StringIO(typed),
            client_manager=types.SimpleNamespace(tripleo=self.clients)), None)

        try:
            made.take_action(made.get_parser('openstack').parse_args(
                arguments))
        finally:
            self.printed = stdout.getvalue()

        return self.printed

    def preview(self, *arguments):
        return self.call(rollout.PreviewUpgrade, 'overcloud', *arguments)

    def test_a_tree_is_shown(self):
        shown = self.preview()

        self.assertIn('Rollout dddddddddddd: upgrade', shown)
        self.assertIn('release 1 → 2', shown)
        self.assertNotIn('+++', shown)
        self.assertEqual([('tripleo.upgrade.v1.preview', {
            'plan': 'overcloud', 'verb': 'upgrade', 'selected': {}})],
            self.ran)

    def test_a_part_can_be_selected(self):
        self.preview('--expect', 'update', '--service', 'web', '--service',
                     'db', '--node', 'controller-1')
        [(_, inputs)] = self.ran

        self.assertEqual('update', inputs['verb'])
        self.assertEqual({'services': ['web', 'db'],
                          'nodes': ['controller-1']}, inputs['selected'])

    def test_the_document_is_shown(self):
        self.assertEqual(self.document, json.loads(self.preview('-f',
                                                                'json')))

    def test_a_drawing_is_shown(self):
        shown = self.preview('-f', 'svg')

        self.assertTrue(shown.startswith('<svg '))
        self.assertIn('time not known', shown)

    def test_a_rollout_from_before_is_shown_with_the_times_it_took(self):
        self.record.put('op/operation.json', {
            'operation': 'op', 'digest': DIGEST, 'begun': 1.0, 'fence': 1})
        self.record.put('op/1/web.1.json', {'stop': {
            'begun': 100.0, 'nodes': {'controller-0': {
                'status': 'done', 'known': 107.0}}}})
        shown = self.preview('-f', 'svg', '--digest', DIGEST)

        self.assertEqual([], self.ran)
        self.assertIn('web.1 stop: 7.0 s', shown)

    def test_what_differs_is_shown_too(self):
        shown = self.preview('--diff')

        self.assertIn('release 1 → 2', shown)
        self.assertIn('-install\n+another\n', shown)

    def check(self, failed):
        self.record.put('check-1/results.json', {'checks': CHECKS})
        self.output = {'failed': failed, 'counts': {'failure': failed,
                                                    'success': 1},
                       'table': 'overcloud-operations/check-1/results.json',
                       'checks': []}

        return self.preview('--check-only', '--role', 'Controller')

    def test_checks_that_fail_fail_the_command(self):
        error = self.assertRaises(osc_exceptions.CommandError, self.check, 1)

        self.assertIn('1 of the checks', str(error))
        self.assertIn('failure web check controller-1 room on disk It is '
                      'full. Make room.\n', self.printed)
        [(workflow, inputs)] = self.ran
        self.assertEqual('tripleo.upgrade.v1.check', workflow)
        self.assertEqual({'roles': ['Controller']}, inputs['selected'])

    def test_checks_that_pass_are_shown(self):
        self.assertIn('success web gate serves\nChecks: 0 failure, 1 success',
                      self.check(0))

    def run_command(self, *arguments, **more):
        return self.call(rollout.RunUpgrade, 'overcloud', *arguments, **more)

    def test_a_digest_is_run_as_it_was_shown(self):
        self.run_command(DIGEST, '--not-after', '2026-11-25T05:00:00Z')

        self.assertEqual([], self.ran)
        self.assertEqual([('overcloud', 'tripleo.upgrade.v1.run', {
            'digest': DIGEST, 'not_before': '',
            'not_after': '2026-11-25T05:00:00Z'})], self.followed)

    def test_the_beginning_of_a_digest_is_enough(self):
        self.run_command('ddd')
        self.assertEqual(DIGEST, self.followed[0][2]['digest'])

    def test_an_unknown_digest_is_refused(self):
        error = self.assertRaises(osc_exceptions.CommandError,
                                  self.run_command, 'abc')
        self.assertIn('No rollouts of overcloud begin with abc', str(error))

    def test_without_a_digest_it_is_shown_and_asked_for(self):
        shown = self.run_command(typed='y\n')

        self.assertIn('release 1 → 2', shown)
        self.assertEqual(DIGEST, self.followed[0][2]['digest'])

    def test_who_does_not_agree_begins_nothing(self):
        for typed in ('n\n', '\n', ''):
            self.assertRaises(osc_exceptions.CommandError, self.run_command,
                              typed=typed)

        self.assertEqual([], self.followed)

    def test_who_said_yes_is_not_asked(self):
        self.assertNotIn('Run it?', self.run_command('--yes'))
        self.assertEqual(1, len(self.followed))
