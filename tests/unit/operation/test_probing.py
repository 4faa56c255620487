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
import swiftclient

from tests.unit.checks import server
from tests.unit.operation import test_going_on
from tests.unit.stack import fakes as stack_fakes
from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability as availability_check
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import availability
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import report

PLAN = test_going_on.PLAN


class EndpointTestCase(test_going_on.OperationTestCase):
    """An operation, a real endpoint, and probers that tell a lot."""

    def setUp(self):
        super().setUp()
        self.server = server.Server()
        self.addCleanup(self.server.close)
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.operation.probing.LINE_SECONDS', 0.02))


class ProbingTestCase(EndpointTestCase):
    """A prober beside an operation."""

    def setUp(self):
        super().setUp()
        self.probe = prober.Prober(prober.of_urls([self.server.url]), 100)
        self.probing = probing.Probing(self.record, self.probe)

    def follow(self, after=(), **options):
        """Follow to the end; do something after each of the first lines."""
        after = iter(after)
        lines = []

        for line in self.probing.follow(**options):
            lines.append(line)
            next(after, lambda: None)()

        return lines, self.probing.finish()

    def close(self):
        self.record.put('first/closed.json', {'how': 'finished'})

    def stored(self):
        return [name for name in self.record.names('')
                if '/availability/' in name]

    def test_it_ends_with_the_operation_and_reports_to_its_record(self):
        self.record.put('first/1/web.1.json', {'stop': {
            'begun': 1.0, 'nodes': {'node-0': {
                'status': 'done', 'known': 9e9}}}})
        lines, found = self.follow([lambda: None, self.close])

        self.assertIn('requests, 0 failed requests; slowest of the last '
                      'second', lines[0])
        self.assertEqual([self.probing.name], self.stored())
        self.assertEqual(found, self.record.get(self.probing.name))
        self.assertEqual(len(self.server.seen), found['requests'])
        [step] = found['steps']
        self.assertEqual(
            ('web', '1', 'stop', found['requests']),
            (step['service'], step['batch'], step['step'],
             step['requests']))
        self.assertEqual([f'{found["requests"]} requests, 0 failed requests'],
                         report.show(self.clients, PLAN)['availability'])

    def test_it_waits_for_an_operation_that_is_not_open_yet(self):
        self.close()

        def open_next():
            self.open('second')

        def end_next():
            self.record.put('second/closed.json', {'how': 'finished'})

        self.follow([lambda: None, open_next, lambda: None, end_next])
        self.assertTrue(self.probing.name.startswith('second/availability/'))

    def test_it_ends_after_so_many_seconds(self):
        _, found = self.follow(seconds=0.1)

        self.assertIsNone(self.closed())
        self.assertEqual([self.probing.name], self.stored())
        self.assertGreater(found['requests'], 0)

    def test_without_an_operation_no_record_has_the_report(self):
        self.close()
        _, found = self.follow(seconds=0.1)

        self.assertEqual(([], ''), (self.stored(), self.probing.name))
        self.assertGreater(found['requests'], 0)

    def test_a_failure_is_told_at_once(self):
        self.server.status = 503
        lines, found = self.follow(seconds=0.2)

        self.assertIn(f'{self.server.url} answered 503',
                      ' '.join(lines))
        self.assertEqual(found['requests'], found['failed'])

    def test_it_goes_on_while_the_record_is_away(self):
        swift = self.clients.swift
        get_container = swift.get_container

        def refuse(*arguments, **keywords):
            raise swiftclient.ClientException('down', http_status=503)

        swift.get_container = refuse

        def recover():
            swift.get_container = get_container

        lines, _ = self.follow([lambda: None, lambda: None, recover,
                                self.close])
        self.assertTrue(any('the record is away' in line for line in lines))
        self.assertEqual([self.probing.name], self.stored())

    def test_the_report_is_written_while_it_runs(self):
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.operation.probing.WRITE_SECONDS', 0.0))
        stored = []

        def look():
            if found := self.stored():
                stored.append(self.record.get(found[0])['requests'])
                self.close()

        _, found = self.follow([look] * 100)
        self.assertLessEqual(stored[0], found['requests'])
        self.assertEqual(1, len(self.stored()))


class StepsTestCase(test_going_on.OperationTestCase):

    def test_steps_of_nodes_with_their_times(self):
        self.record.put('first/1/web.2.json', {
            'stop': {'begun': 10.0, 'nodes': {
                'node-0': {'status': 'done', 'known': 12.5},
                'node-1': {'status': 'sent'}}},
            'gate': {'begun': 20.0, 'nodes': {
                'node-0': {'status': 'done', 'seconds': 0.5}}}})
        found = sorted(probing.steps(report.read(self.record)),
                       key=lambda step: (step.begun, step.node))

        self.assertEqual([
            availability_check.Step('web', '2', 'stop', 'node-0', 10, 12.5),
            availability_check.Step('web', '2', 'stop', 'node-1', 10, 10),
            availability_check.Step('web', '2', 'gate', 'node-0', 20, 20.5),
        ], found)


class VerdictsTestCase(test_going_on.OperationTestCase):

    def test_one_line_a_prober_in_their_order(self):
        for began, failed in ((2e9, 0), (1e9, 3), (2e9, 1)):
            availability.store(self.record, 'first', {
                'began': began, 'requests': 10, 'failed': failed})

        self.assertEqual(['10 requests, 3 failed requests',
                          '10 requests, 1 failed requests'],
                         availability.verdicts(self.record, 'first'))


def heat_with(**lifecycles):
    """A stack whose services run in two roles, with these lifecycles."""
    heat = stack_fakes.Heat()
    heat.become('CREATE', 'COMPLETE')
    data = [{'service_name': name, 'lifecycle': lifecycle}
            for name, lifecycle in lifecycles.items()]
    roles = ['Controller', 'Compute']

    for role in roles:
        heat.rows += [
            stack_fakes.row('stack-id', f'{role}ServiceChain', nested=role),
            stack_fakes.row(role, 'ServiceChain', role_data=data)]

    for key, value in {
            'ServerIdMap': {'server_ids': {role: [] for role in roles}},
            'RoleNetIpMap': {}, 'RoleNetHostnameMap': {}}.items():
        heat.outputs[key] = {'output_value': value}

    return heat


class ProbesTestCase(test_going_on.OperationTestCase):

    def test_all_services_probes_once_each(self):
        heat = heat_with(
            web={'probe': [{'name': 'reads', 'http': {'url': 'http://a'}},
                           {'name': 'writes', 'http': {'url': 'http://b'}}]},
            api={'probe': [{'name': 'reads', 'http': {'url': 'http://c'}}]},
            other={})

        self.assertEqual(
            {'web: reads': 'http://a', 'web: writes': 'http://b',
             'api: reads': 'http://c'},
            {probe['name']: probe['http']['url']
             for probe in probing.probes(heat, PLAN)})
        self.assertEqual(3, len(probing.probes(heat, PLAN)))

    def test_none_at_all(self):
        error = self.assertRaises(exceptions.NotFound, probing.probes,
                                  heat_with(web={}), PLAN)

        self.assertIn('Add the key probe', error.remedy)
