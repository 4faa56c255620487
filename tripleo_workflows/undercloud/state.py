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

import dataclasses
import hashlib
import json
import os
import pathlib
import secrets
import tempfile

#: Longest path that a Unix socket may have on Linux, with supervisor's
#: temporary suffix of its process id taken off.
SOCKET_PATH_LENGTH = 95

SERVICES = ('keystone', 'swift', 'heat', 'mistral')
DEFAULT_PORTS = {'keystone': 5000, 'swift': 8080, 'heat': 8004,
                 'mistral': 8989}


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
        """The supervisor's control socket.

        Linux limits its length, so that of a deep state directory lies in a
        directory of this user's own below the system's temporary one.
        """
        socket = self.root / 'supervisor.sock'

        if len(str(socket)) <= SOCKET_PATH_LENGTH:
            return socket

        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]

        return (pathlib.Path(tempfile.gettempdir())
                / f'tripleo-undercloud-{os.getuid()}' / f'{digest}.sock')

    def make(self) -> None:
        """Make the directories that are missing."""
        for directory in (self.root, self.etc, self.log, self.data,
                          self.enroll, self.socket.parent):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

        self.root.chmod(0o700)

    def secrets(self) -> dict[str, str]:
        """The generated passwords by name, made at the first call."""
        path = self.root / 'secrets.json'

        if not path.exists():
            write_private(path, json.dumps({
                name: secrets.token_hex(16) for name in (
                    'admin', 'heat', 'mistral', 'swift', 'heat_domain_admin',
                    'heat_encryption', 'swift_hash')}))

        stored: dict[str, str] = json.loads(path.read_text())

        return stored

    def ports(self) -> dict[str, int]:
        """The services' ports as they were remembered, else the defaults."""
        path = self.root / 'ports.json'
        remembered = json.loads(path.read_text()) if path.exists() else {}

        return {**DEFAULT_PORTS, **remembered}

    def remember_ports(self, ports: dict[str, int]) -> None:
        """Keep the services' ports for the next start."""
        write_private(self.root / 'ports.json', json.dumps(ports))

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
