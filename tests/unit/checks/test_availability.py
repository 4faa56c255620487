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

import testtools

from tripleo_workflows.checks import availability

BEGAN = 1000.0


def outcomes(probe: str, *moments: float, reason: str = '',
             seconds: float = 0.5) -> list[availability.Outcome]:
    return [availability.Outcome(at, seconds, probe, False, reason)
            for at in moments]


def step(name: str, begun: float, ended: float, node: str = 'a'
         ) -> availability.Step:
    return availability.Step('web', '1', name, node, BEGAN + begun,
                             BEGAN + ended)


class ReportTest(testtools.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # The endpoint "api" is away between 4.5 and 9.5.
        self.report = availability.report(
            [*outcomes('api', 1, 2, 3, 4, 9, 10),
             *outcomes('api', 5, 6, reason='refused', seconds=0.1),
             *outcomes('store', *range(1, 11))], ['store', 'api', 'silent'],
            BEGAN, 12)

    def per_step(self, *steps: availability.Step
                 ) -> list[tuple[str, int, int, float, str]]:
        return [(row['step'], row['requests'], row['failed'], row['gap'],
                 row['endpoint'])
                for row in availability.per_step(self.report, steps)]

    def test_figures_of_endpoints(self) -> None:
        api = self.report.endpoints['api']

        self.assertEqual((8, 2, 5.0),
                         (api.requests, api.failed, api.gap))
        self.assertEqual((10, 0, 1.5), (
            self.report.endpoints['store'].requests,
            self.report.endpoints['store'].failed,
            self.report.endpoints['store'].gap))
        self.assertEqual((500, 500, 500),
                         (api.median, api.p99, api.maximum))

    def test_one_that_never_answered_has_one_gap(self) -> None:
        self.assertEqual(12, self.report.endpoints['silent'].gap)
        self.assertEqual(12, self.report.total.gap)

    def test_latencies(self) -> None:
        report = availability.report(
            [availability.Outcome(0, number / 1000, 'api', False, '')
             for number in range(1, 201)], ['api'], BEGAN, 1)

        self.assertEqual((100.5, 198, 200), (
            report.total.median, report.total.p99, report.total.maximum))

    def test_what_falls_into_steps(self) -> None:
        del self.report.endpoints['silent']

        self.assertEqual([
            # Sent at 3 and at 4, of each endpoint.
            ('drain', 4, 0, 0.9, 'store'),
            # Those sent at 4 end at 4.5, when the step begins.
            ('stop', 6, 2, 2.0, 'api'),
            # The store is asked at 8 as well.
            ('start', 3, 0, 1.5, 'api')],
            self.per_step(step('stop', 4.5, 6.5), step('drain', 2.6, 4.4),
                          step('start', 8, 9.6)))

    def test_a_step_on_several_nodes_is_one(self) -> None:
        self.assertEqual(
            self.per_step(step('stop', 4.6, 6.5)),
            self.per_step(step('stop', 4.6, 5.1), step('stop', 5, 6.5, 'b')))

    def test_a_step_outside_of_it_saw_nothing(self) -> None:
        self.assertEqual(
            [('drain', 0, 0, 0.0, ''), ('stop', 0, 0, 0.0, '')],
            self.per_step(step('stop', 20, 21), step('drain', -9, -8)))

    def test_nothing_at_all(self) -> None:
        report = availability.report([], ['api'], BEGAN, 2)

        self.assertEqual((0, 0, 0.0, 2), (
            report.total.requests, report.total.failed, report.total.median,
            report.total.gap))

    def test_the_compact_form(self) -> None:
        form = json.loads(json.dumps(
            self.report.to_dict([step('stop', 4.6, 6.5)])))

        self.assertEqual((18, 2, 12), (
            form['requests'], form['failed'], form['gap']))
        self.assertEqual({'store', 'api', 'silent'}, set(form['endpoints']))
        self.assertEqual(2, form['steps'][0]['failed'])
        self.assertEqual(
            {'when': BEGAN + 5, 'probe': 'api', 'reason': 'refused'},
            form['failures'][0])
        self.assertEqual('18 requests, 2 failed requests',
                         self.report.verdict())
