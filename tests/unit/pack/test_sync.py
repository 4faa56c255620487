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


import pathlib
import types

import testtools
import yaml
from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base

from tests.unit import fakes
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks


def book(name, *workflows, **others):
    return yaml.safe_dump({'name': name, 'workflows': {
        workflow: {} for workflow in workflows}, **others}, sort_keys=False)


class Definitions:
    """Mistral's workbooks or workflows, over its HTTP API."""

    def __init__(self, stored):
        self.stored = stored
        self.http_client = self

    def get(self, name):
        if name not in self.stored:
            raise base.APIException(404, 'Not found')

        definition = self.stored[name]

        return types.SimpleNamespace(
            name=name, definition=definition,
            tags=(yaml.safe_load(definition) or {}).get('tags'))

    def list(self, name='has:'):
        part = name.removeprefix('has:')

        return [self.get(stored) for stored in self.stored if part in stored]

    def delete(self, name):
        del self.stored[name]

    def post(self, path, definition, headers):
        name = yaml.safe_load(definition)['name']

        if name in self.stored:
            raise keystone_exceptions.Conflict('exists')

        self.stored[name] = definition

    def put(self, path, definition, headers):
        name = yaml.safe_load(definition)['name']

        if name not in self.stored:
            raise keystone_exceptions.NotFound('does not exist')

        self.stored[name] = definition


class SyncTestCase(testtools.TestCase):

    def clients(self, books, workflows=()):
        clients = fakes.Clients()
        clients.mistral.workbooks = Definitions(
            {yaml.safe_load(text)['name']: text for text in books})
        clients.mistral.workflows = Definitions(
            dict.fromkeys(workflows, ''))

        return clients

    def open_operation(self, clients):
        clients.swift.put_container('overcloud-operations')
        operation_record.Record(clients.swift, 'overcloud').put(
            'op1/operation.json', {'operation': 'op1', 'begun': 1.0})

    def test_only_what_differs_is_sent_and_what_is_stale_removed(self):
        same = book('same', 'a')
        clients = self.clients(
            [same, book('old', 'x')],
            ['same.a', 'same.b', 'other.b', 'same.a.b', 'so.same.c'])
        outcome = sync.synchronise(clients, {
            'same': same, 'old': book('old', 'y'), 'new': book('new', 'z')})

        self.assertEqual({'same': 'unchanged', 'old': 'updated',
                          'new': 'created', 'same.b': 'removed'}, outcome)
        self.assertEqual({'same.a', 'other.b', 'same.a.b', 'so.same.c'},
                         set(clients.mistral.workflows.stored))
        self.assertEqual(book('old', 'y'),
                         clients.mistral.workbooks.stored['old'])

    def test_a_second_time_nothing_is_done(self):
        clients = self.clients([])
        wanted = {'new': book('new', 'z')}
        sync.synchronise(clients, wanted)
        self.open_operation(clients)

        self.assertEqual({'new': 'unchanged'},
                         sync.synchronise(clients, wanted))

    def test_what_has_left_the_pack_goes_with_its_workflows(self):
        ours = book('tripleo.gone.v1', 'a', tags=[sync.TAG])
        others = [book('tripleo.validations.v1', 'a'),
                  book('site.gone.v1', 'a', tags=[sync.TAG])]
        clients = self.clients(
            [ours, *others], ['tripleo.gone.v1.a', 'site.gone.v1.a'])

        self.assertEqual(
            {'tripleo.gone.v1': 'removed', 'tripleo.gone.v1.a': 'removed'},
            sync.synchronise(clients, {}))
        self.assertEqual({'tripleo.validations.v1', 'site.gone.v1'},
                         set(clients.mistral.workbooks.stored))
        self.assertEqual({'site.gone.v1.a'},
                         set(clients.mistral.workflows.stored))

    def test_single_workbooks_leave_the_pack_alone(self):
        clients = self.clients([book('tripleo.gone.v1', tags=[sync.TAG])])

        self.assertEqual({'mine': 'created'}, sync.synchronise(
            clients, {'mine': book('mine', 'a')}, whole=False))

    def test_nothing_changes_under_an_open_operation(self):
        stored = [book('old', 'x'), book('tripleo.x', tags=[sync.TAG])]

        for wanted in ({'old': book('old', 'y'), 'new': book('new')},
                       {'old': stored[0]}):
            clients = self.clients(stored)
            self.open_operation(clients)
            before = dict(clients.mistral.workbooks.stored)
            error = self.assertRaises(
                exceptions.OperationInProgress, sync.synchronise, clients,
                wanted)

            self.assertIn('op1', str(error))
            self.assertIn('overcloud', str(error))
            self.assertEqual(before, clients.mistral.workbooks.stored)

    def test_under_an_open_operation_what_is_new_is_created(self):
        clients = self.clients([])
        self.open_operation(clients)

        self.assertEqual({'new': 'created'}, sync.synchronise(
            clients, {'new': book('new')}))

    def test_force_changes_under_an_open_operation(self):
        clients = self.clients([book('old', 'x')])
        self.open_operation(clients)

        self.assertEqual({'old': 'updated'}, sync.synchronise(
            clients, {'old': book('old', 'y')}, force=True))

    def test_a_closed_operation_does_not_matter(self):
        clients = self.clients([book('old', 'x')])
        self.open_operation(clients)
        operation_record.Record(clients.swift, 'overcloud').put(
            'op1/closed.json', {'how': 'aborted'})

        self.assertEqual({'old': 'updated'}, sync.synchronise(
            clients, {'old': book('old', 'y')}))

    def test_a_refused_workbook_is_named_with_the_reason(self):
        def refuse(*arguments, **keywords):
            raise keystone_exceptions.BadRequest('no such action')

        clients = self.clients([])
        clients.mistral.workbooks.post = refuse
        error = self.assertRaises(
            exceptions.InvalidInput, sync.synchronise, clients,
            {'new': book('new')})
        self.assertIn('no such action', str(error))
        self.assertIn('[workbook=new]', str(error))

    def test_a_file_that_is_no_workbook_is_named(self):
        error = self.assertRaises(exceptions.InvalidInput, workbooks.load,
                                  [pathlib.Path(fakes.__file__)])
        self.assertIn('fakes.py', str(error))

    def test_the_packs_workbooks_can_be_told_from_others(self):
        for name, text in workbooks.load().items():
            self.assertTrue(name.startswith(sync.PREFIX), name)
            self.assertIn(sync.TAG, yaml.safe_load(text)['tags'], name)
