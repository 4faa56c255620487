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

"""What Heat is given for a plan: template, environment and files.

Nothing here asks Heat or Swift: a plan's files come in, arguments go out.
"""

import dataclasses
import fnmatch
import json
import posixpath
import re
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import yaml
from heatclient import exc as heat_exceptions
from heatclient.common import template_utils

from tripleo_workflows import exceptions
from tripleo_workflows.plan import documents
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import rendering
from tripleo_workflows.plan import roles as plan_roles
from tripleo_workflows.stack import parameters

# Heat only compares these names; neither it nor we open such a URL.
_ROOT = 'file:///plan/'

_SERVICES = 'OS::TripleO::Services::'
_PORTS = 'NodePortMap'


@dataclasses.dataclass(frozen=True)
class HeatArguments:
    """Arguments of stack create, update and validate.

    :param template: the root template, parsed.
    :param environment: parameters and resource registry, merged; secret.
    :param files: what the template and the registry refer to, by URL.
    """

    stack_name: str
    template: dict[str, Any]
    environment: dict[str, Any] = dataclasses.field(repr=False)
    files: dict[str, str] = dataclasses.field(repr=False)


def heat_arguments(plan: str, files: Mapping[str, str]) -> HeatArguments:
    """Render a plan and collect what Heat needs of it.

    Later ones win: the listed environments in their order, passwords,
    derived parameters, parameter defaults. The resource registry of the
    plan environment wins over those of the environments.

    :param plan: the plan's name, which becomes the stack's.
    :param files: the plan's files by name.
    :raises InvalidInput: a file, role, service, count or node address of
        the plan is wrong; names the field and what to do.
    :raises NotFound: a file that every plan has is missing.
    """
    roles = plan_roles.load(files)
    environment = plan_environment.load(files)
    collector = _Collector({**files, **rendering.render(files)})

    template, collected = collector.template(environment['template'])
    merged = collector.merged(environment)
    collected.update(collector.collected)
    _check_templates(collected)

    arguments = HeatArguments(plan, template, merged, collected)
    _check_services(roles, merged)
    _check_parameters(environment['template'], arguments)
    _check_nodes(plan, roles, arguments)

    return arguments


def hostnames(plan: str, files: Mapping[str, str]) -> list[str]:
    """Names of the nodes that a plan wants, in the order of its roles.

    Nothing is asked about their addresses, which they may yet have to get.

    :raises InvalidInput: a file of the plan is wrong.
    :raises NotFound: a file that every plan has is missing.
    """
    environment = _Collector({**files, **rendering.render(files)}).merged(
        plan_environment.load(files))

    return [name for role in plan_roles.load(files) for name in _hostnames(
        plan, role, _count(role, environment), environment)]


def unset_parameters(arguments: HeatArguments) -> set[str]:
    """Parameters that a template of the plan declares and nothing sets.

    Those with a default in the template are among them.
    """
    declared = set(arguments.template.get('parameters') or {})

    for _, of_child in _children(arguments):
        declared |= of_child.keys()

    return {name for name in declared
            if parameter(arguments.environment, name) is None}


def parameter(environment: Mapping[str, Any], name: str) -> Any:
    """A parameter's value, or None where only its template has one.

    :param environment: of :class:`HeatArguments`.
    """
    for section in ('parameters', 'parameter_defaults'):
        values = environment.get(section) or {}
        if values.get(name) is not None:
            return values[name]

    return None


class _Collector:
    """Lets heatclient read a plan's files as if they were fetched."""

    def __init__(self, files: Mapping[str, str]):
        self._files = {_ROOT + name: text for name, text in files.items()}
        self.collected: dict[str, str] = {}

    def template(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """A template and, by URL, all files that it refers to."""
        with_children = self._checked(
            name, template_utils.get_template_contents,
            template_object=_ROOT + name, object_request=self._request)

        return with_children[1], with_children[0]

    def merged(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """The environment of the stack; fills ``collected``."""
        merged: dict[str, Any] = {}

        for name in self._environments(environment):
            found, content = self._checked(
                name, template_utils.process_environment_and_files,
                env_path=_ROOT + name, env_path_is_object=lambda _: True,
                object_request=self._request)
            self.collected.update(found)
            merged = template_utils.deep_update(merged, content)

        return merged

    def _environments(self, environment: Mapping[str, Any]
                      ) -> Iterator[str]:
        """Names of all environments in the order in which they count."""
        for position, entry in enumerate(environment['environments']):
            if 'path' in entry:
                yield entry['path']
            else:
                yield self._add(f'environments[{position}].data',
                                entry['data'])

        defaults: dict[str, Any] = {}
        for section in ('passwords', 'derived_parameters',
                        'parameter_defaults'):
            defaults = template_utils.deep_update(
                defaults, environment[section])

        yield self._add('parameter_defaults',
                        {'parameter_defaults': defaults})
        yield self._add(
            'resource_registry',
            {'resource_registry': environment['resource_registry']})

    def _add(self, field: str, content: Any) -> str:
        """Make a section of the plan environment a file at the root."""
        name = f'{plan_environment.FILE}:{field}'
        self._files[_ROOT + name] = yaml.safe_dump(content)

        return name

    def _request(self, method: str, url: str) -> str:
        if url in self._files:
            return self._files[url]

        name = url.removeprefix(_ROOT)
        name = posixpath.normpath(name) if url != name else name
        raise exceptions.InvalidInput(
            f'The plan refers to {name}, which it does not hold.',
            'Add the file to the plan, or correct the path in the file '
            'that names it.', file=name)

    def _checked(self, name: str, read: Any, **arguments: Any) -> Any:
        if name.endswith('.yaml'):
            documents.parse(name, self._request('GET', _ROOT + name))

        try:
            return read(**arguments)
        except (ValueError, TypeError, AttributeError,
                heat_exceptions.CommandError) as error:
            raise exceptions.InvalidInput(
                f'{name} is not what Heat reads: {error}.',
                'Correct the file and upload the plan again.',
                file=name) from None


def _check_templates(files: Mapping[str, str]) -> None:
    # heatclient passes on as plain text what it could not read as YAML.
    for url, text in files.items():
        if not text.startswith('{') and re.search(
                r'^heat_template_version:', text, re.MULTILINE):
            documents.parse(url.removeprefix(_ROOT), text)


def _check_services(roles: list[plan_roles.Role],
                    environment: Mapping[str, Any]) -> None:
    registry = environment.get('resource_registry') or {}
    patterns = [name for name in registry if name.endswith('*')]

    for role in roles:
        field = f'{role.name}Services'
        override = parameter(environment, field)
        services = role.services if override is None else override

        if isinstance(services, str):
            services = [name.strip() for name in services.split(',')]

        for service in services:
            known = service in registry or any(
                fnmatch.fnmatchcase(service, name) for name in patterns)

            if service.startswith(_SERVICES) and not known:
                place = (plan_roles.FILE if override is None
                         else f'the parameter {field}')
                raise exceptions.InvalidInput(
                    f'The role {role.name} has the service {service}, '
                    'which no resource registry of the plan knows.',
                    f'Correct the name in {place}, or map it to a template '
                    f'under resource_registry in {plan_environment.FILE}.',
                    role=role.name, service=service,
                    field='ServicesDefault' if override is None else field)


def _check_parameters(template: str, arguments: HeatArguments) -> None:
    environment = arguments.environment
    defaults = environment.get('parameter_defaults') or {}
    given = environment.get('parameters') or {}

    parameters.check(template, arguments.template.get('parameters') or {},
                     {**defaults, **given})

    for child, declared in _children(arguments):
        parameters.check(child, declared, defaults)


def _children(arguments: HeatArguments
              ) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each template below the root, with its section ``parameters``."""
    for url, text in arguments.files.items():
        # heatclient hands child templates on as JSON.
        if text.startswith('{"'):
            yield (url.removeprefix(_ROOT),
                   json.loads(text).get('parameters') or {})


def _check_nodes(plan: str, roles: list[plan_roles.Role],
                 arguments: HeatArguments) -> None:
    environment = arguments.environment
    counts = {role.name: _count(role, environment) for role in roles}

    if not any(counts.values()):
        names = ' and '.join(f'{name}Count' for name in counts)
        raise exceptions.InvalidInput(
            'The plan has no nodes: the count of every role is 0.',
            f'Set {names} under parameter_defaults in '
            f'{plan_environment.FILE}.', field='parameter_defaults')

    # Where servers come from Nova, no template asks for this map.
    if not any(_PORTS in text for text in arguments.files.values()):
        return

    ports = parameter(environment, _PORTS) or {}
    for role in roles:
        # Which indices a role has that once lost nodes, only Heat knows.
        if not parameter(environment, f'{role.name}RemovalPolicies'):
            for hostname in _hostnames(
                    plan, role, counts[role.name], environment):
                _check_address(role, hostname, ports)


def _count(role: plan_roles.Role, environment: Mapping[str, Any]) -> int:
    value = parameter(environment, f'{role.name}Count')

    if value is None:
        return role.count_default

    return int(float(value))


def _hostnames(plan: str, role: plan_roles.Role, count: int,
               environment: Mapping[str, Any]) -> Iterator[str]:
    pattern = (parameter(environment, f'{role.name}HostnameFormat')
               or role.hostname_format)

    for index in range(count):
        yield pattern.replace('%stackname%', plan).replace(
            '%index%', str(index))


def _check_address(role: plan_roles.Role, hostname: str,
                   ports: Mapping[str, Any]) -> None:
    try:
        address = ports[hostname]['ctlplane']['ip_address']
    except (KeyError, TypeError):
        address = None

    if not address:
        field = f'{_PORTS}.{hostname}.ctlplane.ip_address'
        raise exceptions.InvalidInput(
            f'The role {role.name} wants a node {hostname}, which has no '
            'address.',
            f'Set {field} under parameter_defaults (for local nodes: '
            '"tripleo-undercloud node list -f environment"), or lower '
            f'{role.name}Count.', role=role.name, field=field)
