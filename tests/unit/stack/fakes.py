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

"""Heat as far as stacks and clouds are read and brought about."""

import types

from heatclient import exc


class Heat:
    """One stack in memory, which ends when a test says so."""

    def __init__(self):
        self.stack = None
        self.marks = []
        self.outputs = {}
        self.rows = []
        self.requests = []
        self.refusal = None
        self.stacks = types.SimpleNamespace(
            get=self._get, create=self._create, update=self._update,
            delete=self._delete, validate=self._validate,
            output_show=self._output_show)
        self.events = types.SimpleNamespace(list=self._events)
        self.resources = types.SimpleNamespace(
            list=self._resources, get=self._resource)

    def begin(self, action):
        self.become(action, 'IN_PROGRESS')

    def become(self, action, status, reason='because'):
        self.stack = types.SimpleNamespace(
            id='stack-id', stack_name='overcloud',
            stack_status=f'{action}_{status}', stack_status_reason=reason)
        self.marks.append(f'event-{len(self.marks)}')

    def _get(self, name, resolve_outputs=True):
        assert not resolve_outputs, 'a whole stack is slow to read'
        self._refuse()

        if self.stack is None or name not in ('overcloud', 'stack-id'):
            raise exc.HTTPNotFound('ERROR: The Stack could not be found.')

        return self.stack

    def _delete(self, name):
        self._refuse()
        self._get(name, resolve_outputs=False)
        self.requests.append(('delete', name))
        self.begin('DELETE')

    def _create(self, **request):
        self._refuse()
        self.requests.append(('create', request))
        self.begin('CREATE')

        return {'stack': {'id': 'stack-id'}}

    def _update(self, stack_id, **request):
        self._refuse()
        self.requests.append(('update', request))
        self.begin('UPDATE')

    def _validate(self, **request):
        self._refuse()

        return {'Parameters': {}}

    def _refuse(self):
        if self.refusal:
            raise self.refusal

    def _output_show(self, name, key):
        self._get(name, resolve_outputs=False)

        if key not in self.outputs:
            raise exc.HTTPNotFound('ERROR: Specified output key not found.')

        return {'output': self.outputs[key]}

    def _events(self, name, limit, sort_dir, filters):
        return [types.SimpleNamespace(id=self.marks[-1])]

    def _resources(self, stack, nested_depth, filters):
        return [row for row in self.rows
                if row.physical_resource_id
                in filters.get('physical_resource_id',
                               [row.physical_resource_id])
                and row.resource_status.endswith(
                    filters.get('status', ''))]

    def _resource(self, stack, name, with_attr=()):
        stack = stack.split('/')[-1]

        for row in self.rows:
            if (row.stack, row.resource_name) == (stack, name):
                return types.SimpleNamespace(
                    physical_resource_id=row.physical_resource_id,
                    attributes={key: value for key, value
                                in row.attributes.items()
                                if key in with_attr})

        raise exc.HTTPNotFound('ERROR: The Resource could not be found.')


def row(stack, resource, physical_id=None, /, status='CREATE_COMPLETE',
        reason='state changed', nested=None, **attributes):
    """A resource's row as Heat lists it."""
    base = 'http://heat/v1/project/stacks'
    links = [{'rel': 'self', 'href': f'{base}/n/{stack}/resources/{resource}'},
             {'rel': 'stack', 'href': f'{base}/n/{stack}'}]

    if nested:
        links.append({'rel': 'nested', 'href': f'{base}/n/{nested}'})

    return types.SimpleNamespace(
        stack=stack, resource_name=resource, attributes=attributes,
        physical_resource_id=nested or physical_id or resource, links=links,
        resource_status=status, resource_status_reason=reason)
