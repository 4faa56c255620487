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


import types

import testtools
from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base

from tripleo_workflows import exceptions
from tripleo_workflows.pack import sync


class _Definitions:
    """Mistral's workbooks or workflows, over its HTTP API."""

    def __init__(self, stored, api_error):
        self.stored = stored
        self._error = api_error
        self.http_client = self

    def get(self, name):
        if name not in self.stored:
            raise self._error(404, 'Not found')

        return types.SimpleNamespace(definition=self.stored[name])

    def list(self, name):
        return [types.SimpleNamespace(name=stored) for stored in self.stored]

    def delete(self, name):
        del self.stored[name]

    def post(self, path, definition, headers):
        self.stored[definition.split()[1]] = definition

        return types.SimpleNamespace(status_code=201)

    put = post


class SyncTestCase(testtools.TestCase):

    def test_only_what_differs_is_sent_and_what_is_stale_removed(self):
        same = 'name: same\nworkflows: {a: {}}'
        mistral = types.SimpleNamespace(
            workbooks=_Definitions({'same': same, 'old': 'name: old'},
                                   base.APIException),
            workflows=_Definitions({'same.a': '', 'same.b': '',
                                    'other.b': ''}, base.APIException))
        outcome = sync.synchronise(mistral, {
            'same': same, 'old': 'name: old\nworkflows: {}',
            'new': 'name: new\nworkflows: {}'})

        self.assertEqual({'same': 'unchanged', 'old': 'updated',
                          'new': 'created', 'same.b': 'removed'}, outcome)
        self.assertEqual({'same.a', 'other.b'},
                         set(mistral.workflows.stored))

    def test_a_refused_workbook_is_named_with_the_reason(self):
        def refuse(*arguments, **keywords):
            raise keystone_exceptions.BadRequest('no such action')

        workbooks = _Definitions({}, base.APIException)
        workbooks.post = refuse
        error = self.assertRaises(
            exceptions.InvalidInput, sync.synchronise,
            types.SimpleNamespace(workbooks=workbooks), {'new': 'x'})
        self.assertIn('no such action', str(error))
        self.assertIn('[workbook=new]', str(error))
