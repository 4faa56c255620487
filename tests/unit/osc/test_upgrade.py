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

import io
import types

import fixtures

from tests.unit.operation import test_going_on
from tests.unit.operation import test_probing
from tripleo_workflows.osc import upgrade

PLAN = test_going_on.PLAN


class ProbeTestCase(test_probing.EndpointTestCase):

    def setUp(self):
        super().setUp()
        self.stderr = self.useFixture(fixtures.StringStream('stderr')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', self.stderr))

    def probe(self, *arguments):
        """Run the command; give its table by the first column."""
        self.stdout = io.StringIO()
        app = types.SimpleNamespace(
            stdout=self.stdout,
            client_manager=types.SimpleNamespace(tripleo=self.clients))
        command = upgrade.ProbeUpgrade(app, None)
        parser = command.get_parser('probe')
        self.code = command.run(parser.parse_args([
            PLAN, '--rate', '100', '-f', 'csv', '--quote', 'none',
            *arguments]))

        return {row[0]: row[1:] for row in (
            line.split(',') for line in
            self.stdout.getvalue().splitlines())}

    def test_urls_for_some_seconds(self):
        rows = self.probe('--url', self.server.url, '--url',
                          f'{self.server.url}/items', '--seconds', '0.2')

        self.assertEqual(0, self.code)
        self.assertEqual(
            ['Endpoint or step', self.server.url,
             f'{self.server.url}/items', 'all endpoints'], list(rows))
        self.assertEqual(str(len(self.server.seen)),
                         rows['all endpoints'][0])
        self.assertEqual('0', rows['all endpoints'][1])

    def test_what_lifecycles_name_until_the_operation_has_ended(self):
        self.clients.heat = test_probing.heat_with(web={'probe': [
            {'name': 'reads', 'http': {'url': self.server.url}}]})
        self.record.put('first/1/web.1.json', {'stop': {
            'begun': 1.0, 'nodes': {'node-0': {
                'status': 'done', 'known': 9e9}}}})
        self.useFixture(fixtures.MonkeyPatch(
            'tests.unit.fakes.Swift.get_container', self.close_later(
                self.clients.swift.get_container)))
        rows = self.probe()

        self.assertEqual(0, self.code)
        self.assertEqual(['Endpoint or step', 'web: reads', 'web.1 stop'],
                         list(rows))
        self.assertEqual(rows['web: reads'][0], rows['web.1 stop'][0])

    def close_later(self, get_container):
        """End the operation once the prober has found it."""
        def closing(swift, *arguments, **keywords):
            found = get_container(*arguments, **keywords)
            self.server.wait_for(3)
            self.record.put('first/closed.json', {'how': 'finished'})

            return found

        return closing

    def test_a_failed_request_fails_it(self):
        self.server.status = 503
        rows = self.probe('--url', self.server.url, '--seconds', '0.2')

        self.assertEqual(1, self.code)
        self.assertEqual(rows[self.server.url][0],
                         rows[self.server.url][1])

    def test_who_interrupts_it_gets_the_report(self):
        waits = []

        def interrupt(seconds):
            waits.append(seconds)
            self.server.wait_for(3)
            raise KeyboardInterrupt

        self.useFixture(fixtures.MonkeyPatch('time.sleep', interrupt))
        rows = self.probe('--url', self.server.url)

        self.assertEqual([0.02], waits)
        self.assertEqual(str(len(self.server.seen)),
                         rows[self.server.url][0])
