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

"""A config that somebody runs on servers, outside any plan's operation."""

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from heatclient.v1 import client as heat_client

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout
from tripleo_workflows.deployments import objects
from tripleo_workflows.deployments import table
from tripleo_workflows.stack import cloud as stack_cloud

CONTAINER = 'tripleo-deployments'
#: Heat's names of config groups that are served, with the runner's kinds.
KINDS = {'script': 'script', 'ansible': 'playbook'}
TRANSPORT = 'TEMP_URL_SIGNAL'
ACTIONS = ('CREATE', 'UPDATE', 'SUSPEND', 'RESUME', 'DELETE')
#: An action answers within 25 s; what takes longer is waited for in slices.
SLICE_SECONDS = 15.0
#: How long a server may take to fetch a config, beside the config's time.
DELIVERY_SECONDS = 60
#: Seconds that results and whole outputs are kept.
LASTS = 24 * 3600
#: Bytes that all rows of an answer take.
ROWS_BYTES = 48 * 1024
#: Bytes of output that an error quotes.
TAIL_BYTES = 2000

ALL = 'all'
UNREACHABLE = 'unreachable'

#: Servers that a message names.
_NAMED = 10
_ID = re.compile('^[A-Za-z0-9-]{1,64}$')

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Config:
    """What runs on the servers.

    :param text: a script with any interpreter line, or a playbook.
    :param name: what people call it.
    :param group: ``script`` or ``ansible``.
    :param input_values: variables by name. They travel apart from the
        config, as secrets do.
    :param action: what the variable ``deploy_action`` says.
    :param timeout: seconds that it may take.
    """

    text: str
    name: str
    group: str = 'script'
    input_values: Mapping[str, str] = dataclasses.field(
        default_factory=dict, repr=False)
    action: str = 'CREATE'
    timeout: int = 300

    def __post_init__(self) -> None:
        if self.group not in KINDS:
            raise exceptions.InvalidInput(
                f'Configs of the group {self.group!r} are not served.',
                'Give a config of the group script or ansible.',
                field='group')

        if self.action not in ACTIONS:
            raise exceptions.InvalidInput(
                f'{self.action!r} is not an action of a deployment.',
                f'Give one of {", ".join(ACTIONS)}.', field='action')

        if isinstance(self.timeout, bool) or not (
                isinstance(self.timeout, int) and self.timeout > 0):
            raise exceptions.InvalidInput(
                'The time limit is not a positive number.',
                'Give whole seconds.', field='timeout')

        if not (isinstance(self.text, str) and self.text.strip()):
            raise exceptions.InvalidInput(
                'The config has no text.',
                'Give a script or a playbook as text.', field='config')

    def digest(self, whom: str) -> str:
        """Tells apart what is asked for under one request id."""
        parts = [self.text, self.name, self.group, self.action, self.timeout,
                 whom]

        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def values_of(given: object) -> dict[str, str]:
    """Input values by name, as text.

    :param given: a mapping, or Heat's list of ``name`` and ``value``.
    :raises InvalidInput: it is neither; no value is quoted.
    """
    if given is None:
        return {}

    if isinstance(given, list) and all(
            isinstance(entry, dict) and 'name' in entry for entry in given):
        given = {entry['name']: entry.get('value', entry.get('default', ''))
                 for entry in given}

    if not isinstance(given, Mapping):
        raise exceptions.InvalidInput(
            'The input values are neither a mapping nor a list of names and '
            'values.', 'Give a mapping of names to values.',
            field='input_values')

    return {str(name): value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()}


def servers_named(heat: heat_client.Client, name: str, plan: str | None
                  ) -> dict[str, str]:
    """Ids of servers by name.

    :param name: of one server, exactly, or ``all``.
    :param plan: whose servers are meant; None: those of all stacks that
        describe any.
    :raises NotFound: there is no such server.
    """
    found: dict[str, str] = {}

    for stack in [plan] if plan else _stacks(heat):
        try:
            nodes = stack_cloud.nodes(heat, stack)
        except exceptions.NotFound:
            if plan:
                raise
            continue

        found |= {node.name: node.server_id for node in nodes.values()}

    if name == ALL and found:
        return found

    if name not in found:
        raise exceptions.NotFound(
            f'No server is named {name!r}.' if found
            else 'No stack describes any servers.',
            'Give the whole name of a server, or "all".', plan=plan or '')

    return {name: found[name]}


def _stacks(heat: heat_client.Client) -> list[str]:
    return [stack.stack_name for stack in heat.stacks.list()]


class Deployment:
    """One config on some servers, under the id of one request.

    Asked again under that id, by whichever worker, it runs nothing twice.

    :param request_id: of letters, digits and dashes, unique in the project.
    :param whom: what the request calls the servers.
    :param find: gives their ids by name; asked once, at the beginning.
    :raises InvalidInput: the id was used for something else.
    """

    def __init__(self, clients: service_clients.Clients, request_id: str,
                 config: Config, whom: str,
                 find: Callable[[], Mapping[str, str]]):
        if not _ID.match(request_id):
            raise exceptions.InvalidInput(
                f'{request_id!r} is no id of a request.',
                'Use up to 64 letters, digits and dashes.',
                field='request_id')

        self._dispatcher = delivery.Dispatcher(clients, CONTAINER)
        self._objects = objects.Objects(clients, CONTAINER)
        self._name = f'adhoc-{request_id}'
        self._request_id = request_id
        self._config = config
        self._state = self._objects.get(f'{self._name}/progress.json')

        if self._state is None:
            self._state = {
                'begun': round(time.time(), 3), 'done': False,
                'asked': config.digest(whom), 'servers': dict(find()),
                'nodes': {}}
            delivery.prepare_container(clients.swift, CONTAINER)

        if self._state['asked'] != config.digest(whom):
            raise exceptions.InvalidInput(
                f'The request {request_id} was for something else.',
                'Use another id, or ask with the same inputs.',
                field='request_id')

        self._servers: dict[str, str] = self._state['servers']

    @property
    def _step(self) -> delivery.Step:
        # A plan of its own, so that no operation's fence refuses it.
        return delivery.Step(
            plan=f'adhoc.{self._request_id}', operation=self._name,
            service='config', batch='0', step='config', fence=1,
            payload=self._config.text, kind=KINDS[self._config.group],
            timeout=self._config.timeout, separate=True)

    def _targets(self) -> Iterable[delivery.Target]:
        return [delivery.Target(
            name, server_id,
            {'deploy_server_id': server_id, 'deploy_server_name': name,
             'deploy_action': self._config.action},
            self._config.input_values)
            for name, server_id in self._servers.items()]

    def advance(self, seconds: float) -> bool:
        """Send what is missing and take answers for some seconds.

        :returns: whether it is done: all have answered, or the time is over.
        """
        if self._state['done']:
            return True

        deadline = (self._state['begun'] + self._config.timeout
                    + DELIVERY_SECONDS)

        try:
            self._state['done'] = fanout.advance(
                self._dispatcher, self._step, self._targets(),
                self._state['nodes'], deadline, time.time() + seconds)
        finally:
            self._objects.put(f'{self._name}/progress.json', self._state,
                              LASTS)

        if self._state['done']:
            self._clean()

        return bool(self._state['done'])

    def _clean(self) -> None:
        prefix = self._step.prefix
        self._objects.put(f'{self._name}/table.json', self.rows(), LASTS)
        self._dispatcher.clean(
            prefix, [ids for node in self._state['nodes'].values()
                     for ids in node['ids']],
            keep=[f'{prefix}{name}.output' for name in self._servers])
        # Whole outputs and what a dead worker left, when their time is over.
        self._dispatcher.sweep('adhoc-', most=50, seconds=2.0, age=LASTS)

    def rows(self) -> list[Row]:
        """How it ended on each server, with the output as it came.

        :returns: by name: ``server_name``, ``server_id``, ``status``
            (``done``, ``failed``, ``unreachable``, …), ``status_code``,
            ``stdout``, ``stderr``, ``seconds``; ``output``, the object that
            has the whole of what was written.
        """
        return [self._row(name) for name in sorted(self._servers)]

    def _row(self, name: str) -> Row:
        answer = self._state['nodes'].get(name, {}).get('answer') or {
            'status': UNREACHABLE, 'error':
                'The server has not answered in time.'}

        return {
            'server_name': name, 'server_id': self._servers[name],
            'status': answer['status'],
            'status_code': answer.get('status_code'),
            'stdout': answer.get('stdout', answer.get('output', '')),
            'stderr': answer.get('stderr', answer.get('error', '')),
            'seconds': answer.get('seconds'),
            'output': f'{CONTAINER}/{self._step.prefix}{name}.output'}

    def summary(self) -> dict[str, Any]:
        """What an execution may carry of the rows.

        :returns: ``counts`` by status; ``rows`` with the ends of their
            outputs, as many as fit, those that are not done first;
            ``table``, where all of it is; ``failed``, whether a server is
            not done, and ``message``, which names them.
        """
        rows = self.rows()
        # Of each row, all but its two texts takes less than 1 KiB.
        room = max(ROWS_BYTES // len(rows) - 1024, 512) // 2
        cut = [{**row, 'stdout': table.tail(row['stdout'], room),
                'stderr': table.tail(row['stderr'], room)} for row in rows]
        failed = [row for row in rows if row['status'] != 'done']

        return {'counts': table.counts(rows),
                'rows': table.fitting(cut, ROWS_BYTES),
                'table': f'{CONTAINER}/{self._name}/table.json',
                'failed': bool(failed),
                'message': _message(self._config.name, failed, len(rows))}


def _message(name: str, failed: list[Row], servers: int) -> str:
    if not failed:
        return f'{name} is done on {servers} of {servers} servers.'

    named = ', '.join(_how(row) for row in failed[:_NAMED])
    more = ', …' if len(failed) > _NAMED else ''

    return (f'{name} is not done on {len(failed)} of {servers} servers: '
            f'{named}{more}.')


def _how(row: Row) -> str:
    code = row['status_code']

    return f'{row["server_name"]} ({row["status"]}' + (
        ')' if code is None else f', status code {code})')


def on_one(clients: service_clients.Clients, request_id: str, config: Config,
           server_id: str, transport: str = TRANSPORT) -> dict[str, Any]:
    """Run a config on a server for some seconds.

    :returns: ``done`` and ``request_id``; when it is done, what Heat's own
        hooks would signal, ``seconds`` and ``output``.
    :raises StepFailed: it failed, or the server did not answer.
    """
    if transport != TRANSPORT:
        raise exceptions.InvalidInput(
            f'The signal transport {transport!r} is not served.',
            f'Leave it out, or give {TRANSPORT}.', field='signal_transport')

    deployment = Deployment(clients, request_id, config, server_id,
                            lambda: {server_id: server_id})

    if not deployment.advance(SLICE_SECONDS):
        return {'done': False, 'request_id': request_id,
                'message': 'It is under way. Call the action again with the '
                           'same inputs and this request_id.'}

    summary = deployment.summary()
    [row] = summary['rows']

    if summary['failed']:
        tail = table.tail((row['stderr'] or row['stdout']).strip(),
                          TAIL_BYTES)

        raise exceptions.StepFailed(
            f'{summary["message"]} {tail}'.strip(),
            f'All of it is in the object {row["output"]}, a day long.',
            server=server_id)

    return {'done': True, 'request_id': request_id,
            'deploy_stdout': row['stdout'], 'deploy_stderr': row['stderr'],
            'deploy_status_code': row['status_code'],
            'seconds': row['seconds'], 'output': row['output']}


def on_many(clients: service_clients.Clients, request_id: str,
            config: Config, server_name: str, server_id: str | None,
            plan: str | None) -> dict[str, Any]:
    """Run a config on servers for some seconds.

    :param server_name: of one server, exactly, or ``all``.
    :param server_id: of the one server, where the caller knows it.
    :returns: ``done`` and ``request_id``; when it is done, what
        :meth:`Deployment.summary` says.
    :raises NotFound: there is no such server.
    """
    deployment = Deployment(
        clients, request_id, config,
        f'{server_name} {server_id or ""} {plan or ""}',
        lambda: {server_name: server_id} if server_id
        else servers_named(clients.heat, server_name, plan))

    if not deployment.advance(SLICE_SECONDS):
        return {'done': False, 'request_id': request_id, 'counts': {},
                'rows': [], 'table': '', 'failed': False, 'message': ''}

    return {'done': True, 'request_id': request_id, **deployment.summary()}
