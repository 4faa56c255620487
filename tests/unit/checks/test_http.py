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

from typing import Any

import testtools

from tests.unit.checks import server
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import http
from tripleo_workflows.checks import runner


class HttpCheckTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = server.Server()
        self.addCleanup(self.server.close)
        self.facts = {'NODE_ADDRESS': self.server.url.split('//')[1],
                      'NODE_NAME': 'controller-0'}

    def check(self, **options: Any) -> contract.CheckResult:
        options.setdefault('url', 'http://$NODE_ADDRESS/')

        [result] = runner.run_all(
            [{'name': 'answers', 'http': options}], self.facts)

        return result

    def test_success(self) -> None:
        result = self.check()

        self.assertEqual(contract.Code.SUCCESS, result.result)
        self.assertEqual('answers', result.name)
        self.assertEqual('controller-0', result.node)
        self.assertEqual([('GET', '/', b'')], self.server.seen)

    def test_another_status(self) -> None:
        self.server.status = 503
        result = self.check()

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('503', result.details)
        self.assertNotEqual('', result.remedy)

    def test_the_status_that_is_wanted(self) -> None:
        self.server.status = 404

        self.assertEqual(contract.Code.SUCCESS,
                         self.check(status=404).result)
        self.assertEqual(contract.Code.FAILURE,
                         self.check(status=200).result)

    def test_redirects_are_not_followed(self) -> None:
        self.server.status = 302

        self.assertEqual(contract.Code.FAILURE, self.check().result)
        self.assertEqual(1, len(self.server.seen))

    def test_contains(self) -> None:
        self.assertEqual(contract.Code.SUCCESS,
                         self.check(contains='release 1').result)

        result = self.check(contains='release 2')

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn("'release 2'", result.details)

    def test_only_the_first_64_kilobytes_are_read(self) -> None:
        self.server.body = b'x' * http.BODY_LIMIT + b'end'

        self.assertEqual(contract.Code.FAILURE,
                         self.check(contains='end').result)

    def test_a_write(self) -> None:
        self.server.status = 201
        self.check(url='http://$NODE_ADDRESS/items?a=b', method='PUT',
                   body='from $NODE_NAME', headers={'X-Probe': 'yes'})

        self.assertEqual([('PUT', '/items?a=b', b'from controller-0')],
                         self.server.seen)
        self.assertEqual('yes', self.server.headers['X-Probe'])

    def test_a_body_makes_it_a_post(self) -> None:
        self.check(body='x')

        self.assertEqual('POST', self.server.seen[0][0])

    def test_refused_connection(self) -> None:
        with server.Server() as stopped:
            pass

        result = self.check(url=stopped.url)

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('refused', result.details)

    def test_too_slow(self) -> None:
        self.server.slow = True
        result = self.check(timeout=0.1)

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('timed out', result.details)

    def test_unknown_variable(self) -> None:
        result = self.check(url='http://$NOD_ADDRESS/')

        self.assertEqual(contract.Code.BROKEN, result.result)
        self.assertIn('$NOD_ADDRESS', result.details)
        self.assertIn('$NODE_ADDRESS', result.remedy)

    def test_a_dollar_sign_that_starts_nothing(self) -> None:
        self.assertEqual(contract.Code.BROKEN,
                         self.check(body='5 $').result)

    def test_a_url_of_another_kind(self) -> None:
        for url in ('ftp://$NODE_ADDRESS', 'nowhere', 'http://x:port/'):
            self.assertEqual(contract.Code.BROKEN,
                             self.check(url=url).result)

    def test_secrets_of_a_url_are_not_shown(self) -> None:
        address = self.facts['NODE_ADDRESS']
        result = self.check(url=f'http://user:secret@{address}/?sig=secret')

        self.assertNotIn('secret', str(result))

    def test_a_service_that_is_healthy_and_cannot_write(self) -> None:
        self.server.statuses[('POST', '/items')] = 500

        self.assertEqual(contract.Code.SUCCESS, self.check(
            url='http://$NODE_ADDRESS/health').result)

        result = self.check(url='http://$NODE_ADDRESS/items', method='POST',
                            body='verify', status=201)

        self.assertEqual(contract.Code.FAILURE, result.result)
        self.assertIn('answered 500, not 201', result.details)
