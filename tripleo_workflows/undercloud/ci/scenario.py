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

"""What a run deploys, and what it upgrades that to."""

import dataclasses
import pathlib
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.plan import documents
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments

Files = dict[str, str]
Parameters = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Hop:
    """One upgrade.

    :param title: as :func:`titles` has it.
    :param files: of the plan that replaces the one before; None: only
        parameters change.
    :param parameters: what is set in the plan.
    """

    title: str
    files: Files | None
    parameters: Parameters = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A plan, and the upgrades that it goes through in this order.

    :param stack: name of the plan and its stack.
    :param parameters: with which it is deployed first.
    :param nodes: names of all nodes that one of the plans wants.
    """

    stack: str
    files: Files
    parameters: Parameters = dataclasses.field(repr=False)
    hops: tuple[Hop, ...]
    nodes: tuple[str, ...]

    @property
    def releases(self) -> int:
        """How many sets of packages a node may come to have."""
        return len(self.hops) + 1


def read(plan: pathlib.Path, second: pathlib.Path | None, name: str | None,
         before: Sequence[pathlib.Path], after: Sequence[pathlib.Path]
         ) -> Scenario:
    """Read a scenario from directories and files.

    :param second: directory of the plan that the first upgrade brings.
    :param name: of the stack; None: the one in the plan's environment, else
        the directory's.
    :param before: environment files to deploy the first plan with.
    :param after: environment files; each is an upgrade.
    :raises InvalidInput: there is nothing to upgrade to, or a file is not
        what it must be.
    :raises NotFound: a directory or file is missing.
    """
    if not (second or after):
        raise exceptions.InvalidInput(
            'There is nothing to upgrade to.',
            'Give a second plan, or an environment file with the parameters '
            'of the next release.', field='--to')

    files = store.read_directory(plan, follow_links=True)
    stack = name or environment.load(files).get('name') or plan.resolve().name
    parameters: Parameters = {}

    for path in before:
        parameters |= parameters_of(path)

    hops = tuple(_hops(second, after))

    return Scenario(stack, files, parameters, hops, tuple(dict.fromkeys(
        _nodes(stack, files, parameters, hops))))


def parameters_of(path: pathlib.Path) -> Parameters:
    """The ``parameter_defaults`` of an environment file.

    :raises NotFound: it cannot be read.
    :raises InvalidInput: it is no environment, or sets no parameter.
    """
    try:
        content = documents.parse(path.name, path.read_text())
    except OSError as error:
        raise exceptions.NotFound(
            f'{path}: {error.strerror}.',
            'Name an environment file that can be read.') from None

    found = (content.get('parameter_defaults')
             if isinstance(content, dict) else None)

    if not found or not isinstance(found, dict):
        raise exceptions.InvalidInput(
            f'{path} sets no parameters.',
            'Write them as a map under parameter_defaults.', file=path)

    return dict(found)


def titles(second: pathlib.Path | None, after: Sequence[pathlib.Path]
           ) -> list[str]:
    """What the upgrades of a scenario are called, before it is read."""
    names = [path.stem for path in after]

    if second is not None and not after:
        names = [second.resolve().name]

    return [f'upgrade {number} to {name}'
            for number, name in enumerate(names, 1)]


def _hops(second: pathlib.Path | None, after: Sequence[pathlib.Path]
          ) -> Iterator[Hop]:
    files = (None if second is None
             else store.read_directory(second, follow_links=True))

    for position, title in enumerate(titles(second, after)):
        yield Hop(title, None if position else files,
                  parameters_of(after[position]) if after else {})


def _nodes(stack: str, files: Files, parameters: Parameters,
           hops: Sequence[Hop]) -> Iterator[str]:
    """The nodes of the first plan, and those that later ones add."""
    yield from arguments.hostnames(stack, with_parameters(files, parameters))

    for hop in hops:
        if hop.files is not None:
            files, parameters = hop.files, {}

        parameters = {**parameters, **hop.parameters}
        yield from arguments.hostnames(
            stack, with_parameters(files, parameters))


def with_parameters(files: Files, parameters: Parameters,
                    kept: Parameters | None = None) -> Files:
    """A plan's files with parameters in its environment.

    :param kept: sections of a stored environment that stay as they are.
    """
    content = environment.merge_parameters(
        {**environment.load(files), **(kept or {})}, parameters)

    return {**files, environment.FILE: environment.dump(content)}
