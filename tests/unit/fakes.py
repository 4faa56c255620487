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

"""Swift and Mistral as far as the record and the locks use them."""

import datetime
import hashlib
import types

import swiftclient
from mistralclient.api import base as mistral_base


class Swift:
    """Containers and objects in memory, with Swift's errors."""

    def __init__(self):
        self.containers = {}
        self.headers = {}
        self.account_headers = {}
        #: When objects were written; all others were just now.
        self.written = {}

    def get_account(self, full_listing=False):
        return {}, [{'name': name} for name in sorted(self.containers)]

    def head_account(self):
        return {key.lower(): value
                for key, value in self.account_headers.items()}

    def post_account(self, headers):
        self.account_headers.update(headers)

    def put_container(self, name, headers=None):
        self.containers.setdefault(name, {})
        self.headers.setdefault(name, {}).update(headers or {})

    def post_container(self, name, headers):
        self._container(name)
        self.headers[name].update(headers)

    def head_container(self, name):
        self._container(name)

        return {key.lower(): value
                for key, value in self.headers[name].items()}

    def get_container(self, name, prefix='', full_listing=False):
        objects = self._container(name)

        return {}, [
            {'name': key,
             'hash': hashlib.md5(body.encode()).hexdigest(),  # noqa: S324
             'last_modified': self.written.get(
                 key, datetime.datetime.now(datetime.UTC)
                 .replace(tzinfo=None).isoformat())}
            for key, body in sorted(objects.items())
            if key.startswith(prefix)]

    def put_object(self, container, name, body, content_type=None):
        self._container(container)[name] = body

    def get_object(self, container, name):
        objects = self._container(container)

        if name not in objects:
            raise swiftclient.ClientException('none', http_status=404)

        return {}, objects[name]

    def delete_object(self, container, name):
        self.get_object(container, name)
        del self.containers[container][name]

    def _container(self, name):
        if name not in self.containers:
            raise swiftclient.ClientException('none', http_status=404)

        return self.containers[name]


class _Environments:

    def __init__(self):
        self.stored = {}

    def create(self, name, variables, **kwargs):
        if name in self.stored:
            raise mistral_base.APIException(409, 'Duplicate')

        self.stored[name] = variables

    def get(self, name):
        if name not in self.stored:
            raise mistral_base.APIException(404, 'Not found')

        return types.SimpleNamespace(name=name, variables=self.stored[name])

    def delete(self, name):
        self.get(name)
        del self.stored[name]

    def list(self, name):
        part = name.removeprefix('has:')

        return [self.get(stored) for stored in self.stored if part in stored]


class _Executions:

    def __init__(self):
        self.states = {}
        #: What was started, in order: name of the workflow and its input.
        self.started = []
        #: What a list shows, whatever is asked for.
        self.listed = []

    def create(self, workflow, workflow_input):
        self.started.append((workflow, workflow_input))
        name = f'started-{len(self.started)}'
        self.states[name] = 'RUNNING'

        return self.get(name)

    def list(self, **filters):
        return [found for found in self.listed
                if filters.get('state') in (None, found.state)]

    def delete(self, execution_id):
        self.get(execution_id)
        del self.states[execution_id]

    def get(self, execution_id):
        if execution_id not in self.states:
            raise mistral_base.APIException(404, 'Not found')

        return types.SimpleNamespace(id=execution_id,
                                     state=self.states[execution_id])

    def update(self, execution_id, state):
        self.states[execution_id] = state


class _Workflows:

    def __init__(self):
        self.stored = {}

    def delete(self, name):
        if name not in self.stored:
            raise mistral_base.APIException(404, 'Not found')

        del self.stored[name]

    def list(self, name):
        part = name.removeprefix('has:')

        return [types.SimpleNamespace(name=stored, **kept)
                for stored, kept in self.stored.items() if part in stored]


class _Below:
    """What lists show below an execution or a task."""

    def __init__(self):
        self.below = {}

    def list(self, name, fields=None):
        return self.below.get(name, [])


class Mistral:
    """Environments and executions in memory, with Mistral's errors."""

    def __init__(self):
        self.environments = _Environments()
        self.executions = _Executions()
        self.workflows = _Workflows()
        self.tasks = _Below()
        self.action_executions = _Below()


class Clients:
    """The clients of one person."""

    def __init__(self):
        self.swift = Swift()
        self.mistral = Mistral()
