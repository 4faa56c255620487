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

"""Jinja2 templates of a plan, rendered as tripleo-heat-templates means it.

============================  ========================  ==================
template                      outputs                   variables
============================  ========================  ==================
``<base>.role.j2.yaml``       ``<role>-<base>.yaml``    ``role networks``
``<base>.network.j2.yaml``    ``<base>.yaml``           ``network``
``<base>.j2.yaml``            ``<base>.yaml``           ``roles networks``
============================  ========================  ==================

Names of roles and networks are in lower case. A network's replaces the word
``port`` in ``<base>`` in a directory ``ports``, elsewhere ``network``.
``j2_excludes.yaml`` names outputs for roles and networks that nobody wants.
"""

import posixpath
import traceback
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.sandbox

from tripleo_workflows import exceptions
from tripleo_workflows.plan import documents
from tripleo_workflows.plan import roles as plan_roles

NETWORKS = 'network_data.yaml'
EXCLUDES = 'j2_excludes.yaml'

_ROLE_SUFFIX = '.role.j2.yaml'
_NETWORK_SUFFIX = '.network.j2.yaml'
_SUFFIX = '.j2.yaml'


def render(files: Mapping[str, str]) -> dict[str, str]:
    """Render every template of a plan.

    :param files: the plan's files by name.
    :returns: the rendered files only, by name.
    :raises InvalidInput: a template is wrong; names its file and line.
    """
    roles = plan_roles.load(files)
    networks = _list(files, NETWORKS)
    unwanted = _excludes(files)
    environment = _Environment(files)
    rendered = {}

    for name in sorted(files):
        if name.endswith(_ROLE_SUFFIX):
            outputs = {_role_output(name, role): {
                           'role': role.raw, 'networks': networks}
                       for role in roles}
        elif name.endswith(_NETWORK_SUFFIX):
            outputs = {_network_output(name, network): {'network': network}
                       for network in networks
                       if network.get('enabled', True)}
        elif name.endswith(_SUFFIX):
            outputs = {name.removesuffix(_SUFFIX) + '.yaml': {
                'roles': [role.raw for role in roles],
                'networks': networks}}
        else:
            continue

        for output, variables in outputs.items():
            if output not in unwanted:
                rendered[output] = _render(environment, name, variables)

    return rendered


def _role_output(name: str, role: plan_roles.Role) -> str:
    directory, base = posixpath.split(name.removesuffix(_ROLE_SUFFIX))

    return posixpath.join(directory, f'{role.name.lower()}-{base}.yaml')


def _network_output(name: str, network: Mapping[str, Any]) -> str:
    directory, base = posixpath.split(name.removesuffix(_NETWORK_SUFFIX))
    word = 'port' if posixpath.basename(directory) == 'ports' else 'network'
    lower = network.get('name_lower', network['name'].lower())

    return posixpath.join(directory, f'{base.replace(word, lower)}.yaml')


class _Undefined(jinja2.Undefined):
    """May be asked whether it is there, as the templates do, not printed."""

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    def __iter__(self) -> Iterator[Any]:
        self._fail_with_undefined_error()


class _Environment(jinja2.sandbox.SandboxedEnvironment):
    """Reads templates out of a plan's files, and nothing else."""

    def __init__(self, files: Mapping[str, str]):
        # The output is YAML, in which HTML's escapes would be errors.
        super().__init__(
            loader=jinja2.FunctionLoader(self._source), autoescape=False,
            undefined=_Undefined, keep_trailing_newline=True)
        self._files = files

    def join_path(self, template: str, parent: str) -> str:
        """Look for an include beside its parent first, then at the root."""
        beside = posixpath.normpath(
            posixpath.join(posixpath.dirname(parent), template))

        return beside if beside in self._files else template

    def _source(self, name: str) -> tuple[str, str, None] | None:
        # The second value makes tracebacks name the file.
        return (self._files[name], name, None) if name in self._files else None


def _render(environment: jinja2.Environment, name: str,
            variables: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(name).render(variables)
    except jinja2.TemplateNotFound as error:
        raise exceptions.InvalidInput(
            f'{name} includes {error.name}, which the plan lacks.',
            'Add the file to the plan, or correct the include.',
            file=name) from None
    except jinja2.TemplateSyntaxError as error:
        raise _error(error.name or name, error.lineno, error) from None
    except Exception as error:
        # A template is code: any exception may come out of it.
        frames = [frame for frame in traceback.extract_tb(
                      error.__traceback__)
                  if frame.filename.endswith('.yaml')]
        place = frames[-1] if frames else None
        raise _error(place.filename if place else name,
                     place.lineno if place else None, error) from None


def _error(name: str, line: int | None, error: Exception
           ) -> exceptions.InvalidInput:
    place = f' line {line}' if line else ''

    return exceptions.InvalidInput(
        f'{name}{place} cannot be rendered: {str(error).rstrip(".")}.',
        'Correct the template and upload the plan again.',
        file=name, line=line)


def _list(files: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    if name not in files:
        return []

    document = documents.parse(name, files[name])
    documents.check(name, document, {
        'type': ['array', 'null'],
        'items': {'type': 'object', 'required': ['name']}})

    return document or []


def _excludes(files: Mapping[str, str]) -> set[str]:
    if EXCLUDES not in files:
        return set()

    document = documents.parse(EXCLUDES, files[EXCLUDES])
    documents.check(EXCLUDES, document, {
        'type': ['object', 'null'],
        'properties': {'name': {'type': ['array', 'null']}}})

    return set((document or {}).get('name') or ())
