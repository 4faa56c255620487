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

import testtools

from tests.unit.rollout import plans
from tripleo_workflows.rollout import units

ONCE = {
    'prepare': {'stage': plans.script(), 'expand': plans.script()},
    'finish': {'migrate': plans.script(), 'cleanup': plans.script(),
               'contract': plans.script(on='all')}}
NAMES = [f'controller-{number}' for number in range(3)]


class UnitsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()
        self.kept.deploy({'Controller': {
            'web': plans.lifecycle(remove=plans.script())}})

    def members(self, unit, lifecycle=None, **more):
        self.document = self.kept.compute({'Controller': {
            'web': lifecycle} if lifecycle else {}}, **more)

        return units.members(self.document, 'web', unit,
                             self.kept.lifecycles.__getitem__)

    def steps(self, *args, **more):
        return {name: list(member.steps)
                for name, member in self.members(*args, **more).items()}

    def test_a_batch_is_carried_out_by_its_nodes(self):
        members = self.members('2', plans.lifecycle('2', batch=2))
        self.assertEqual([NAMES[2]], list(members))
        member = members[NAMES[2]]
        self.assertEqual(('drain', 'stop', 'package', 'start'), member.steps)
        self.assertEqual('1', member.from_release)
        node = self.document['services']['web']['nodes'][NAMES[2]]
        self.assertEqual((node['wanted'], '2'), (
            member.completes['revision'], member.completes['release']))

    def test_who_carries_a_phase_out(self):
        self.assertEqual(
            {NAMES[0]: ['stage', 'expand'], NAMES[1]: ['stage'],
             NAMES[2]: ['stage']},
            self.steps('prepare', plans.lifecycle('2', **ONCE)))
        self.assertEqual(
            {NAMES[0]: ['migrate', 'contract', 'cleanup'],
             NAMES[1]: ['contract', 'cleanup'],
             NAMES[2]: ['contract', 'cleanup']},
            self.steps('finish', plans.lifecycle('2', **ONCE)))

    def test_who_does_not_answer_has_no_part_in_a_phase(self):
        self.assertEqual([NAMES[1], NAMES[2]], list(self.steps(
            'finish', plans.lifecycle('2', unreachable='skip', **ONCE),
            down=[NAMES[0]])))

    def test_a_phase_completes_nothing(self):
        self.assertEqual({None}, {
            member.completes for member in self.members(
                'prepare', plans.lifecycle('2', **ONCE)).values()})

    def test_a_service_leaves_by_the_steps_with_which_it_came(self):
        self.assertEqual(
            {name: ['drain', 'stop', 'remove'] for name in NAMES},
            self.steps('leave'))

    def test_the_way_back_is_what_a_node_had(self):
        self.members('1', plans.lifecycle('2', package='new'))
        member = units.put_back(self.document, 'web', NAMES[0], units.BACK,
                                self.kept.lifecycles.__getitem__)
        self.assertEqual('install',
                         member.lifecycle['steps']['package']['script'])
        self.assertEqual(
            self.kept.states['web']['nodes'][NAMES[0]]['revision'],
            member.completes['revision'])

    def test_a_halt_stops_and_completes_nothing(self):
        self.members('1', plans.lifecycle('2'))
        member = units.put_back(self.document, 'web', NAMES[0], units.HALT,
                                self.kept.lifecycles.__getitem__)
        self.assertEqual((('stop',), None), (member.steps, member.completes))
