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

"""The record of a plan's operations, in the container ``<plan>-operations``.

What may be lost does not matter: results are a cache of the nodes' journals,
in objects that carry the fence in their names, and a worker that has lost
its fence can only write under its own number, which nobody reads any more.
A reader takes the highest number there is, walking down by name.

==============================================  ============================
object                                          what it holds
==============================================  ============================
``documents/<digest>.json``                     a rollout, as previewed
``<operation>/operation.json``                  verb, person, document, time
``<operation>/closed.json``                     how, when and why it ended
``<operation>/availability/<when>.json``        what a prober saw
``<operation>/decisions/<number>.json``         what a person decided
``<operation>/<n>/waiting.json``                what it waits for under n
``<operation>/<n>/<service>.<batch>.json``      states of a batch's steps;
                                                it is a number, or ``prepare``
                                                and the like
``state/<n>/base.json``                         all services' states under n-1
``state/<n>/<service>.json``                    a service's state
==============================================  ============================
"""

import dataclasses
import json
import re
from collections.abc import Iterable
from typing import Any

import swiftclient

from tripleo_workflows import exceptions
from tripleo_workflows.deployments import objects

Object = dict[str, Any]

_BATCH = re.compile(r'[^/]+/(?P<fence>\d+)/(?P<service>[^/]+)'
                    r'\.(?P<batch>[\w-]+)\.json')


@dataclasses.dataclass(frozen=True)
class Operation:
    """What every task of an operation is given.

    :param fence: the number of the lock that it works under now.
    :param first: the number under which the operation was opened.
    :param digest: of the document that it runs.
    :param trust: id of the trust that it works under, empty where it has
        none.
    :param root: the root execution that works on it under the fence.
    """

    id: str
    plan: str
    fence: int
    first: int
    digest: str
    trust: str = ''
    root: str = ''


def highest_fence(names: Iterable[str]) -> int:
    """The highest fence in names of a record's objects, 0 where none is."""
    return max((int(parts[1]) for parts in (name.split('/') for name in names)
                if len(parts) > 2 and parts[1].isdigit()), default=0)


def batch_of(name: str) -> tuple[int, str, str] | None:
    """Fence, service and name of the batch that an object is about.

    :returns: None where the name is not a batch's.
    """
    found = _BATCH.fullmatch(name)

    return (int(found['fence']), found['service'], found['batch']
            ) if found else None


class Record:
    """Reads and writes the record of one plan."""

    def __init__(self, swift: swiftclient.Connection, plan: str):
        self.plan = plan
        self.container = f'{plan}-operations'
        self._swift = swift

    def get(self, name: str) -> Object | None:
        """An object's content, or None where there is none."""
        try:
            _, body = self._swift.get_object(self.container, name)
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                return None
            raise self._unavailable(name, error) from None

        content: Object = json.loads(body)

        return content

    def put(self, name: str, content: Object) -> None:
        """Write an object as canonical JSON."""
        try:
            self._swift.put_object(
                self.container, name, json.dumps(content, sort_keys=True),
                content_type='application/json')
        except swiftclient.ClientException as error:
            raise self._unavailable(name, error) from None

    def names(self, prefix: str, age: float = 0) -> dict[str, str]:
        """Names below a prefix with their ETags: a hint, listings lag.

        :param age: seconds; what was written since then is left out.
        """
        try:
            _, rows = self._swift.get_container(
                self.container, prefix=prefix, full_listing=True)
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                return {}
            raise self._unavailable(prefix, error) from None

        return {row['name']: row['hash'] for row in rows
                if not age or objects.is_older(row['last_modified'], age)}

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        try:
            self._swift.delete_object(self.container, name)
        except swiftclient.ClientException as error:
            if error.http_status != 404:
                raise self._unavailable(name, error) from None

    def document(self, digest: str) -> Object:
        """A rollout that a preview saved.

        :raises NotFound: there is none of this digest.
        """
        document = self.get(f'documents/{digest}.json')

        if document is None:
            raise exceptions.NotFound(
                'No rollout of this digest was saved.',
                'Give the digest that tripleo.upgrade.v1.preview returned.',
                plan=self.plan, digest=digest)

        return document

    def batch(self, operation: Operation, service: str, batch: str) -> Object:
        """States of a batch's steps, from the newest fence that knows them.

        :returns: ``{step: {node: {status, …}}}``, empty where nothing
            happened yet.
        """
        for number in range(operation.fence, operation.first - 1, -1):
            found = self.get(f'{operation.id}/{number}/{service}.{batch}.json')

            if found is not None:
                return found

        return {}

    def put_batch(self, operation: Operation, service: str, batch: str,
                  steps: Object) -> None:
        """Write the states of a batch's steps under our own fence."""
        self.put(f'{operation.id}/{operation.fence}/{service}.{batch}.json',
                 steps)

    def state(self, fence: int, service: str) -> Object:
        """State of one service: its nodes' revisions and its phase.

        :returns: ``{nodes: {name: {revision, …}}, release, phase}``, empty
            where the service was never rolled.
        """
        for number in range(fence, 0, -1):
            found = self.get(f'state/{number}/{service}.json')

            if found is not None:
                return found

            base = self.get(f'state/{number}/base.json')

            if base is not None:
                return dict(base.get(service, {}))

        return {}

    def put_state(self, fence: int, service: str, state: Object) -> None:
        """Write the state of a service under our own fence."""
        self.put(f'state/{fence}/{service}.json', state)

    def states(self, fence: int, services: Iterable[str] = ()
               ) -> dict[str, Object]:
        """States of all services that were ever rolled.

        :param services: names that are asked for even where a listing, which
            may lag, does not show them.
        """
        wanted = set(services)
        states: dict[str, Object] = {}

        for number in range(fence, 0, -1):
            prefix = f'state/{number}/'
            listed = {name.removeprefix(prefix).removesuffix('.json')
                      for name in self.names(prefix)}

            for service in (wanted | listed) - {'base'} - set(states):
                content = self.get(f'{prefix}{service}.json')

                if content is not None:
                    states[service] = content

            base = self.get(f'{prefix}base.json')

            if base is not None:
                return {**base, **states}

        return states

    def carry_over(self, fence: int, services: Iterable[str]) -> None:
        """Bring all services' states below our fence, once."""
        if self.get(f'state/{fence}/base.json') is None:
            self.put(f'state/{fence}/base.json',
                     self.states(fence - 1, services))

    def _unavailable(self, name: str, error: swiftclient.ClientException
                     ) -> exceptions.ServiceUnavailable:
        return exceptions.ServiceUnavailable(
            f'Swift does not serve the record ({error.http_status}).',
            'Look at the object store, then resume the operation.',
            plan=self.plan, object=name)
