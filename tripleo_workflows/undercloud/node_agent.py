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

"""The agent of a local node: waits to be enrolled, then runs the real one.

Runs by its path, under the node's service manager, and uses nothing but the
standard library: ``python -P node_agent.py NODE_ROOT ENROLL_FILE``. While the
node has no server it looks for the file that ``tripleo.deployment.v1.enroll``
writes. It takes that file, writes os-collect-config's own configuration from
it and becomes os-collect-config by ``exec``. A small child stays behind that
ends the agent when another file arrives (the server was replaced), so that
the service manager starts it anew with that one.
"""

import json
import os
import pathlib
import shutil
import signal
import sys
import time
import typing

#: Seconds between two looks for an enrolment file.
LOOK_SECONDS = 1.0
#: Seconds between two polls for metadata, by os-collect-config.
POLL_SECONDS = 0.5
CONFIGURATION = 'etc/os-collect-config.conf'
ENROLLED = 'etc/enrolled.json'
CACHE = 'var/lib/os-collect-config'

#: The collectors that need nothing of the host, and what each must be told.
#: The stock ``local`` collector dies under C.UTF-8, and has no data here.
REQUIRED = {
    'request': ('metadata_url',),
    'heat': ('auth_url', 'user_id', 'password', 'project_id', 'stack_id',
             'resource_name'),
}

Sections = dict[str, dict[str, str]]


class Unusable(Exception):
    """An enrolment file from which no agent can be configured."""


def sections(document: object) -> Sections:
    """The collectors' sections that a server's ``os_collect_config`` names.

    :param document: the mapping as Heat gives it, alone or under the key
        ``os-collect-config``.
    :returns: options by the name of a collector, for those that work here.
    :raises Unusable: where it configures no such collector.
    """
    if isinstance(document, dict) and 'os-collect-config' in document:
        document = document['os-collect-config']

    if not isinstance(document, dict):
        raise Unusable('it holds no mapping')

    found = {}

    for collector, required in REQUIRED.items():
        options = document.get(collector)

        if not isinstance(options, dict):
            continue
        texts = {str(name): str(value) for name, value in options.items()
                 if value is not None}

        if any('\n' in value for value in texts.values()):
            raise Unusable(f'section {collector} has a value of two lines')

        if all(texts.get(name) for name in required):
            found[collector] = texts

    if not found:
        raise Unusable(f'it has none of the sections {", ".join(REQUIRED)} '
                       f'with all that they need')

    return found


def configuration(root: pathlib.Path, collectors: Sections) -> str:
    """The text of os-collect-config's own file for a node.

    :param root: the node's root directory.
    :param collectors: what :func:`sections` returned.
    """
    lock = root / 'run' / 'os-refresh-config.lock'
    lines = ['[DEFAULT]',
             f'command = os-refresh-config --lockfile {lock}',
             f'cachedir = {root / CACHE}',
             f'backup_cachedir = {root}/var/run/os-collect-config',
             f'polling_interval = {POLL_SECONDS}',
             f'min_polling_interval = {POLL_SECONDS}']
    lines += [f'collectors = {collector}' for collector in collectors]

    for collector, options in collectors.items():
        lines += ['', f'[{collector}]']
        # oslo.config would take a single dollar for a reference.
        lines += [f'{name} = {value.replace("$", "$$")}'
                  for name, value in sorted(options.items())]

    return '\n'.join(lines) + '\n'


def environment(root: pathlib.Path) -> dict[str, str]:
    """Where the stock agent and its hooks find and put their files."""
    libexec = root / 'libexec'
    state = root / 'var' / 'lib' / 'heat-config'
    volatile = root / 'var' / 'run' / 'heat-config'
    places = {
        'OS_REFRESH_CONFIG_BASE_DIR': libexec / 'os-refresh-config',
        'OS_CONFIG_APPLIER_TEMPLATES': libexec / 'os-apply-config',
        'HEAT_SHELL_CONFIG': volatile / 'heat-config',
        'HEAT_CONFIG_HOOKS': libexec / 'heat-config' / 'hooks',
        'HEAT_CONFIG_NOTIFY': libexec / 'heat-config' / 'notify',
        'HEAT_CONFIG_DEPLOYED': state / 'deployed',
        'HEAT_CONFIG_DEPLOYED_OLD': volatile / 'deployed',
        'HEAT_SCRIPT_WORKING': state / 'heat-config-script',
        'HEAT_SCRIPT_OUTPUTS': volatile / 'heat-config-script',
    }

    return {name: str(path) for name, path in places.items()}


def write_private(path: pathlib.Path, text: str) -> None:
    """Replace a file whole by one with mode 0600."""
    draft = path.with_name(f'.{path.name}.new')
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    with open(descriptor, 'w') as stream:
        stream.write(text)

    draft.rename(path)


class Enrolment:
    """The file that gives a node its server, and what is made of it.

    :param root: the node's root directory.
    :param path: where the workflow puts the file.
    """

    def __init__(self, root: pathlib.Path, path: pathlib.Path):
        self._root = root
        self._path = path
        self._complaint = ''

    def pending(self) -> Sections | None:
        """What the file says, or None while there is no usable one.

        A file that cannot be used stays where it is, and is named once.
        """
        try:
            return sections(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, Unusable) as error:
            # The text of a decoder's error may not quote the file: only its
            # kind is told.
            reason = (str(error) if isinstance(error, Unusable)
                      else type(error).__name__)

        if reason != self._complaint:
            print(f'{self._path} cannot be used: {reason}.', flush=True)
            self._complaint = reason

        return None

    def take(self) -> bool:
        """Make the file, if there is one, the node's configuration.

        :returns: whether the node is enrolled.
        """
        found = self.pending()
        target = self._root / CONFIGURATION

        if found is not None:
            write_private(target, configuration(self._root, found))
            self._path.chmod(0o600)
            self._path.rename(self._root / ENROLLED)
            print(f'Enrolled by {", ".join(found)}.', flush=True)

        return target.exists()


def end_when_replaced(enrolment: Enrolment, agent: int) -> None:
    """Wait for another enrolment file, then end the agent.

    :param agent: the process id of our parent, which ends this too.
    """
    while os.getppid() == agent:
        if enrolment.pending() is not None:
            os.kill(agent, signal.SIGTERM)
            return

        time.sleep(LOOK_SECONDS)


def forget_last(root: pathlib.Path) -> None:
    """Let the agent start although it was killed while it wrote.

    It dies at each start of a torn copy of what it carried out last. Without
    one it carries all out again, and its hook knows what is deployed.
    """
    for path in (root / CACHE).glob('*.last'):
        path.unlink()


def main(arguments: list[str]) -> typing.NoReturn:
    """Take the enrolment file when it comes and become os-collect-config."""
    root = pathlib.Path(arguments[0])
    enrolment = Enrolment(root, pathlib.Path(arguments[1]))

    while not enrolment.take():
        time.sleep(LOOK_SECONDS)

    agent = os.getpid()

    if os.fork() == 0:
        end_when_replaced(enrolment, agent)
        os._exit(0)

    forget_last(root)
    program = shutil.which('os-collect-config')

    if program is None:
        sys.exit('os-collect-config is not on the PATH of the node; install '
                 'tripleo-workflows[undercloud].')

    os.execve(  # noqa: S606
        program, [program, '--config-file', str(root / CONFIGURATION)],
        {**os.environ, **environment(root)})


if __name__ == '__main__':
    main(sys.argv[1:])
