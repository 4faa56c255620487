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

"""Checks of a file, asked from where the command runs."""

import pathlib
from collections.abc import Iterable
from collections.abc import Mapping

import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.checks import contract
from tripleo_workflows.checks import runner


def run(path: pathlib.Path, facts: Iterable[str]) -> int:
    """Ask the checks that a YAML file lists, and print their results.

    :param facts: values of their variables, as ``NAME=VALUE``.
    :returns: the worst result's code.
    :raises InvalidInput: the file or a fact is not well-formed.
    """
    results = runner.run_all(_read(path), _facts(facts))

    for result in results:
        print(f'{result.result.name:8} {result.name}: {result.details}')

        if result.remedy:
            print(f'{"":8} {result.remedy}')

    return max((result.result for result in results),
               default=contract.Code.SUCCESS)


def _read(path: pathlib.Path) -> list[Mapping[str, object]]:
    try:
        checks = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise exceptions.InvalidInput(
            f'{path} cannot be read: {error}.',
            'Name a YAML file that lists checks.', field='FILE') from None

    if not isinstance(checks, list):
        raise exceptions.InvalidInput(
            f'{path} is no list of checks.',
            "Write '- {name: …, http: {url: …}}' in it, once a check.",
            field='FILE')

    return checks


def _facts(given: Iterable[str]) -> dict[str, str]:
    pairs = [fact.partition('=') for fact in given]
    wrong = next((name for name, sign, _ in pairs if not (name and sign)),
                 None)

    if wrong is not None:
        raise exceptions.InvalidInput(
            f'The fact {wrong!r} has no value.', 'Write NAME=VALUE.',
            field='fact')

    return {name: value for name, _, value in pairs}
