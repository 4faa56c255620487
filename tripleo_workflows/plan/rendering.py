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

==============================  =======================  ===================
template                        outputs                  variables
==============================  =======================  ===================
``<dir>/<base>.role.j2.yaml``   ``<dir>/<role>-<base>``  ``role networks``
``<dir>/<base>.j2.yaml``        ``<dir>/<base>``         ``roles networks``
==============================  =======================  ===================

Outputs end in ``.yaml`` and carry the role's name in lower case.
``j2_excludes.yaml`` names outputs for roles that are not wanted.
"""

import posixpath
import traceback
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
_SUFFIX = '.j2.yaml'


def render(files: Mapping[str, str]) -> dict[str, str]:
    """Render every template of a plan.

    :param files: the plan's files by name.
    :returns: the rendered files only, by name.
    :raises InvalidInput: a template is wrong; names its file and line.
    """
    roles = plan_roles.load(files)
    networks = _list(files, NETWORKS)
    excludes = _excludes(files)
    environment = _Environment(files)
    rendered = {}

    for name in sorted(files):
        directory, base = posixpath.split(name)

        if base.endswith(_ROLE_SUFFIX):
            rest = base.removesuffix(_ROLE_SUFFIX) + '.yaml'
            for role in roles:
                output = posixpath.join(
                    directory, f'{role.name.lower()}-{rest}')
                if output not in excludes:
                    rendered[output] = _render(
                        environment, name, role=role.raw, networks=networks)
        elif base.endswith(_SUFFIX):
            output = name.removesuffix(_SUFFIX) + '.yaml'
            rendered[output] = _render(
                environment, name, networks=networks,
                roles=[role.raw for role in roles])

    return rendered


class _Environment(jinja2.sandbox.SandboxedEnvironment):
    """Reads templates out of a plan's files, and nothing else."""

    def __init__(self, files: Mapping[str, str]):
        # The output is YAML, in which HTML's escapes would be errors.
        super().__init__(
            loader=jinja2.FunctionLoader(self._source), autoescape=False,
            undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        self._files = files

    def join_path(self, template: str, parent: str) -> str:
        """Look for an include beside its parent first, then at the root."""
        beside = posixpath.normpath(
            posixpath.join(posixpath.dirname(parent), template))

        return beside if beside in self._files else template

    def _source(self, name: str) -> tuple[str, str, None] | None:
        # The second value makes tracebacks name the file.
        return (self._files[name], name, None) if name in self._files else None


def _render(environment: jinja2.Environment, name: str, **variables: Any
            ) -> str:
    try:
        return environment.get_template(name).render(**variables)
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
        f'{name}{place} cannot be rendered: {error}.',
        'Correct the template and upload the plan again.',
        file=name, line=line)


def _list(files: Mapping[str, str], name: str) -> list[Any]:
    if name not in files:
        return []

    document = documents.parse(name, files[name])
    documents.check(name, document, {'type': ['array', 'null']})

    return document or []


def _excludes(files: Mapping[str, str]) -> set[str]:
    if EXCLUDES not in files:
        return set()

    document = documents.parse(EXCLUDES, files[EXCLUDES])
    documents.check(EXCLUDES, document, {
        'type': ['object', 'null'],
        'properties': {'name': {'type': ['array', 'null']}}})

    return set((document or {}).get('name') or ())
