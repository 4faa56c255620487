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

"""The stock heat-config files, from the source release of heat-agents.

The wheel of heat-agents holds no hooks, so they are taken from its source
release, once for all state directories of a user.
"""

import fcntl
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

from tripleo_workflows import exceptions

RELEASE = '13.0.0'

#: Where each file that a node needs lies in the source release, by where it
#: goes below the node's ``libexec``, and whether it is a program.
FILES = {
    'os-refresh-config/configure.d/20-os-apply-config': (
        'heat-config/os-refresh-config/configure.d/20-os-apply-config', True),
    'os-refresh-config/configure.d/55-heat-config': (
        'heat-config/os-refresh-config/configure.d/55-heat-config', True),
    'os-apply-config/var/run/heat-config/heat-config': (
        'heat-config/os-apply-config/var/run/heat-config/heat-config', False),
    'heat-config/heat-config-notify': (
        'heat-config/bin/heat-config-notify', True),
    'heat-config/hooks/script': (
        'heat-config-script/install.d/hook-script.py', True),
}


def cache_home() -> pathlib.Path:
    """The user's cache directory."""
    return pathlib.Path(
        os.environ.get('XDG_CACHE_HOME') or '~/.cache').expanduser()


def cache_directory() -> pathlib.Path:
    """Where the files are kept, below the user's cache directory."""
    return cache_home() / 'tripleo-workflows' / f'heat-agents-{RELEASE}'


def fetch() -> pathlib.Path:
    """Fetch the files, unless they are in the cache already.

    :returns: the directory that holds them.
    :raises ServiceUnavailable: where pip cannot download the release.
    :raises NotFound: where the release lacks a file.
    """
    cache = cache_directory()
    cache.parent.mkdir(parents=True, exist_ok=True)

    with open(cache.with_name(f'{cache.name}.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        if not all((cache / name).is_file() for name in FILES):
            with tempfile.TemporaryDirectory(dir=cache.parent) as place:
                ready = _extract(_download(pathlib.Path(place)))
                shutil.rmtree(cache, ignore_errors=True)
                ready.rename(cache)

    return cache


def _download(place: pathlib.Path) -> pathlib.Path:
    """Have pip put the source release into a directory."""
    done = subprocess.run(
        [sys.executable, '-m', 'pip', 'download', '--quiet',
         '--disable-pip-version-check', '--no-deps', '--no-binary', ':all:',
         '--dest', str(place), f'heat-agents=={RELEASE}'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    archives = list(place.glob('*.tar.gz'))

    if done.returncode or not archives:
        reason = (done.stderr.strip().splitlines() or ['pip said nothing'])[-1]
        raise exceptions.ServiceUnavailable(
            f'pip could not download the source release of heat-agents: '
            f'{reason}', 'Look at the connection to the package index and '
            'add the node again.', release=RELEASE)

    return archives[0]


def _extract(archive: pathlib.Path) -> pathlib.Path:
    """Take only the files that a node needs out of the release."""
    target = archive.parent / 'ready'

    with tarfile.open(archive) as bundle:
        top = bundle.getnames()[0].split('/')[0]

        for name, (source, program) in FILES.items():
            try:
                stream = bundle.extractfile(f'{top}/{source}')
            except KeyError:
                stream = None

            if stream is None:
                raise exceptions.NotFound(
                    'The source release of heat-agents lacks a file.',
                    'Report this with the release.', file=source,
                    release=RELEASE)
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(stream.read())
            path.chmod(0o755 if program else 0o644)

    return target


def install(libexec: pathlib.Path) -> None:
    """Copy the files into a node, fetching them first if need be.

    A file that is there already is left alone, since it may be running.

    :param libexec: the node's directory for them.
    """
    cache = fetch()

    for name in FILES:
        target = libexec / name

        if not target.exists() or not filecmp.cmp(cache / name, target,
                                                  shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f'.{target.name}.new')
            shutil.copy(cache / name, draft)
            draft.rename(target)
