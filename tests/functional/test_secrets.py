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

import json
import os
import pathlib
import urllib.request

import testtools

from tests.functional import cloud as functional_cloud
from tripleo_workflows.plan import environment

#: What a step of the sample writes itself, on purpose, and the database of
#: Heat, which encrypts hidden parameters but not the parameter defaults of an
#: environment.
EXPECTED = ('etc/monitor-agent.token', 'etc/web/database.cnf',
            'data/heat.sqlite', 'data/heat.sqlite-wal')


class SecretsTestCase(testtools.TestCase):
    """A rolled secret reaches its service, and stays nowhere else."""

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()

    def test_a_secret_and_a_parameter_are_rolled_out(self):
        upgrade = functional_cloud.upgraded()
        self.secret = upgrade.secret
        # The agents, and the web service with its new release.
        self.assertEqual((2, 3 + len(self.cloud.addresses('compute'))), (
            upgrade.rollout['services'], upgrade.rollout['nodes']))
        self.assertIn('secret TOKEN changed', upgrade.rollout['tree'])
        self.assertIn('configure', upgrade.rollout['tree'])

        for address in self.cloud.addresses('compute'):
            with urllib.request.urlopen(urllib.request.Request(
                    f'http://{address}:8090/load', headers={
                        'Authorization': f'Bearer {self.secret}'})) as answer:
                self.assertEqual(200, answer.status)

            with urllib.request.urlopen(
                    f'http://{address}:8090/health') as answer:
                self.assertEqual(upgrade.interval,
                                 json.load(answer)['interval'])

        self.assertEqual([], self.found_outside_swift())
        self.assertEqual([], self.found_in_swift())
        # Nothing has changed: the digest of a secret is stable.
        self.assertEqual(0, self.cloud.preview()['services'])

    def test_a_generated_password_is_used_and_stays_nowhere_else(self):
        generated = environment.load(self.cloud.plan())['passwords']

        for name in ('WebDatabasePassword', 'WebMigrationPassword'):
            self.secret = generated[name]
            self.assertEqual([], self.found_outside_swift())
            self.assertEqual([], self.found_in_swift())

    def found_outside_swift(self):
        """Files with the secret: databases, logs and nodes."""
        root = self.cloud.state.root
        swift = self.cloud.state.data / 'swift'
        found = []

        for directory, names, files in os.walk(root):
            place = pathlib.Path(directory)
            names[:] = [name for name in names if place / name != swift]

            for path in (place / name for name in files):
                if path.is_file() and self.secret.encode() in (
                        path.read_bytes()):
                    found.append(str(path.relative_to(root)))

        return [name for name in found if not name.endswith(EXPECTED)]

    def found_in_swift(self):
        """Objects with the secret, but for the plan's own."""
        swift = self.cloud.clients.swift
        found = []

        for container in swift.get_account(full_listing=True)[1]:
            for row in swift.get_container(container['name'],
                                           full_listing=True)[1]:
                _, body = swift.get_object(container['name'], row['name'])

                if self.secret.encode() in body:
                    found.append(f'{container["name"]}/{row["name"]}')

        return [name for name in found
                if not name.startswith(f'{functional_cloud.PLAN}/')]
