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

"""Objects of one container, read and written by many threads at once."""

import datetime
import json
import urllib.parse
from collections.abc import Callable
from collections.abc import Iterable
from concurrent import futures
from typing import Any
from typing import TypeVar

from keystoneauth1 import exceptions as keystone_exceptions
from swiftclient import utils as swift_utils

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions

KEY_HEADER = 'x-container-meta-temp-url-key'
#: How many requests are under way at once.
THREADS = 16

_PAGE = 10000
#: Objects that one request removes; Swift does so two by two.
_BULK = 64
_T = TypeVar('_T')
_Result = TypeVar('_Result')


def in_parallel(work: Callable[[_T], _Result], things: Iterable[_T]
                ) -> list[_Result]:
    """Do the same for many things at once; results in their order.

    Where it fails for one, the others are done all the same, and then the
    first error is raised.
    """
    with futures.ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in
                [pool.submit(work, thing) for thing in things]]


def is_older(moment: str, age: float) -> bool:
    """Whether a moment, in UTC and ISO 8601, is some seconds ago."""
    when = datetime.datetime.fromisoformat(moment)

    return (datetime.datetime.now(datetime.UTC)
            - when.replace(tzinfo=datetime.UTC)).total_seconds() >= age


class Objects:
    """The objects of a container, over the thread-safe session.

    A connection of swiftclient keeps the response that it reads, so it
    cannot be shared by threads.

    :param container: has a key for temporary URLs.
    """

    def __init__(self, clients: service_clients.Clients, container: str):
        self._session = clients.session
        self._base = clients.endpoint('object-store')
        self._container = container
        self._key: str | None = None

    def names(self, prefix: str, age: float = 0) -> list[str]:
        """Names below a prefix: a hint, because listings lag.

        :param age: seconds; what was written since then is left out.
        """
        return [row['name'] for row in self.listing(prefix)
                if not age or is_older(row['last_modified'], age)]

    def listing(self, prefix: str) -> list[dict[str, Any]]:
        """What is below a prefix: a hint, because listings lag.

        :returns: ``name``, ``content_type``, ``last_modified`` and more.
        """
        found: list[dict[str, Any]] = []
        marker = ''

        while True:
            query = urllib.parse.urlencode({
                'prefix': prefix, 'format': 'json', 'limit': _PAGE,
                'marker': marker})
            response = self._request('GET', '', query=query)
            rows = response.json() if response.status_code == 200 else []
            found += rows

            if len(rows) < _PAGE:
                return found

            marker = rows[-1]['name']

    def get(self, name: str) -> Any:
        """The JSON content of an object, or None where there is none.

        :raises ServiceUnavailable: what is there is not JSON.
        """
        response = self._request('GET', name)

        if response.status_code == 404:
            return None

        try:
            return response.json()
        except ValueError:
            raise exceptions.ServiceUnavailable(
                'An object in the object store is not whole.',
                'Resume the operation: what is missing is asked for again.',
                container=self._container, object=name) from None

    def put(self, name: str, content: Any, lasts: int = 0) -> None:
        """Write an object as JSON.

        :param lasts: seconds after which the store removes it; 0: never.
        """
        headers = {'X-Delete-After': str(lasts)} if lasts else {}
        self._request('PUT', name, json.dumps(content, sort_keys=True),
                      {'Content-Type': 'application/json', **headers})

    def delete(self, name: str) -> None:
        """Remove an object, where there is one."""
        self._request('DELETE', name)

    def delete_all(self, names: Iterable[str]) -> None:
        """Remove objects, where there are such.

        Many a store can do so in one request; what it leaves, or all where
        it cannot, is removed singly.
        """
        wanted = sorted(names)
        pages = [wanted[start:start + _BULK]
                 for start in range(0, len(wanted), _BULK)]
        left = in_parallel(self._left_by_bulk, pages)
        in_parallel(self.delete, [name for page in left for name in page])

    def _left_by_bulk(self, names: list[str]) -> list[str]:
        try:
            report = self._session.request(
                f'{self._base}?bulk-delete', 'POST', raise_exc=False,
                headers={'Content-Type': 'text/plain',
                         'Accept': 'application/json'},
                data='\n'.join(
                    urllib.parse.quote(f'{self._container}/{name}')
                    for name in names)).json()
        except (keystone_exceptions.ConnectFailure,
                keystone_exceptions.RequestTimeout, ValueError):
            # A store that does not know this request changes nothing.
            return names

        return [] if report.get('Response Status') == '200 OK' else names

    def temporary_url(self, name: str, method: str, seconds: int) -> str:
        """A URL that lets its holder read or write one object for a time."""
        if self._key is None:
            self._key = self._request('HEAD', '').headers[KEY_HEADER]

        host, slash, path = self._base.partition('/v1')

        return host + str(swift_utils.generate_temp_url(
            f'{slash}{path}/{self._container}/{name}', seconds, self._key,
            method, digest='sha256'))

    def _request(self, method: str, name: str, body: str | None = None,
                 headers: dict[str, str] | None = None, query: str = ''
                 ) -> Any:
        place = urllib.parse.quote(f'{self._container}/{name}'.rstrip('/'))

        try:
            response = self._session.request(
                f'{self._base}/{place}?{query}'.rstrip('?'), method,
                data=body, headers=headers or {}, raise_exc=False)
        except (keystone_exceptions.ConnectFailure,
                keystone_exceptions.RequestTimeout) as error:
            raise self._unavailable(type(error).__name__, name) from None

        absent = response.status_code == 404 and method in ('GET', 'DELETE')

        if response.status_code >= 400 and not absent:
            raise self._unavailable(response.status_code, name)

        return response

    def _unavailable(self, reason: object, name: str
                     ) -> exceptions.ServiceUnavailable:
        # A request's own text may quote a temporary URL.
        return exceptions.ServiceUnavailable(
            f'Swift does not serve an object ({reason}).',
            'Look at the object store, then resume the operation.',
            container=self._container, object=name)
