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

from tests.unit.checks import server
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

    def probe(self, **options: float) -> prober.Prober:
        # Ten times the usual rate, so that the tests are short.
        return prober.Prober([each.url for each in self.servers],
                             **{'rate': 200, **options})  # type: ignore

    def run_until(self, probe: prober.Prober,
                  requests: int) -> prober.Report:
        probe.start()
        self.servers[0].wait_for(requests)

        return probe.stop()

    def test_healthy(self) -> None:
        report = self.run_until(self.probe(), 20)
        seen = [len(each.seen) for each in self.servers]

        self.assertEqual(0, report.failed)
        self.assertEqual((), report.failures)
        self.assertEqual(sum(seen), report.requests)
        self.assertEqual(
            f'{report.requests} requests, 0 failed requests',
            report.verdict())
        self.assertTrue(
            0 < report.median <= report.p99 <= report.maximum)

    def test_all_endpoints_in_turn_and_writes_among_them(self) -> None:
        report = self.run_until(self.probe(), 40)
        writes = [sum(method == 'POST' for method, _, _ in each.seen)
                  for each in self.servers]
        paths = {path for each in self.servers
                 for method, path, _ in each.seen if method == 'POST'}

        self.assertEqual(report.requests // 10, report.writes)
        self.assertEqual(report.writes, sum(writes))
        self.assertLessEqual(abs(writes[0] - writes[1]), 1)
        self.assertEqual({'/items'}, paths)
        self.assertLessEqual(abs(len(self.servers[0].seen)
                                 - len(self.servers[1].seen)), 3)

    def test_the_rate_is_kept(self) -> None:
        probe = self.probe(rate=20)
        probe.start()
        seconds = self.servers[0].wait_for(20)
        report = probe.stop()

        # The twentieth at one of two servers is at least the thirty-fifth of
        # all, and is due after 34 twentieths of a second.
        self.assertGreater(seconds, 1.6)
        self.assertTrue(35 <= report.requests <= 20 * report.seconds + 1)

    def test_slow_answers_do_not_slow_the_rate(self) -> None:
        self.servers[0].slow = True
        probe = self.probe(rate=50, timeout=1)
        probe.start()
        # None of these is answered before the prober gives up.
        self.servers[0].wait_for(20)
        report = probe.stop()

        self.assertGreaterEqual(report.failed, 20)
        self.assertEqual('timed out', report.failures[0].reason)
        self.assertEqual(len(self.servers[0].seen), report.failed)

    def test_a_server_that_stops_is_noticed(self) -> None:
        probe = self.probe()
        probe.start()
        self.servers[0].wait_for(10)
        self.servers[0].close()
        self.closed.add(self.servers[0])
        self.servers[1].wait_for(len(self.servers[1].seen) + 20)
        report = probe.stop()

        self.assertGreater(report.failed, 0)
        self.assertEqual(prober.FAILURES_SHOWN, len(report.failures))
        self.assertEqual(self.servers[0].url, report.failures[-1].url)
        self.assertIn('refused', report.failures[-1].reason)
        self.assertGreater(report.failures[-1].at, 0)
        self.assertGreater(report.gaps[self.servers[0].url],
                           report.gaps[self.servers[1].url])

    def test_any_answer_but_the_200s_is_a_failure(self) -> None:
        for status in (503, 302, 404):
            self.servers[0].status = status
            report = self.run_until(
                self.probe(), len(self.servers[0].seen) + 5)

            self.assertEqual(f'answered {status}',
                             report.failures[0].reason)
            self.assertTrue(0 < report.failed < report.requests)

    def test_what_is_no_url_fails_too(self) -> None:
        probe = prober.Prober(['nowhere', self.servers[0].url], rate=200)
        report = self.run_until(probe, 5)

        self.assertGreaterEqual(report.failed, 5)

    def test_a_report_while_it_runs(self) -> None:
        probe = self.probe()
        probe.start()
        self.servers[0].wait_for(10)
        early = probe.report()
        late = probe.stop()

        self.assertTrue(0 < early.requests <= late.requests)
        self.assertTrue(0 < early.seconds <= late.seconds)
