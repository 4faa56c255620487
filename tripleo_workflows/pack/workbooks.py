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

"""The workbooks that the pack ships."""

import importlib.metadata
import pathlib
from collections.abc import Iterable

import yaml

from tripleo_workflows import exceptions

DISTRIBUTION = 'tripleo-workflows'
#: Where an installation keeps them, below its prefix.
SHARED = 'share/tripleo-workflows/workbooks/'


def directory() -> pathlib.Path:
    """Where the workbooks lie: the checkout's, or the installation's.

    :raises NotFound: neither has them.
    """
    checkout = pathlib.Path(__file__).parents[2] / 'workbooks'

    if checkout.is_dir():
        return checkout

    for entry in importlib.metadata.files(DISTRIBUTION) or ():
        if SHARED in entry.as_posix():
            return pathlib.Path(str(entry.locate())).resolve().parent

    raise exceptions.NotFound(
        'The installation holds no workbooks.',
        f'Install {DISTRIBUTION} again, with pip.')


def paths() -> list[pathlib.Path]:
    """The workbooks' files."""
    return sorted(directory().glob('*.yaml'))


def load(files: Iterable[pathlib.Path] | None = None) -> dict[str, str]:
    """The definitions of workbooks by their names.

    :param files: where they are; None: those of the pack.
    :raises InvalidInput: a file cannot be read, or is no workbook.
    """
    found = {}

    for path in paths() if files is None else files:
        try:
            text = path.read_text()
            found[yaml.safe_load(text)['name']] = text
        except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError,
                TypeError):
            raise exceptions.InvalidInput(
                f'{path} is no workbook.',
                'See what tripleo-workflows lint says.') from None

    return found
