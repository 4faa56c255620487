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

"""The plan of a run in the object store."""

import types

import testtools

from tests.unit.plan import swift_server
from tripleo_workflows import exceptions
from tripleo_workflows.plan import environment
from tripleo_workflows.undercloud.ci import plans

FILES = {environment.FILE: 'version: 1.0\n', 'a.yaml': 'first'}


class Driver:
    """Keeps what it was asked to start."""

    plan = 'cloud'

    def __init__(self, swift):
        self.clients = types.SimpleNamespace(swift=swift)
        self.started = []

    def workflow(self, name, **inputs):
        self.started.append(name)


class PlansTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.swift = self.useFixture(swift_server.SwiftServer())
        self.driver = Driver(self.swift.connection())

    def _stored(self):
        return {name: body.decode() for name, body
                in self.swift.containers['cloud'].items()}

    def _environment(self):
        return environment.load(self._stored())

    def test_parameters_go_into_the_environment(self):
        plans.upload(self.driver, FILES, {'WebRelease': '1'})

        self.assertEqual({'WebRelease': '1'},
                         self._environment()['parameter_defaults'])
        self.assertEqual([plans.WORKFLOW], self.driver.started)

    def test_a_plan_that_is_there_is_not_overwritten(self):
        plans.upload(self.driver, FILES, {})
        self.assertRaises(exceptions.Conflict, plans.upload, self.driver,
                          FILES, {'WebRelease': '1'})
        self.assertEqual({}, self._environment()['parameter_defaults'])

    def test_another_plan_takes_its_place_and_the_passwords_stay(self):
        plans.upload(self.driver, {
            environment.FILE: 'version: 1.0\npasswords: {Admin: known}\n'
                              'parameter_defaults: {WebRelease: "1"}\n',
            'a.yaml': 'first', 'gone.yaml': 'first'}, {})
        plans.replace(self.driver, {**FILES, 'a.yaml': 'second'},
                      {'Other': 1})

        self.assertEqual('second', self._stored()['a.yaml'])
        self.assertNotIn('gone.yaml', self._stored())
        self.assertEqual({'Admin': 'known'},
                         self._environment()['passwords'])
        self.assertEqual({'Other': 1},
                         self._environment()['parameter_defaults'])
