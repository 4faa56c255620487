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

"""Local nodes: making them, starting them and saying how they are.

A node is a process tree in a root directory of its own. Its service manager
(a supervisord) is a program of the undercloud's supervisord and runs the
agent and whatever services the steps put there.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import http.client
import json
import pathlib
import shutil
import time
import xmlrpc.client
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import yaml
from supervisor import xmlrpc as supervisor_xmlrpc

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_agent
from tripleo_workflows.undercloud import node_ansible
from tripleo_workflows.undercloud import node_boot
from tripleo_workflows.undercloud import node_names
from tripleo_workflows.undercloud import node_tree
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

WAITING = 'waiting'
ENROLLED = 'enrolled'
DOWN = 'down'

#: Seconds that a node may take to start.
START_SECONDS = 60.0
LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Node:
    """A local node.

    :param address: its own loopback address.
    :param root: its root directory.
    :param state: ``waiting`` for its server, ``enrolled`` or ``down``.
    :param pid: the process id of its service manager; None while it is down.
    """

    name: str
    address: str
    root: pathlib.Path
    state: str
    pid: int | None


def add(state: undercloud_state.StateDirectory, names: Sequence[str],
        subnet: str = node_names.SUBNET, ansible: bool = False
        ) -> list[Node]:
    """Make nodes and start them; those that exist are kept, and started.

    :param subnet: where new nodes get their addresses.
    :param ansible: whether the nodes get ansible-core. One that has it
        keeps it.
    :returns: the named nodes, when their service managers and agents run.
    :raises InvalidInput: where a name, the subnet or the path of the state
        directory cannot serve; no node is made then.
    :raises ServiceUnavailable: where the undercloud is down or ansible-core
        cannot be installed, too.
    :raises DeadlineExceeded: where a node does not start.
    """
    wanted = [node_names.check_name(name) for name in dict.fromkeys(names)]
    node_names.check_subnet(subnet)
    supervisor = supervision.Supervisor(state)
    supervisor.states()

    with _lock(state):
        addresses = {node.name: node.address for node in listing(state)}

        if ansible:
            node_ansible.provide(state)

        for name in wanted:
            if name not in addresses:
                addresses[name] = node_names.next_address(
                    subnet, set(addresses.values()))
            node_tree.make(state, name, addresses[name])

            if ansible:
                node_ansible.link(state, node_tree.root_of(state, name))

            # Its service manager stops its services itself, which takes it
            # longer than the ten seconds that each of them may take.
            supervisor.add(_program(name),
                           node_tree.boot_command(state, name),
                           stop_seconds=30, stop_group=False)

    deadline = time.monotonic() + START_SECONDS

    for name in wanted:
        _wait(state, name, deadline)

    return [node for node in listing(state) if node.name in wanted]


def remove(state: undercloud_state.StateDirectory, names: Sequence[str]
           ) -> None:
    """Stop nodes and delete them, with all their files.

    Their servers in a stack are not looked at. It can be called again after
    a crash, and while the undercloud is down.

    :raises NotFound: where one of the names is no node's; all are kept then.
    """
    with _lock(state):
        known = [node.name for node in listing(state)]
        unknown = sorted(set(names) - set(known))

        if unknown:
            raise exceptions.NotFound(
                f'There is no node {", ".join(unknown)}; nothing was '
                f'removed.', f'There are: {", ".join(known) or "none"}.')

        for name in dict.fromkeys(names):
            _remove(state, name)


def _remove(state: undercloud_state.StateDirectory, name: str) -> None:
    root = node_tree.root_of(state, name)
    supervision.Supervisor(state).remove(_program(name))
    node_boot.end_processes(root)

    for path in (state.enroll / f'{name}.json',
                 state.log / f'{_program(name)}.log',
                 node_tree.socket_of(state, name)):
        path.unlink(missing_ok=True)

    # It is a node until all of it goes at once, whenever we are killed.
    doomed = root.with_name('.removed') / name
    shutil.rmtree(doomed, ignore_errors=True)
    doomed.parent.mkdir(mode=0o700, exist_ok=True)
    root.rename(doomed)
    shutil.rmtree(doomed)


def _program(name: str) -> str:
    """What the undercloud's supervisord calls a node."""
    return f'node-{name}'


def listing(state: undercloud_state.StateDirectory) -> list[Node]:
    """All nodes of a state directory, in the order of their addresses."""
    nodes = []

    for path in (state.root / 'nodes').glob(f'*/{node_boot.ENVIRONMENT}'):
        variables = json.loads(path.read_text())
        name = variables['NODE_NAME']
        root = node_tree.root_of(state, name)
        pid = _ask(state, name, 'getPID')

        if pid is None:
            condition = DOWN
        elif (root / node_agent.CONFIGURATION).exists():
            condition = ENROLLED
        else:
            condition = WAITING
        nodes.append(Node(name, variables['NODE_ADDRESS'], root, condition,
                          pid))

    return sorted(nodes, key=lambda node: [
        int(part) for part in node.address.split('.')])


def end_leftovers(state: undercloud_state.StateDirectory) -> int:
    """End what runs on although its node is down, such as a step's payload.

    To be called when the undercloud's supervisor has stopped.

    :returns: how many processes there were.
    """
    return sum(len(node_boot.end_processes(node.root))
               for node in listing(state) if node.state == DOWN)


@contextlib.contextmanager
def _lock(state: undercloud_state.StateDirectory) -> Iterator[None]:
    """Hold what keeps two callers from giving out the same address."""
    directory = state.root / 'nodes'
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    with open(directory / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def programs(state: undercloud_state.StateDirectory, name: str
             ) -> dict[str, str]:
    """The states of a node's programs, in supervisor's words.

    It is empty while the node is down.
    """
    rows = _ask(state, name, 'getAllProcessInfo') or []

    return {row['name']: row['statename'] for row in rows}


def _ask(state: undercloud_state.StateDirectory, name: str, method: str
         ) -> Any:
    """What a node's service manager answers, None where it does not."""
    transport = supervisor_xmlrpc.SupervisorTransport(
        serverurl=f'unix://{node_tree.socket_of(state, name)}')
    proxy = xmlrpc.client.ServerProxy('http://localhost', transport)

    try:
        return getattr(proxy.supervisor, method)()
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return None
    finally:
        transport.close()


def _wait(state: undercloud_state.StateDirectory, name: str, deadline: float
          ) -> None:
    """Wait until a node's service manager and agent run."""
    while programs(state, name).get('agent') != 'RUNNING':
        if time.monotonic() > deadline:
            raise exceptions.DeadlineExceeded(
                f'The node did not start within {START_SECONDS:.0f} s.',
                f'Read the logs in {node_tree.root_of(state, name)}/var/log.',
                node=name)

        time.sleep(LOOK_SECONDS)


def port_map(nodes: Sequence[Node]) -> dict[str, object]:
    """The Heat environment that tells the plan the nodes' addresses."""
    ports = {
        node.name: {'ctlplane': {
            'ip_address': node.address,
            'ip_subnet': f'{node.address}/{node_names.PREFIX_LENGTH}',
            'ip_address_uri': node.address}}
        for node in nodes}

    return {'parameter_defaults': {'NodePortMap': ports}}


def table(nodes: Sequence[Node]) -> str:
    """Nodes as a table for people."""
    rows = [('Name', 'Address', 'State', 'PID')]
    rows += [(node.name, node.address, node.state, str(node.pid or '-'))
             for node in nodes]
    widths = [max(len(row[column]) for row in rows)
              for column in range(len(rows[0]))]

    return '\n'.join('  '.join(
        cell.ljust(width) for cell, width in zip(row, widths, strict=True)
    ).rstrip() for row in rows)


def document(nodes: Sequence[Node]) -> str:
    """Nodes as JSON, for programs: a list of mappings."""
    return json.dumps([{**dataclasses.asdict(node), 'root': str(node.root)}
                       for node in nodes], indent=1)


def environment(nodes: Sequence[Node]) -> str:
    """Nodes as a Heat environment in YAML, for the plan."""
    return str(yaml.safe_dump(port_map(nodes), sort_keys=False)).rstrip()


FORMATS = {'table': table, 'json': document, 'environment': environment}


def add_arguments(parser: argparse.ArgumentParser,
                  common: argparse.ArgumentParser) -> None:
    """Give a parser the sub-commands ``add``, ``remove`` and ``list``.

    Each sets ``func``, which takes the parsed arguments and returns the exit
    status.

    :param common: holds the option ``--state-dir``.
    """
    commands = parser.add_subparsers(title='commands', required=True,
                                     metavar='COMMAND')
    adding = commands.add_parser(
        'add', parents=[common],
        help='make nodes that wait for their servers, and start them',
        description='Make local nodes and start them. Nodes that exist are '
                    'kept, and started if they are down.')
    adding.add_argument('names', nargs='+', metavar='NAME',
                        help='host name of a node, as in controller-0')
    adding.add_argument(
        '--subnet', default=node_names.SUBNET, metavar='SUBNET',
        help='loopback subnet for new nodes (default: %(default)s)')
    adding.add_argument(
        '--ansible', action='store_true',
        help='give the nodes ansible-core, for steps that are playbooks')
    adding.set_defaults(func=_add)
    removing = commands.add_parser(
        'remove', parents=[common], help='stop nodes and delete their files',
        description='Stop local nodes and delete them, with all their files. '
                    'Their addresses become free. Take their servers out of '
                    'the plan first.')
    removing.add_argument('names', nargs='+', metavar='NAME',
                          help='name of a node')
    removing.set_defaults(func=_remove_named)
    showing = commands.add_parser(
        'list', parents=[common], help='show the nodes',
        description='Show the nodes with their addresses and states.')
    showing.add_argument(
        '-f', '--format', choices=FORMATS, default='table',
        help='table for people, json for programs, or environment: the Heat '
             'environment that tells a plan the addresses of the nodes '
             '(default: %(default)s)')
    showing.set_defaults(func=_list)


def _add(args: argparse.Namespace) -> int:
    state = undercloud_state.StateDirectory(args.state_dir)
    print(table(add(state, args.names, args.subnet, args.ansible)))

    return 0


def _remove_named(args: argparse.Namespace) -> int:
    remove(undercloud_state.StateDirectory(args.state_dir), args.names)
    print(f'Removed: {", ".join(dict.fromkeys(args.names))}.')

    return 0


def _list(args: argparse.Namespace) -> int:
    state = undercloud_state.StateDirectory(args.state_dir)
    print(FORMATS[args.format](listing(state)))

    return 0
