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


import fixtures
import testtools

from tests.unit.rollout import plans
from tests.unit.rollout import world
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock
from tripleo_workflows.rollout import survey

A, B = 'controller-0', 'controller-1'
PLAN = plans.PLAN


class Asked:
    """A survey that ends when the nodes have answered that it waits for."""

    silent = set()

    def __init__(self, clients, container, plan, name, timeout, required):
        self._required = required

    def advance(self):
        waited_for = {A, B} if self._required is None else self._required

        return not waited_for & self.silent

    def rows(self):
        return [{'node': name, 'server_id': f'id-{name}', 'fence': 0,
                 'answered': name not in self.silent, 'operation': None,
                 'services': {}} for name in (A, B)]


class SurveyTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.deployments.survey.Survey', Asked))
        self.useFixture(fixtures.MonkeyPatch(
            'tests.unit.rollout.test_survey.Asked.silent', {B}))
        self.world = self.useFixture(world.World())
        self.world.begin({'web': world.web()}, web=world.web('2'))

    def look(self):
        _, holder = lock.current(self.world.clients.mistral, PLAN)

        return survey.look(self.world.clients, holder, PLAN,
                           self.world.operation.digest)

    def require_answers(self):
        fence, holder = lock.current(self.world.clients.mistral, PLAN)
        survey.require_answers(self.world.record, holder, fence,
                               self.world.document)

    def test_a_node_of_the_rollout_is_waited_for(self):
        self.assertFalse(self.look()['done'])

    def test_one_that_does_not_answer_in_time_is_named(self):
        self.useFixture(fixtures.MonkeyPatch(
            'tests.unit.rollout.test_survey.Asked.advance',
            lambda asked: True))
        self.assertEqual([B], self.look()['silent'])
        error = self.assertRaises(exceptions.DeadlineExceeded,
                                  self.require_answers)
        self.assertIn(B, str(error))

    def test_one_that_is_skipped_is_not_waited_for(self):
        self.world.decide('skip', service='web', node=B)
        self.assertEqual((True, [], 1), tuple(
            self.look()[name] for name in ('done', 'silent', 'answered')))
        self.require_answers()
