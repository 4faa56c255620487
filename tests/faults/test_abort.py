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

"""Aborting an operation while a node carries out a step."""


import testtools

from tests import waiting
from tests.functional import cloud as functional_cloud

PLAN = functional_cloud.PLAN
TEMPLATE = 'deployment/monitor-agent/package.sh'


class AbortTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.mark = self.cloud.node(f'{PLAN}-compute-0').root / 'sleeps'
        self.mark.unlink(missing_ok=True)
        text = self.cloud.plan()[TEMPLATE]
        self.addCleanup(self.put, text)
        # It ends by itself, should the abort not reach it.
        self.put(f'#!/bin/sh\nset -e\necho $$ > {self.mark}\n'
                 f'sleep 25\necho ended >> {self.mark}\n')

    def put(self, text):
        self.cloud.clients.swift.put_object(PLAN, TEMPLATE, text)

    def test_what_runs_on_a_node_is_stopped(self):
        rollout = self.cloud.preview()
        execution = self.cloud.start('tripleo.upgrade.v1.run', plan=PLAN,
                                     digest=rollout['digest'])
        waiting.wait_for(self.mark.exists, 120)
        output = self.cloud.run('tripleo.operation.v1.abort', plan=PLAN,
                                take_over=True, reason='too slow')
        self.assertEqual(([f'{PLAN}-compute-0'], []), (output['stopped'],
                                                       output['silent']))
        self.assertEqual('CANCELLED', self.cloud.clients.mistral.executions
                         .get(execution).state)
        self.assertNotIn('ended', self.mark.read_text())
        # The plan is free, and what was left is found.
        self.assertIn('compute-0 (an earlier roll did not end)',
                      self.cloud.preview()['tree'])
