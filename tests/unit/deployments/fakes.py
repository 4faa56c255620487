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

"""Heat and Swift in memory, as far as sending steps uses them."""

import datetime
import itertools
import json
import re
import types
import urllib.parse

from heatclient import exc

BASE = 'http://swift/v1/AUTH_test'


class Clients:
    """A person's clients of one container store and one Heat.

    ``node`` is what a node does with a deployment: it is called with the
    name of the config, without its server, and the parsed request.
    """

    def __init__(self):
        self.swift = self
        self.session = self
        self.heat = Heat(self)
        self.objects = {}
        self.written = []
        self.requests = []
        self.failing = {}
        self.bulk = True
        self.node = lambda place, request: None

    def endpoint(self, service_type):
        return BASE

    def put_container(self, name):
        self.objects.setdefault(name, {})

    def head_container(self, name):
        return {'x-container-meta-temp-url-key': 'key'}

    def request(self, url, method, data=None, headers=None, raise_exc=True):
        self.requests.append(method)

        if method == 'POST':
            return self._delete_all(data) if self.bulk else Response(204)

        parts = urllib.parse.urlsplit(url)
        container, _, name = urllib.parse.unquote(
            parts.path.removeprefix('/v1/AUTH_test/')).partition('/')

        if self.failing.get(name):
            return Response(self.failing[name])

        objects = self.objects.get(container)

        if objects is None:
            return Response(404)

        if not name:
            prefix = urllib.parse.parse_qs(parts.query).get('prefix', [''])[0]

            return Response(200, [
                {'name': key, 'last_modified': written, 'content_type': kind}
                for key, (_, written, kind) in sorted(objects.items())
                if key.startswith(prefix)],
                self.head_container(container))

        if method == 'PUT':
            self.put(container, name, data)
            return Response(201)

        if name not in objects:
            return Response(404)

        if method == 'DELETE':
            del objects[name]
            return Response(204)

        return Response(200, json.loads(objects[name][0]))

    def _delete_all(self, data):
        status = '200 OK'

        for line in data.splitlines():
            container, _, name = urllib.parse.unquote(line).partition('/')

            if self.failing.get(name):
                status = '400 Bad Request'
            else:
                self.objects[container].pop(name, None)

        return Response(200, {'Response Status': status})

    def put(self, container, name, text, ago=0,
            content_type='application/json'):
        """What a worker or, by its temporary URL, a node writes."""
        self.written.append(name)
        self.objects.setdefault(container, {})[name] = (
            text, moment(ago), content_type)

    def names(self, container):
        return sorted(self.objects.get(container, {}))


class Response:

    def __init__(self, status_code, content=None, headers=None):
        self.status_code = status_code
        self.headers = headers or {}
        self._content = content

    def json(self):
        if self._content is None:
            raise ValueError('not JSON')

        return self._content


class Heat:
    """Configs, deployments and the outputs of one stack."""

    def __init__(self, clients):
        self.clients = clients
        self.configs = {}
        self.deployments = {}
        self.refused = {}
        self.stuck = set()
        self.servers = {}
        self._numbers = itertools.count()
        self.software_configs = types.SimpleNamespace(
            create=self._create_config, delete=self._delete_config,
            list=self._list_configs)
        self.software_deployments = types.SimpleNamespace(
            create=self._create, delete=self._delete, list=self._list)
        self.stacks = types.SimpleNamespace(
            list=lambda: [types.SimpleNamespace(stack_name='overcloud')],
            get=self._stack, output_show=self._output)

    def add_config(self, name, ago=0):
        """A config that somebody made some seconds ago."""
        return self._create_config(name, ago=ago)

    def _create_config(self, name, ago=0, **properties):
        number = f'config-{next(self._numbers)}'
        self.configs[number] = types.SimpleNamespace(
            id=number, name=name, creation_time=moment(ago) + 'Z',
            **properties)

        return self.configs[number]

    def _delete_config(self, number):
        if number in self.stuck:
            raise exc.HTTPBadRequest('it is referenced')
        if self.configs.pop(number, None) is None:
            raise exc.HTTPNotFound()

    def _list_configs(self, limit, marker):
        rows = list(self.configs.values())
        start = [row.id for row in rows].index(marker) + 1 if marker else 0

        return rows[start:start + limit]

    def _create(self, config_id, server_id, action, status):
        if server_id in self.refused:
            raise self.refused[server_id]

        number = f'deployment-{next(self._numbers)}'
        self.deployments[number] = types.SimpleNamespace(
            id=number, config_id=config_id, server_id=server_id)
        config = self.configs[config_id]
        self.clients.node(config.name.rpartition('/')[0],
                          json.loads(config.config))

        return self.deployments[number]

    def _delete(self, number):
        if self.deployments.pop(number, None) is None:
            raise exc.HTTPNotFound()

    def _list(self, server_id):
        return [row for row in self.deployments.values()
                if row.server_id == server_id]

    def _stack(self, name, resolve_outputs):
        if name != 'overcloud':
            raise exc.HTTPNotFound('ERROR: The Stack could not be found.')

        return types.SimpleNamespace(
            id='stack-id', stack_name=name, stack_status='CREATE_COMPLETE',
            stack_status_reason='')

    def _output(self, stack, key):
        self._stack(stack, False)
        names = list(self.servers)
        values = {
            'ServerIdMap': {'server_ids': {
                'Compute': [self.servers[name] for name in names]}},
            'RoleNetIpMap': {'Compute': {'ctlplane': [
                f'192.0.2.{number}' for number in range(len(names))]}},
            'RoleNetHostnameMap': {'Compute': {'ctlplane': [
                f'{name}.ctlplane.localdomain' for name in names]}}}

        return {'output': {'output_value': values[key]}}


def moment(ago):
    """A time some seconds ago, as the services write it."""
    return (datetime.datetime.now(datetime.UTC)
            - datetime.timedelta(seconds=ago)).strftime('%Y-%m-%dT%H:%M:%S')


def object_of(url):
    """Container and name of the object that a temporary URL is for."""
    return re.match(f'{BASE}/([^/]+)/([^?]+)', url).groups()
