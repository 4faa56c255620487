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

"""Which versions of a plan's services serve, told by who serves.

What a service says of itself, or a link to its environment, may be of
another moment than the process that answers. So the process is asked that
holds the listening socket: for the packages in the environment whose files
it has in its memory.
"""

import contextlib
import functools
import pathlib
import threading
import time
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import psutil

from tripleo_workflows.undercloud import nodes as local_nodes

#: How packages of services are called whose plain name was taken.
PREFIX = 'openstack-'
#: Directories of a Python environment that hold packages.
PACKAGES = ('site-packages', 'dist-packages')
SAMPLE_SECONDS = 1.0

#: By service and node, the versions that serve there, sorted.
Sample = dict[str, dict[str, list[str]]]


class Sampler:
    """Looks at what listens on the addresses of nodes.

    :param nodes: local ones.
    :param services: names of the plan's services. Where a Python package has
        such a name, as it is or after ``openstack-``, its version is the
        service's.
    """

    def __init__(self, nodes: Iterable[local_nodes.Node],
                 services: Iterable[str]):
        self._names = {node.address: node.name for node in nodes}
        self._services = tuple(services)
        self._known: dict[tuple[int, float], dict[str, str]] = {}

    def look(self) -> Sample:
        """What serves now; services that are no Python packages are not in.

        A process that ends meanwhile is left out.
        """
        found: dict[str, dict[str, set[str]]] = {}

        for connection in psutil.net_connections('tcp'):
            node = (self._names.get(connection.laddr.ip)
                    if connection.status == psutil.CONN_LISTEN else None)

            if node is None or connection.pid is None:
                continue

            for service, version in self._of(connection.pid).items():
                found.setdefault(service, {}).setdefault(
                    node, set()).add(version)

        return {service: {node: sorted(versions) for node, versions
                          in sorted(nodes.items())}
                for service, nodes in sorted(found.items())}

    def _of(self, pid: int) -> dict[str, str]:
        with contextlib.suppress(psutil.Error, OSError):
            process = pid, psutil.Process(pid).create_time()

            if process not in self._known:
                found = _versions(packages_of(pid), self._services)

                # One that has just begun has not loaded all of its files.
                if not found:
                    return {}

                self._known[process] = found

            return self._known[process]

        return {}


def packages_of(pid: int) -> tuple[pathlib.Path, ...]:
    """The directories of packages that a process has files of in memory.

    Where it has none, which a program without any compiled module may, those
    of the environment that its interpreter was called from.

    :raises OSError: it has ended, or is somebody else's.
    """
    process = pathlib.Path(f'/proc/{pid}')
    mapped = {pathlib.Path(words[5])
              for line in (process / 'maps').read_text().splitlines()
              if len(words := line.split(maxsplit=5)) == 6}
    found = {parent for path in mapped for parent in path.parents
             if parent.name in PACKAGES}

    if not found:
        program = pathlib.Path(
            (process / 'cmdline').read_text().partition('\0')[0])
        home = program.parent.parent

        if (home / 'pyvenv.cfg').exists():
            found = set(home.resolve().glob('lib/python*/site-packages'))

    return tuple(sorted(found))


def _versions(directories: Sequence[pathlib.Path], services: Iterable[str]
              ) -> dict[str, str]:
    return {service: version for service in services for version in (
        _version(directories, service)
        or _version(directories, PREFIX + service),) if version}


@functools.lru_cache(maxsize=1024)
def _version(directories: Sequence[pathlib.Path], name: str) -> str:
    found = metadata.distributions(
        name=name.replace('_', '-'), path=[str(path) for path in directories])

    return next((str(distribution.version) for distribution in found), '')


class Watch:
    """Looks every second, while something is done.

    :param look: as :meth:`Sampler.look`.
    """

    def __init__(self, sampler: Sampler, seconds: float = SAMPLE_SECONDS):
        self._sampler = sampler
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='versions', daemon=True)
        self._began = 0.0
        #: ``at``, seconds since the watch began, and ``versions``, for each
        #: look that saw something else than the one before.
        self.changes: list[dict[str, Any]] = []

    def __enter__(self) -> 'Watch':
        self._began = time.monotonic()
        self._note()
        self._thread.start()

        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._note()

    @property
    def before(self) -> Sample:
        """What served when the watch began."""
        return self._seen(0)

    @property
    def after(self) -> Sample:
        """What serves now that the watch is over."""
        return self._seen(-1)

    def _seen(self, place: int) -> Sample:
        sample: Sample = self.changes[place]['versions']

        return sample

    def mixed(self) -> list[str]:
        """Services of which nodes ran several versions at one moment."""
        return sorted({
            service for change in self.changes
            for service, nodes in change['versions'].items()
            if len(_all(nodes)) > 1})

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form.

        :returns: ``before`` and ``after``, samples; ``changes``; ``mixed``,
            names of services.
        """
        return {'before': self.before, 'changes': self.changes,
                'mixed': self.mixed(), 'after': self.after}

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._note()

    def _note(self) -> None:
        seen = self._sampler.look()

        if not self.changes or self.changes[-1]['versions'] != seen:
            self.changes.append({
                'at': round(time.monotonic() - self._began, 1),
                'versions': seen})


def problems(before: Sample, after: Sample, old: Mapping[str, str],
             new: Mapping[str, str]) -> list[str]:
    """What is wrong with the versions that serve after an upgrade.

    A service whose versions were its plan's release before has to follow it;
    of another one, whose releases are called otherwise, all nodes have to
    run the same.

    :param old: by service, the release that the plan wanted before.
    :param new: by service, the one that it wants now.
    """
    found = []

    for service in sorted(before.keys() | after.keys()):
        nodes = after.get(service, {})
        versions = _all(nodes)
        follows = _all(before.get(service, {})) == {old.get(service)}
        wanted = new.get(service) if follows else None

        if service not in new:
            continue

        if not nodes:
            found.append(f'{service} listens on no node any more.')
        elif len(versions) > 1 or wanted not in {None, *versions}:
            found.append(
                f'{service} is to be {wanted or "the same everywhere"}, and '
                f'there is: {_listed(nodes)}.')

    return found


def _all(nodes: Mapping[str, Sequence[str]]) -> set[str]:
    return {version for versions in nodes.values() for version in versions}


def _listed(nodes: Mapping[str, Sequence[str]]) -> str:
    return ', '.join(f'{node} {"/".join(versions)}'
                     for node, versions in nodes.items())
