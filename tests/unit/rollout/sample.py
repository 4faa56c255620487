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

"""The cloud that the sample's plan describes, without Heat.

The plan's own files say which templates there are and what they are given;
Heat's functions are resolved here, as far as the services use them.
"""

import json

from tests.unit.rollout import plans
from tests.unit.stack import test_arguments
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import roles as plan_roles
from tripleo_workflows.plan import store
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import wanted
from tripleo_workflows.stack import arguments
from tripleo_workflows.stack import cloud as stack_cloud

PASSWORDS = {'WebDatabasePassword': 'one', 'WebMigrationPassword': 'two',
             'MonitorAgentToken': 'three'}


def files(site=None, **parameters):
    """The files of the sample's plan, with addresses and passwords.

    :param site: changes the plan's environment, which it is given.
    """
    found = store.read_directory(test_arguments.SAMPLE)
    environment = plan_environment.merge_parameters(
        plan_environment.load(found), {
            **test_arguments.ports(controller=3, database=1, compute=2)[
                'parameter_defaults'], **PASSWORDS, **parameters})
    found[plan_environment.FILE] = plan_environment.dump(
        site(environment) if site else environment)

    return found


def cloud(found):
    """The cloud of a plan's files."""
    given = arguments.heat_arguments(plans.PLAN, found)
    defaults = given.environment['parameter_defaults']
    roles = plan_roles.load(found)
    nodes = [stack_cloud.Node(
        name, f'id-{name}', role.name, index,
        defaults['NodePortMap'][name]['ctlplane']['ip_address'])
        for role in roles for index, name in enumerate(_names(role))]
    properties = {'ServiceData': {
        key: {role.name: [getattr(node, field) for node in nodes
                          if node.role == role.name] for role in roles}
        for key, field in (('node_names', 'name'), ('node_ips', 'address'))}}

    return stack_cloud.Cloud('stack-id', {node.name: node for node in nodes}, {
        role.name: {data['service_name']: data for data in (
            _Template(given, given.environment['resource_registry'][service],
                      {**properties, 'RoleName': role.name}
                      ).output('role_data')
            for service in defaults.get(f'{role.name}Services',
                                        role.services))}
        for role in roles}, {role.name: [] for role in roles})


def compute(kept, found, verb='upgrade'):
    """The rollout of a plan's files over what was kept of the last one."""
    environment = plan_environment.load(found)
    environment.setdefault('lifecycle_hooks', [])
    schema.require_environment(environment)
    described = cloud(found)
    wanted.refuse_unknown(described, (), plans.PLAN, environment)

    return kept.compute_for(described, rollout_document.Request(
        plans.PLAN, verb, environment['lifecycle_policy'],
        environment['lifecycle_hooks']))


def _names(role):
    return [role.hostname_format.replace('%stackname%', plans.PLAN).replace(
        '%index%', str(index)) for index in range(role.count_default)]


class _Template:
    """A template of which outputs are asked for."""

    def __init__(self, given, url, properties):
        content = json.loads(given.files[url])
        self._given = given
        self._outputs = content['outputs']
        self._resources = content.get('resources', {})
        self._parameters = {
            **{name: declared.get('default') for name, declared
               in content.get('parameters', {}).items()},
            **given.environment['parameter_defaults'], **properties}

    def output(self, name):
        return self._resolved(self._outputs[name]['value'])

    def _resolved(self, value):
        if isinstance(value, list):
            return [self._resolved(item) for item in value]

        if not isinstance(value, dict):
            return value

        resolved = {key: self._resolved(item) for key, item in value.items()}

        if len(resolved) == 1:
            [(name, argument)] = resolved.items()

            if function := self._FUNCTIONS.get(name):
                return function(self, argument)

        return resolved

    def _get_param(self, argument):
        name, *path = [argument] if isinstance(argument, str) else argument

        return _below(self._parameters[name], path)

    def _get_attr(self, argument):
        name, attribute, *path = argument
        resource = self._resources[name]
        properties = self._resolved(resource['properties'])
        value = (properties[attribute]
                 if resource['type'] == 'OS::Heat::Value' else
                 _Template(self._given, resource['type'], properties
                           ).output(attribute))

        return _below(value, path)

    def _get_file(self, argument):
        return self._given.files[argument]

    def _list_concat(self, argument):
        return [item for items in argument for item in items]

    def _list_join(self, argument):
        separator, items = argument

        return separator.join(items)

    def _map_merge(self, argument):
        return {key: value for part in argument
                for key, value in part.items()}

    def _repeat(self, argument):
        [(word, items)] = argument['for_each'].items()

        return [_replaced(argument['template'], {word: item})
                for item in items]

    def _str_replace(self, argument):
        return _replaced(argument['template'], argument['params'])

    _FUNCTIONS = {
        'get_param': _get_param, 'get_attr': _get_attr,
        'get_file': _get_file, 'list_concat': _list_concat,
        'list_join': _list_join, 'map_merge': _map_merge, 'repeat': _repeat,
        'str_replace': _str_replace}


def _below(value, path):
    for key in path:
        value = value[key]

    return value


def _replaced(value, words):
    if isinstance(value, dict):
        return {key: _replaced(item, words) for key, item in value.items()}

    if isinstance(value, list):
        return [_replaced(item, words) for item in value]

    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(word, str(text))

    return value
