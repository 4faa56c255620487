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

"""What is asked before a run begins, so that it does not end in its middle.

Missing disk space and packages that cannot be had are what runs of this kind
fail by most, after minutes and with texts that do not say so.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from tripleo_workflows import exceptions

MEGABYTE = 10 ** 6
#: What an undercloud writes, and what a node writes for each release that it
#: comes to have: an environment with its bytecode, logs, data.
UNDERCLOUD_BYTES = 1000 * MEGABYTE
RELEASE_BYTES = 200 * MEGABYTE
#: How long the package source may take for one file.
SOURCE_SECONDS = 120
SOURCES_AT_ONCE = 4
#: Lines of uv's answer that are shown; it says the cause last.
SHOWN_LINES = 6
#: Programs of our own environment that nodes are made of.
OWN_PROGRAMS = ('uv', 'supervisorctl', 'os-collect-config',
                'os-refresh-config', 'os-apply-config')

FreeBytes = Callable[[pathlib.Path], int]


class Failed(exceptions.TripleoError):
    """A run cannot begin; the text has all that is missing."""

    code = 'preflight-failed'


def failure(problems: Iterable[exceptions.TripleoError]) -> Failed:
    """The error that says all that is missing, each on its own line."""
    return Failed('\n'.join(map(str, problems)))


def _free_bytes(path: pathlib.Path) -> int:
    return shutil.disk_usage(path).free


def disk_space(directory: pathlib.Path, nodes: int, releases: int,
               free_bytes: FreeBytes = _free_bytes
               ) -> Iterator[exceptions.TripleoError]:
    """Ask whether there is room for a run.

    :param directory: the state directory, which need not exist yet.
    :param releases: how many sets of packages a node comes to have.
    """
    place = next(path for path in [directory, *directory.parents]
                 if path.exists())
    wanted = UNDERCLOUD_BYTES + nodes * releases * RELEASE_BYTES
    free = free_bytes(place)

    if free < wanted:
        yield exceptions.InvalidInput(
            f'{place} has {_in_megabytes(free)} free, and this needs '
            f'{_in_megabytes(wanted)}: {_in_megabytes(UNDERCLOUD_BYTES)} for '
            f'the undercloud, and {_in_megabytes(RELEASE_BYTES)} for each of '
            f'{nodes} nodes and {releases} releases.',
            'Free disk space, or choose another --state-dir.',
            field='--state-dir')


def _in_megabytes(count: int) -> str:
    return f'{count // MEGABYTE} MB'


def programs(names: Iterable[str]) -> Iterator[exceptions.TripleoError]:
    """Ask for programs that services of the plan are.

    Those that nodes are made of are asked for as well.
    """
    missing = [name for name in names if shutil.which(name) is None]

    if missing:
        yield exceptions.NotFound(
            f'Not in PATH: {", ".join(missing)}.',
            'Install them; Debian keeps servers in /usr/sbin, which may be '
            'missing in PATH.', field='--program')

    ours = pathlib.Path(sys.executable).parent
    absent = [name for name in OWN_PROGRAMS
              if not os.access(ours / name, os.X_OK)]

    if absent:
        yield exceptions.NotFound(
            f'{ours} lacks: {", ".join(absent)}.',
            'Install tripleo-workflows[undercloud].')


def package_source(files: Sequence[pathlib.Path]
                   ) -> Iterator[exceptions.TripleoError]:
    """Ask the package source for what lock files name; nothing is installed.

    The source is the one that nodes will use: it comes from the variables
    ``UV_*`` and ``PIP_*`` of this process.
    """
    with concurrent.futures.ThreadPoolExecutor(SOURCES_AT_ONCE) as pool:
        for found in pool.map(_resolve, files):
            yield from found


def _resolve(file: pathlib.Path) -> list[exceptions.TripleoError]:
    if not os.access(file, os.R_OK):
        return [exceptions.NotFound(
            f'{file} cannot be read.', 'Name a file of requirements.',
            field='--packages')]

    with tempfile.TemporaryDirectory() as target:
        command = [
            str(pathlib.Path(sys.executable).with_name('uv')), 'pip',
            'install', '--quiet', '--dry-run', '--no-deps', '--python',
            sys.executable, '--target', target, '-r', str(file)]

        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=SOURCE_SECONDS)
        except FileNotFoundError:
            # That uv is missing is a finding of its own.
            return []
        except subprocess.TimeoutExpired:
            answer = f'no answer within {SOURCE_SECONDS} s'
        else:
            answer = done.stdout if done.returncode else ''

    if not answer:
        return []

    # uv frames its answer with characters that are no words.
    shown = ' '.join(word for line in answer.splitlines()[-SHOWN_LINES:]
                     for word in line.split() if word.isascii())

    return [exceptions.ServiceUnavailable(
        f'The packages of {file} cannot be had: {shown}',
        'Correct the file, or name another source with UV_INDEX_URL.',
        field='--packages')]
