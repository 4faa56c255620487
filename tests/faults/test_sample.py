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

"""The sample cloud, with a password that changes and a step that fails."""

import json
import urllib.request

import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import probing

PLAN = functional_cloud.PLAN


class SampleTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()

    def test_a_rotated_password_fails_no_request(self):
        self.assertEqual(['WebDatabasePassword'], self.cloud.act(
            'tripleo.parameters.generate_passwords',
            container=PLAN, rotate_passwords=True,
            rotate_pw_list=['WebDatabasePassword'])['rotated'])
        rollout = self.cloud.preview(verb='update')
        self.assertEqual((2, 4), (rollout['services'], rollout['nodes']))
        self.assertIn('secret PASSWORD changed', rollout['tree'])
        self.assertIn('secret WEB_PASSWORD changed', rollout['tree'])
        probes = prober.Prober(probing.probes(self.cloud.clients.heat,
                                              PLAN))
        probes.start()

        try:
            self.cloud.upgrade(rollout['digest'])
        finally:
            report = probes.stop()

        self.assertEqual([], list(report.failures), report.verdict())
        self.assertEqual(0, self.cloud.preview()['services'])

    def test_a_failed_step_is_explained_and_its_node_put_back(self):
        template = 'deployment/monitor-agent/package.sh'
        text = self.cloud.plan()[template]
        swift = self.cloud.clients.swift
        swift.put_object(PLAN, template,
                         '#!/bin/sh\necho no such package >&2\nexit 3\n')
        self.addCleanup(swift.put_object, PLAN, template, text)
        rollout = self.cloud.preview()
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed,
            r'ended with 3.*no such package.*preview again.*service='
            r'monitor_agent, batch=1, step=package, node=.*compute-0\]$',
            self.cloud.upgrade, rollout['digest'])

        with urllib.request.urlopen(
                f'http://{self.cloud.addresses("compute")[0]}:8090/health',
                timeout=5) as answer:
            self.assertIn('interval', json.load(answer))

        swift.put_object(PLAN, template, text)
        self.assertRaisesRegex(
            functional_cloud.ExecutionFailed,
            'upgrade that admin began .* was left open.*operation.v1.abort',
            self.cloud.preview)
        self.cloud.run('tripleo.operation.v1.abort', plan=PLAN,
                       reason='the package was repaired')
        self.assertEqual(0, self.cloud.preview()['services'])
