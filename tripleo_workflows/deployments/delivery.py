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

"""Sending a step to nodes, and reading what they answered."""

import dataclasses
import secrets
import time
from collections.abc import Iterable
from collections.abc import Mapping
from concurrent import futures
from email import message
from types import MappingProxyType
from typing import Any

import swiftclient
from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import objects
from tripleo_workflows.deployments import sweep

#: Seconds that a node may go on sending its result after the time limit.
ANSWER_SECONDS = 600

#: Nodes that are cleaned up after before answers are looked for again.
_AT_ONCE = 48
#: What a listing tells of a result that is done, as numbers.
_LISTED = {'status_code': int, 'seconds': float, 'changed': int}

Answer = dict[str, Any]
#: By node that has ended a step: its answer, or None where a listing does
#: not tell it.
Listed = Mapping[str, Answer | None]


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of one service on the nodes of one batch.

    :param batch: the name of a unit of the service: a batch's number, or
        ``prepare``, ``finish`` and so on.
    :param fence: the fencing number of the operation's lock.
    :param payload: what runs; empty for the kinds survey and abort.
    :param kind: ``script``, ``playbook``, ``survey`` or ``abort``.
    :param attempt: starts at 1; a node completes an attempt at most once.
    :param timeout: seconds that the payload may take.
    :param idempotent: whether an interrupted payload may simply run again.
    :param environment: variables of a script, or extra variables of a
        playbook, which are the same on all nodes and not secret.
    :param separate: the answer has ``stdout`` and ``stderr`` as well.
    :param changes: whether it may change what the service is on the node.
    :param brief: of a node where it is done, all that is wanted is its
        ``status``, ``status_code``, ``seconds`` and ``changed``.
    """

    plan: str
    operation: str
    service: str
    batch: str
    step: str
    fence: int
    payload: str = ''
    kind: str = 'script'
    attempt: int = 1
    timeout: int = 600
    idempotent: bool = False
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    separate: bool = False
    changes: bool = True
    brief: bool = False

    @property
    def prefix(self) -> str:
        """Where the answers to this attempt lie in the record's container."""
        return (f'{self.operation}/deliveries/{self.service}.{self.batch}.'
                f'{self.step}.{self.attempt}/')


@dataclasses.dataclass(frozen=True)
class Target:
    """A node, as far as sending to it needs to know.

    :param environment: variables of this node, beside the step's own.
    :param secrets: variables that travel in an object of their own.
    :param completes: ``revision``, ``release`` and ``parts`` that the node
        has when the step is done, for its journal.
    """

    name: str
    server_id: str
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, str] = dataclasses.field(
        default_factory=dict, repr=False)
    completes: Mapping[str, Any] | None = None


def prepare_container(swift: swiftclient.Connection, container: str) -> None:
    """Make the container that takes answers, and its key, if they lack."""
    swift.put_container(container)

    if not swift.head_container(container).get(objects.KEY_HEADER):
        swift.post_container(container,
                             {objects.KEY_HEADER: secrets.token_urlsafe(32)})


class Dispatcher:
    """Sends steps to nodes as software deployments and collects answers.

    Heat's deployment only delivers. The answer are objects that the runner's
    guardian PUTs by temporary URLs: ``<node>.accepted``, unless it has ended
    soon, ``<node>.result`` and ``<node>.output``. ``<node>.secrets`` is what
    it fetches when the payload starts.

    :param container: the container of the plan's record.
    """

    def __init__(self, clients: service_clients.Clients, container: str):
        self._heat = clients.heat
        self._objects = objects.Objects(clients, container)
        # Objects that hold secrets, as far as this worker has seen them.
        self._secret: set[str] = set()

    def send(self, step: Step, targets: Iterable[Target],
             until: float | None = None) -> dict[str, dict[str, str]]:
        """Send a step to nodes, several at once.

        Sending an attempt again is harmless: the node completes it once.

        :param until: epoch seconds after which no more are begun.
        :returns: by node, the ids of its ``config`` and ``deployment``;
            nodes that were not begun are missing.
        :raises ServiceUnavailable: Heat or Swift refused; the other nodes
            were sent to all the same, and sending again is harmless.
        """
        def begin(target: Target) -> tuple[str, dict[str, str]] | None:
            if until is not None and time.time() >= until:
                return None

            return target.name, self._send(step, target)

        return dict(sent for sent in objects.in_parallel(begin, targets)
                    if sent)

    def _send(self, step: Step, target: Target) -> dict[str, str]:
        lifetime = step.timeout + ANSWER_SECONDS
        place = step.prefix + target.name

        if target.secrets:
            self._objects.put(f'{place}.secrets', dict(target.secrets),
                              lifetime)
            self._secret.add(f'{place}.secrets')

        text = bundle.runner_text(self._request(step, target, lifetime))

        try:
            config = self._heat.software_configs.create(
                # The sweep finds by this name what a dead worker left.
                name=f'{place}/{target.server_id}', group='script',
                # Without an input for it, the agent's hook sends no signal.
                config=text, inputs=[
                    {'name': 'deploy_server_id', 'type': 'String',
                     'value': target.server_id}])
            deployment = self._heat.software_deployments.create(
                config_id=config.id, server_id=target.server_id,
                action='CREATE', status='IN_PROGRESS')
        except heat_exceptions.HTTPException as error:
            # Its text would quote the request, temporary URLs included.
            raise exceptions.ServiceUnavailable(
                f'Heat does not take a deployment ({error.code}).',
                'Look at Heat and at the server, then resume the operation.',
                plan=step.plan, service=step.service, step=step.step,
                node=target.name) from None

        return {'config': config.id, 'deployment': deployment.id}

    def _request(self, step: Step, target: Target, lifetime: int
                 ) -> dict[str, Any]:
        place = step.prefix + target.name
        request = {
            'key': {'plan': step.plan, 'operation': step.operation,
                    'service': step.service, 'batch': step.batch,
                    'step': step.step, 'node': target.name,
                    'attempt': step.attempt, 'changes': step.changes},
            'fence': step.fence, 'kind': step.kind, 'timeout': step.timeout,
            'idempotent': step.idempotent,
            'environment': {**step.environment, **target.environment},
            'secrets_url': self._objects.temporary_url(
                f'{place}.secrets', 'GET', lifetime) if target.secrets
                else None,
            'lifetime': lifetime,
            'accepted_url': self._objects.temporary_url(
                f'{place}.accepted', 'PUT', lifetime),
            'result_url': self._objects.temporary_url(
                f'{place}.result', 'PUT', lifetime),
            'output_url': self._objects.temporary_url(
                f'{place}.output', 'PUT', lifetime) if step.payload
                else None,
            'separate': step.separate,
            'completes': target.completes}

        return {**request, 'payload': step.payload} if (
            step.payload) else request

    def answered(self, step: Step) -> tuple[set[str], Listed]:
        """Which nodes have accepted a step, and which have ended it.

        It comes from a listing, which may lag: who is missing may have
        ended it all the same. But nothing is listed that its node has not
        sent, and what is done stays done.

        :returns: the names of the first, and of the others how they ended
            it, as :attr:`Step.brief` wants it; None where that has to be
            fetched.
        """
        accepted: set[str] = set()
        ended: dict[str, Answer | None] = {}

        for row in self._objects.listing(step.prefix):
            node, _, kind = row['name'].removeprefix(
                step.prefix).rpartition('.')

            if kind == 'accepted':
                accepted.add(node)
            elif kind == 'secrets':
                self._secret.add(row['name'])
            elif kind == 'result':
                ended[node] = (_told_by(row['content_type'])
                               if step.brief else None)

        return accepted, ended

    def answers(self, step: Step, nodes: Iterable[str],
                listed: Listed = MappingProxyType({})) -> dict[str, Answer]:
        """What nodes answered, asked for by name, several at once.

        The secrets of the nodes that answered are removed.

        :param listed: what :meth:`answered` knows already.
        :returns: by node; those that have not answered are missing.
        :raises ServiceUnavailable: Swift does not serve them.
        """
        names = set(nodes)
        answers = {name: answer for name, answer in listed.items()
                   if answer is not None and name in names}
        asked = sorted(names - answers.keys())
        found = objects.in_parallel(
            lambda name: self._objects.get(f'{step.prefix}{name}.result'),
            asked)
        answers |= {name: answer for name, answer
                    in zip(asked, found, strict=True)
                    # A refusal of a worker that was taken over tells nothing
                    # about what we have sent.
                    if answer and answer.get('fence', step.fence)
                    == step.fence}
        spent = self._secret & {f'{step.prefix}{name}.secrets'
                                for name in answers}
        self._objects.delete_all(spent)
        self._secret -= spent

        return answers

    def remove_some(self, nodes: Iterable[dict[str, Any]]) -> bool:
        """Remove what was sent to some nodes, while others are waited for.

        What Heat does not remove is left for :meth:`clean`.

        :param nodes: entries of those that need it no longer, each with
            ``ids``, what :meth:`send` returned; it is empty afterwards.
        :returns: whether anything was removed.
        """
        spent = [node for node in nodes if node['ids']][:_AT_ONCE]

        try:
            objects.in_parallel(self._remove, [
                ids for node in spent for ids in node['ids']])
        except (heat_exceptions.HTTPException,
                keystone_exceptions.ClientException):
            return False

        for node in spent:
            node['ids'] = []

        return bool(spent)

    def clean(self, prefix: str, sent: Iterable[Mapping[str, str]],
              keep: Iterable[str] = ()) -> None:
        """Remove the deployments, configs and answers of finished steps.

        What it does not find is gone already; what a dead worker left is
        for the sweep.

        :param prefix: the common beginning of the answers' names.
        :param sent: what :meth:`send` returned for each node.
        :param keep: names of objects that stay.
        """
        names = set(self._objects.names(prefix)) - set(keep)

        # Heat and Swift work side by side.
        with futures.ThreadPoolExecutor(1) as beside:
            removing = beside.submit(objects.in_parallel, self._remove, sent)
            self._objects.delete_all(names)
            removing.result()

    def sweep(self, prefix: str, most: int = 200, seconds: float = 10.0,
              age: float = 0) -> sweep.Swept:
        """Remove what is left of finished steps, also by dead workers.

        Deployments and configs are found by the configs' names, objects in
        the container, so nothing has to be remembered.

        :param prefix: the beginning of :attr:`Step.prefix`, at least; for a
            closed operation ``<operation>/``.
        :param most: how many deployments, and how many objects, at most.
        :param seconds: after which no more are begun.
        :param age: seconds; what is younger stays.
        """
        return sweep.sweep(self._heat, self._objects, prefix, most, seconds,
                           age)

    def _remove(self, ids: Mapping[str, str]) -> None:
        for manager, kind in ((self._heat.software_deployments, 'deployment'),
                              (self._heat.software_configs, 'config')):
            try:
                manager.delete(ids[kind])
            except heat_exceptions.HTTPNotFound:
                continue


def _told_by(content_type: str) -> Answer | None:
    """An answer of which a listing tells enough: that it is done."""
    header = message.Message()
    header['content-type'] = content_type
    told = dict(header.get_params([]))

    if told.get('status') != 'done':
        return None

    try:
        return {'status': 'done', **{
            name: number(told[name]) for name, number in _LISTED.items()
            if name in told}}
    except ValueError:
        return None
