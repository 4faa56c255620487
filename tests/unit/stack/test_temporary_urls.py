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

from tests.unit import fakes
from tripleo_workflows.stack import temporary_urls


class PrepareAccountTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.swift = fakes.Swift()

    def key(self):
        return self.swift.head_account()['x-account-meta-temp-url-key']

    def test_an_account_without_a_key_gets_one(self):
        temporary_urls.prepare_account(self.swift)
        first = self.key()
        self.assertGreaterEqual(len(first), 32)
        self.swift = fakes.Swift()
        temporary_urls.prepare_account(self.swift)
        self.assertNotEqual(first, self.key())

    def test_a_key_stays_because_urls_were_made_with_it(self):
        self.swift.post_account({'X-Account-Meta-Temp-URL-Key': 'of before'})
        temporary_urls.prepare_account(self.swift)
        self.assertEqual('of before', self.key())
