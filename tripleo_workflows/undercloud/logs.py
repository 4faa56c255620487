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

"""What the services and the nodes of an undercloud wrote down."""

import argparse
import codecs
import contextlib
import dataclasses
import os
import pathlib
import signal
import time
from collections.abc import Iterator
from typing import BinaryIO

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

#: Lines that are shown of one log, and of each where none is named.
LINES = 20
GLIMPSE_LINES = 3
LOOK_SECONDS = 0.2
#: How much of a log's end is looked through for its last lines.
BLOCK = 1024 * 1024
ENDED_BADLY = ('BACKOFF', 'EXITED', 'FATAL', 'UNKNOWN')


@dataclasses.dataclass(frozen=True)
class Log:
    """A log that can be shown.

    :param state: of the program that writes it, in supervisor's words;
        empty where nothing is known of it.
    """

    path: pathlib.Path
    state: str = ''

    @property
    def ended_badly(self) -> bool:
        """Whether the program came to an end that nobody asked for."""
        return self.state in ENDED_BADLY


def listing(state: undercloud_state.StateDirectory) -> dict[str, Log]:
    """All logs by name: the undercloud's own, then those of the nodes.

    A node's name alone is that of its agent's log; ``NODE/PROGRAM`` are
    the others.

    :raises NotFound: there is no undercloud.
    """
    if not state.log.is_dir():
        raise exceptions.NotFound(
            f'There is no undercloud in {state.root}.',
            f'Make one: tripleo-undercloud up --state-dir {state.root}')

    states: dict[str, str] = {}

    with contextlib.suppress(exceptions.ServiceUnavailable):
        states = supervision.Supervisor(state).states()

    found = {path.stem: Log(path, states.get(path.stem, ''))
             for path in sorted(state.log.glob('*.log'))}

    for node in nodes.listing(state):
        programs = nodes.programs(state, node.name)

        for path in sorted((node.root / 'var' / 'log').glob('*.log')):
            name = (node.name if path.stem == 'agent'
                    and node.name not in found else f'{node.name}/{path.stem}')
            found[name] = Log(path, programs.get(path.stem, ''))

    return found


def pick(state: undercloud_state.StateDirectory, name: str) -> Log:
    """The log with a name.

    :raises NotFound: there is none; the text names those that exist.
    """
    logs = listing(state)
    found = logs.get(name) or logs.get(name.removesuffix('/agent'))

    if not found:
        raise exceptions.NotFound(
            f'There is no log {name}.', f'There are: {", ".join(logs)}.')

    return found


def tail(path: pathlib.Path, lines: int) -> str:
    """The last lines of a log, of its last MiB at most."""
    with path.open('rb') as stream:
        return _last(stream, lines).decode(errors='replace')


def _last(stream: BinaryIO, lines: int) -> bytes:
    """Read a stream's last lines, and leave it at its end."""
    stream.seek(max(0, os.fstat(stream.fileno()).st_size - BLOCK))

    return b''.join(stream.read().splitlines(keepends=True)[-lines:])


def follow(path: pathlib.Path, lines: int) -> Iterator[str]:
    """The last lines of a log, then what is added, for ever.

    A log that is put aside when it is full, or cut, is read on from the
    beginning of the new one.
    """
    decoder = codecs.getincrementaldecoder('utf-8')('replace')

    with path.open('rb') as stream:
        yield decoder.decode(_last(stream, lines))
        yield from map(decoder.decode, _added(path, stream))

    while True:
        with path.open('rb') as stream:
            yield from map(decoder.decode, _added(path, stream))


def _added(path: pathlib.Path, stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream as long as it is the log."""
    while _is_log(path, stream):
        if text := stream.read():
            yield text
        else:
            time.sleep(LOOK_SECONDS)

    yield stream.read()


def _is_log(path: pathlib.Path, stream: BinaryIO) -> bool:
    opened = os.fstat(stream.fileno())

    # While it is being put aside there is none for a moment.
    with contextlib.suppress(FileNotFoundError):
        return (path.stat().st_ino == opened.st_ino
                and opened.st_size >= stream.tell())

    return True


def overview(state: undercloud_state.StateDirectory, lines: int) -> str:
    """All logs with their sizes, then what is most worth reading.

    That is the end of what ended badly; where nothing did, a glimpse of
    each.
    """
    logs = {name: log for name, log in listing(state).items()
            if log.path.exists()}
    width = max(map(len, logs), default=0)
    rows = [f'{name:{width}}  {log.path.stat().st_size:>9}  '
            f'{log.state.lower()}'.rstrip() for name, log in logs.items()]
    bad = [name for name, log in logs.items() if log.ended_badly]

    if not bad:
        lines = min(lines, GLIMPSE_LINES)

    ends = [f'\n== {name}\n{tail(logs[name].path, lines).rstrip()}'
            for name in bad or logs if logs[name].path.stat().st_size]

    return '\n'.join([f'{"Log":{width}}  {"Bytes":>9}  State', *rows, *ends])


def _count(text: str) -> int:
    number = int(text)

    if number < 1:
        raise ValueError

    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser what ``logs`` takes, and its function."""
    parser.add_argument(
        'name', nargs='?', metavar='SERVICE',
        help='keystone, swift, heat, mistral, supervisord, the name of a '
             'node for the log of its agent, or NODE/PROGRAM; without it '
             'all logs are named, and the end of those shown whose programs '
             'ended badly')
    parser.add_argument(
        '--lines', type=_count, default=LINES, metavar='N',
        help='show the last N lines (default: %(default)s)')
    parser.add_argument(
        '-f', '--follow', action='store_true',
        help='go on to show what is added, until it is interrupted')
    parser.set_defaults(func=_show)


def _show(args: argparse.Namespace) -> int:
    state = undercloud_state.StateDirectory(args.state_dir)
    # Who reads may stop to, as in a pipe to "head".
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    if args.follow and not args.name:
        raise exceptions.InvalidInput(
            'Only one log at a time can be followed.',
            f'Name one of: {", ".join(listing(state))}.', field='SERVICE')

    if not args.name:
        print(overview(state, args.lines))
    elif args.follow:
        with contextlib.suppress(KeyboardInterrupt):
            for text in follow(pick(state, args.name).path, args.lines):
                print(text, end='', flush=True)
    else:
        print(tail(pick(state, args.name).path, args.lines), end='')

    return 0
