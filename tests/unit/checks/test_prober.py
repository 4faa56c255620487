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
from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import prober


class ProberTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.servers = [server.Server() for _ in range(2)]
        self.closed: set[server.Server] = set()
        self.addCleanup(self.close_all)

    def close_all(self) -> None:
        for each in self.servers:
            if each not in self.closed:
                each.close()

    def probe(self, rate: float = 200, **options: Any) -> prober.Prober:
        # Ten times the usual rate, so that the tests are short.
        return prober.Prober([
            {'name': f'{method} {number}', 'http': {
                'url': f'{each.url}/items', 'method': method, **options}}
            for number, each in enumerate(self.servers)
            for method in ('GET', 'POST')], rate)

    def run_until(self, probe: prober.Prober,
                  requests: int) -> availability.Report:
        probe.start()
        self.servers[0].wait_for(requests)

        return probe.stop()

    def test_healthy(self) -> None:
        report = self.run_until(self.probe(), 20)
        seen = [len(each.seen) for each in self.servers]

        self.assertEqual(0, report.total.failed)
        self.assertEqual((), report.failures)
        self.assertEqual(sum(seen), report.total.requests)
        self.assertEqual(
            f'{report.total.requests} requests, 0 failed requests',
            report.verdict())

        for figures in (report.total, *report.endpoints.values()):
            self.assertTrue(
                0 < figures.median <= figures.p99 <= figures.maximum)

    def test_all_probes_in_turn(self) -> None:
        report = self.run_until(self.probe(body='probed'), 20)
        counts = [figures.requests for figures in report.endpoints.values()]

        self.assertEqual(['GET 0', 'POST 0', 'GET 1', 'POST 1'],
                         list(report.endpoints))
        self.assertEqual(report.total.requests, sum(counts))
        self.assertLessEqual(max(counts) - min(counts), 1)
        self.assertEqual(
            {('GET', '/items', b'probed'), ('POST', '/items', b'probed')},
            {request for each in self.servers for request in each.seen})
        self.assertEqual(report.total.writes, sum(
            method == 'POST' for each in self.servers
            for method, _, _ in each.seen))

    def test_the_rate_is_kept(self) -> None:
        probe = self.probe(rate=20)
        probe.start()
        seconds = self.servers[0].wait_for(20)
        report = probe.stop()

        # The twentieth at one of two servers is at least the thirty-fifth of
        # all, and is due after 34 twentieths of a second.
        self.assertGreater(seconds, 1.6)
        self.assertTrue(35 <= report.total.requests <= 20 * report.seconds + 1)

    def test_slow_answers_do_not_slow_the_rate(self) -> None:
        self.servers[0].slow = True
        probe = self.probe(rate=50, timeout=1)
        probe.start()
        # None of these is answered before the prober gives up.
        self.servers[0].wait_for(20)
        report = probe.stop()

        self.assertGreaterEqual(report.total.failed, 20)
        self.assertEqual('timed out', report.failures[0].reason)
        self.assertEqual(len(self.servers[0].seen), report.total.failed)

    def test_a_server_that_stops_is_noticed(self) -> None:
        probe = self.probe()
        probe.start()
        self.servers[0].wait_for(10)
        self.servers[0].close()
        self.closed.add(self.servers[0])
        self.servers[1].wait_for(len(self.servers[1].seen) + 20)
        report = probe.stop()

        self.assertGreater(report.total.failed, 0)
        self.assertEqual(availability.FAILURES_SHOWN, len(report.failures))
        self.assertIn(report.failures[-1].probe, ('GET 0', 'POST 0'))
        self.assertIn('refused', report.failures[-1].reason)
        self.assertGreater(report.failures[-1].at, 0)
        self.assertGreater(report.endpoints['GET 0'].gap,
                           report.endpoints['GET 1'].gap)

    def test_any_answer_but_the_200s_is_a_failure(self) -> None:
        for status in (503, 401, 302):
            self.servers[0].status = status
            report = self.run_until(
                self.probe(), len(self.servers[0].seen) + 5)

            self.assertEqual(f'answered {status}, not in the 200s',
                             report.failures[0].reason)
            self.assertTrue(0 < report.total.failed < report.total.requests)

    def test_an_answer_that_is_wanted_is_none(self) -> None:
        for each in self.servers:
            each.status = 409

        report = self.run_until(self.probe(status=409), 5)

        self.assertEqual(0, report.total.failed)

    def test_a_service_that_cannot_write_is_seen(self) -> None:
        self.servers[0].statuses['POST', '/items'] = 500
        report = self.run_until(self.probe(), 10)

        self.assertEqual(0, report.endpoints['GET 0'].failed)
        self.assertEqual(report.endpoints['POST 0'].requests,
                         report.endpoints['POST 0'].failed)

    def test_what_is_no_url_fails_too(self) -> None:
        probe = prober.Prober(prober.of_urls(
            ['nowhere', self.servers[0].url]), rate=200)
        report = self.run_until(probe, 5)

        self.assertGreaterEqual(report.total.failed, 5)

    def test_a_url_may_have_a_dollar_sign(self) -> None:
        self.run_until(prober.Prober(prober.of_urls(
            [f'{self.servers[0].url}/a?b=$c'])), 1)

        self.assertEqual('/a?b=$c', self.servers[0].seen[0][1])

    def test_what_cannot_be_probed_is_refused(self) -> None:
        for probes, words in (
                ([], 'no probe'),
                ([{'name': 'x', 'tcp': {'host': 'a', 'port': 1}}],
                 'has no tcp'),
                ([{'name': 'x', 'http': {'url': 'http://$NODE_ADDRESS'}}],
                 r'$NODE_ADDRESS'),
                ([{'name': 'x', 'http': {}}], 'lacks url')):
            error = self.assertRaises(
                exceptions.InvalidInput, prober.Prober, probes)

            self.assertIn(words, str(error))

    def test_a_report_while_it_runs(self) -> None:
        probe = self.probe()
        probe.start()
        self.servers[0].wait_for(10)
        early = probe.report()
        late = probe.stop()

        self.assertTrue(0 < early.total.requests <= late.total.requests)
        self.assertTrue(0 < early.seconds <= late.seconds)
