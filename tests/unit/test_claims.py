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
from keystoneauth1 import exceptions as keystone_exceptions

from tests.unit import fakes
from tripleo_workflows import claims


class ClaimsTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.mistral = fakes.Mistral()

    def test_only_the_first_gets_a_claim(self):
        self.assertTrue(claims.take(self.mistral, 'a.1', {'who': 'first'}))
        self.assertFalse(claims.take(self.mistral, 'a.1', {'who': 'second'}))
        self.assertEqual({'who': 'first'}, claims.read(self.mistral, 'a.1'))

    def test_a_lost_answer_is_told_from_a_lost_race(self):
        original = self.mistral.environments.create

        def create_and_disconnect(**kwargs):
            original(**kwargs)
            raise keystone_exceptions.ConnectFailure

        self.mistral.environments.create = create_and_disconnect
        self.assertTrue(claims.take(self.mistral, 'a.1', {'who': 'first'}))
        self.mistral.environments.create = original
        self.assertFalse(claims.take(self.mistral, 'a.1', {'who': 'second'}))

    def test_numbers_count_and_other_series_do_not(self):
        for name in ('a.2', 'a.10', 'a.x', 'ab.99', 'b.a.77'):
            claims.take(self.mistral, name, {'name': name})

        self.assertEqual(10, claims.highest(self.mistral, 'a'))
        self.assertEqual(0, claims.highest(self.mistral, 'c'))

    def test_dropping_what_is_gone_is_no_error(self):
        claims.take(self.mistral, 'a.1', {})
        claims.drop(self.mistral, 'a.1')
        claims.drop(self.mistral, 'a.1')
        self.assertIsNone(claims.read(self.mistral, 'a.1'))
