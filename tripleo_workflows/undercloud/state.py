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

"""Where an embedded undercloud keeps what it is."""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
from collections.abc import Iterator
from collections.abc import Mapping

from tripleo_workflows import exceptions

#: Longest path that a Unix socket may have on Linux, with supervisor's
#: temporary suffix of its process id taken off.
SOCKET_PATH_LENGTH = 95
#: Where sockets go whose paths would be too long. It may not depend on the
#: environment: ``down`` can be called from another session than ``up``.
SHORT_PATH = pathlib.Path('/tmp')  # noqa: S108

SERVICES = ('keystone', 'swift', 'heat', 'mistral')
DEFAULT_PORTS = {'keystone': 5000, 'swift': 8080, 'heat': 8004,
                 'mistral': 8989}
SECRETS = ('admin', 'heat', 'mistral', 'swift', 'heat_domain_admin',
           'heat_encryption', 'swift_hash')
#: Paths that need no quotes in any of the services' configurations.
SAFE_PATH = re.compile(r'[A-Za-z0-9/._+=:,@-]+')
#: One of these is in every state directory that was ever used.
OURS = ('.lock', 'secrets.json', 'etc')


def default_path() -> pathlib.Path:
    """The state directory of a person who names none."""
    home = os.environ.get('XDG_DATA_HOME') or '~/.local/share'

    return (pathlib.Path(home).expanduser() / 'tripleo-workflows'
            / 'undercloud')


@dataclasses.dataclass(frozen=True)
class StateDirectory:
    """The places in a state directory; all are for their owner only."""

    path: pathlib.Path

    @property
    def root(self) -> pathlib.Path:
        """The state directory itself, as an absolute path."""
        return pathlib.Path(self.path).absolute()

    @property
    def etc(self) -> pathlib.Path:
        """Configuration of the services."""
        return self.root / 'etc'

    @property
    def log(self) -> pathlib.Path:
        """Logs, one per service."""
        return self.root / 'log'

    @property
    def data(self) -> pathlib.Path:
        """Databases, keys and objects."""
        return self.root / 'data'

    @property
    def enroll(self) -> pathlib.Path:
        """Where servers' agent configurations wait for their nodes."""
        return self.root / 'enroll'

    @property
    def socket(self) -> pathlib.Path:
        """The supervisor's control socket."""
        return self.socket_named('supervisor')

    def socket_named(self, name: str) -> pathlib.Path:
        """Where a Unix socket of this undercloud lies.

        Linux limits the length of its path, so that of a deep state
        directory lies in a directory of this user's own below ``/tmp``.
        """
        socket = self.root / f'{name}.sock'

        if len(str(socket)) <= SOCKET_PATH_LENGTH:
            return socket

        digest = hashlib.sha256(str(socket).encode()).hexdigest()[:16]

        return (SHORT_PATH / f'tripleo-undercloud-{os.getuid()}'
                / f'{digest}.sock')

    def make(self) -> None:
        """Make the directories that are missing.

        :raises InvalidInput: the path has characters that some service does
            not take.
        :raises Conflict: one of them is somebody else's, or serves another
            purpose.
        """
        if not SAFE_PATH.fullmatch(str(self.root)):
            raise exceptions.InvalidInput(
                f'The services cannot live in {self.root}: only letters, '
                f'digits and any of /._-+=:,@ may be in the path.',
                'Choose another directory.', field='--state-dir')

        if (self.root.is_dir() and any(self.root.iterdir())
                and not any((self.root / name).exists() for name in OURS)):
            raise exceptions.Conflict(
                f'{self.root} has files in it that are not an undercloud\'s.',
                'Choose a new or empty --state-dir.', path=self.root)

        for directory in (self.root, self.etc, self.log, self.data,
                          self.enroll, self.socket.parent):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(directory)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Wait until no other command starts or stops this undercloud."""
        self.make()

        with open(self.root / '.lock', 'w') as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def secrets(self) -> dict[str, str]:
        """The generated passwords by name; those that lack are made."""
        path = self.root / 'secrets.json'
        stored: dict[str, str] = (
            json.loads(path.read_text()) if path.exists() else {})
        lacking = [name for name in SECRETS if name not in stored]

        if lacking:
            stored |= {name: secrets.token_hex(16) for name in lacking}
            write_private(path, json.dumps(stored))

        return stored

    def ports(self) -> dict[str, int]:
        """The services' ports as they were remembered, else the defaults."""
        path = self.root / 'ports.json'
        remembered = json.loads(path.read_text()) if path.exists() else {}

        return {**DEFAULT_PORTS, **remembered}

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """Keep the services' ports for the next start."""
        write_private(self.root / 'ports.json', json.dumps(dict(ports)))

    def url(self, service: str) -> str:
        """Base URL of a service, without a trailing slash."""
        return f'http://127.0.0.1:{self.ports()[service]}'


def write_private(path: pathlib.Path, text: str) -> None:
    """Write a file that only its owner may read, in one piece."""
    partial = path.with_name(f'.{path.name}.partial')
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                         0o600)

    with os.fdopen(descriptor, 'w') as stream:
        stream.write(text)

    partial.replace(path)


def _make_private(directory: pathlib.Path) -> None:
    found = directory.lstat()

    # In /tmp somebody else may have been there first.
    if found.st_uid != os.getuid():
        raise exceptions.Conflict(
            f'{directory} belongs to another user.',
            'Choose another --state-dir, with a short path of your own.',
            path=directory)

    directory.chmod(0o700)
