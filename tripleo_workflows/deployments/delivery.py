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
import json
import secrets
from collections.abc import Iterable
from collections.abc import Mapping
from concurrent import futures
from typing import Any

import swiftclient
from heatclient import exc as heat_exceptions
from swiftclient import utils as swift_utils

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.deployments import bundle

KEY_HEADER = 'x-container-meta-temp-url-key'
#: How many nodes are spoken to at once.
THREADS = 8
#: Seconds that a node may go on sending its result after the time limit.
ANSWER_SECONDS = 600

Answer = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of one service on the nodes of one batch.

    :param fence: the fencing number of the operation's lock.
    :param attempt: starts at 1; a node completes an attempt at most once.
    :param timeout: seconds that the payload may take.
    :param idempotent: whether an interrupted payload may simply run again.
    """

    plan: str
    operation: str
    service: str
    batch: int
    step: str
    fence: int
    script: str
    attempt: int = 1
    timeout: int = 600
    idempotent: bool = False
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Where the answers to this attempt lie in the record's container."""
        return (f'{self.operation}/deliveries/{self.service}.{self.batch}.'
                f'{self.step}.{self.attempt}/')


@dataclasses.dataclass(frozen=True)
class Target:
    """A node, as far as sending to it needs to know."""

    name: str
    server_id: str
    environment: Mapping[str, str]


def prepare_container(swift: swiftclient.Connection, container: str) -> None:
    """Make the container that takes answers, and its key, if they lack."""
    swift.put_container(container)

    if not swift.head_container(container).get(KEY_HEADER):
        swift.post_container(container,
                             {KEY_HEADER: secrets.token_urlsafe(32)})


class Dispatcher:
    """Sends steps to nodes as software deployments and collects answers.

    Heat's deployment only delivers. The answer is an object that the node
    PUTs by a temporary URL: ``<node>.accepted`` from the hook and
    ``<node>.result`` from the runner's guardian.

    :param container: the container of the plan's record.
    """

    def __init__(self, clients: service_clients.Clients, container: str):
        self._heat = clients.heat
        self._swift = clients.swift
        self._container = container
        headers = self._swift.head_container(container)
        self._key = headers[KEY_HEADER]
        self._storage_url = clients.endpoint('object-store')

    def send(self, step: Step, targets: Iterable[Target]
             ) -> dict[str, dict[str, str]]:
        """Send a step to nodes, several at once.

        Sending an attempt again is harmless: the node completes it once.

        :returns: by node, the ids of its ``config`` and ``deployment``.
        """
        nodes = list(targets)

        with futures.ThreadPoolExecutor(THREADS) as pool:
            sent = pool.map(lambda target: self._send(step, target), nodes)

            return dict(zip((node.name for node in nodes), sent, strict=True))

    def _send(self, step: Step, target: Target) -> dict[str, str]:
        lifetime = step.timeout + ANSWER_SECONDS
        request = {
            'key': {'plan': step.plan, 'operation': step.operation,
                    'service': step.service, 'batch': step.batch,
                    'step': step.step, 'node': target.name,
                    'attempt': step.attempt},
            'fence': step.fence, 'kind': 'script', 'payload': step.script,
            'timeout': step.timeout, 'idempotent': step.idempotent,
            'environment': {**step.environment, **target.environment},
            'lifetime': lifetime,
            'result_url': self._url(step.prefix + f'{target.name}.result',
                                    lifetime)}
        name = (f'{step.plan}.{step.service}.{step.batch}.{step.step}.'
                f'{step.attempt}.{target.name}')
        config = self._heat.software_configs.create(
            name=name, group='script', config=bundle.runner_text(request),
            inputs=[
                {'name': 'deploy_signal_transport', 'type': 'String',
                 'value': 'TEMP_URL_SIGNAL'},
                {'name': 'deploy_signal_id', 'type': 'String',
                 'value': self._url(step.prefix + f'{target.name}.accepted',
                                    lifetime)},
                {'name': 'deploy_signal_verb', 'type': 'String',
                 'value': 'PUT'}])
        deployment = self._heat.software_deployments.create(
            config_id=config.id, server_id=target.server_id,
            action='CREATE', status='IN_PROGRESS')

        return {'config': config.id, 'deployment': deployment.id}

    def _url(self, name: str, seconds: int) -> str:
        host, slash, path = self._storage_url.partition('/v1')

        return host + str(swift_utils.generate_temp_url(
            f'{slash}{path}/{self._container}/{name}', seconds, self._key,
            'PUT', digest='sha256'))

    def answered(self, step: Step) -> tuple[set[str], set[str]]:
        """Which nodes have accepted a step, and which have ended it.

        It comes from a listing, which may lag: a hint, not the truth.
        """
        _, rows = self._swift.get_container(
            self._container, prefix=step.prefix, full_listing=True)
        names = [row['name'].removeprefix(step.prefix) for row in rows]
        accepted = {name.removesuffix('.accepted') for name in names
                    if name.endswith('.accepted')}
        ended = {name.removesuffix('.result') for name in names
                 if name.endswith('.result')}

        return accepted, ended

    def answer(self, step: Step, node: str) -> Answer | None:
        """What a node answered, or None where it has not."""
        try:
            _, body = self._swift.get_object(
                self._container, f'{step.prefix}{node}.result')
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                return None
            raise exceptions.ServiceUnavailable(
                f'Swift does not show an answer ({error.http_status}).',
                'Look at the object store, then resume the operation.',
                plan=step.plan, service=step.service, node=node) from None

        answer: Answer = json.loads(body)

        return answer

    def clean(self, prefix: str, sent: Iterable[Mapping[str, str]]) -> None:
        """Remove the deployments, configs and answers of finished steps.

        :param prefix: the common beginning of the answers' names.
        :param sent: what :meth:`send` returned for each node.
        """
        with futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._remove, sent))

        _, rows = self._swift.get_container(
            self._container, prefix=prefix, full_listing=True)

        for row in rows:
            try:
                self._swift.delete_object(self._container, row['name'])
            except swiftclient.ClientException as error:
                if error.http_status != 404:
                    raise

    def _remove(self, ids: Mapping[str, str]) -> None:
        for manager, kind in ((self._heat.software_deployments, 'deployment'),
                              (self._heat.software_configs, 'config')):
            try:
                manager.delete(ids[kind])
            except heat_exceptions.HTTPNotFound:
                continue
