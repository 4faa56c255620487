#!/usr/bin/env python3
"""Reports what its node has to Placement, now and then.

Run by the node's service manager, without any rights. NODE_NAME and NODE_ROOT
say where it is; the rest is in etc/inventory/inventory.conf.
"""

import configparser
import contextlib
import http.client
import json
import os
import pathlib
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

NAME = os.environ['NODE_NAME']
ROOT = pathlib.Path(os.environ['NODE_ROOT'])
#: Holds when the last report succeeded, in seconds since the epoch.
REPORTED = ROOT / 'var/lib/inventory/reported'
SECONDS = 5
#: How a request ends that is not answered, or not well.
NO_ANSWER = OSError, http.client.HTTPException, ValueError

#: The same on each start: a node is one provider.
PROVIDER = str(uuid.uuid5(uuid.NAMESPACE_DNS, NAME))
MEGABYTES = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 20
INVENTORY = {'VCPU': os.cpu_count(), 'MEMORY_MB': MEGABYTES}


class Placement:
    """Placement through the load balancer at one address."""

    def __init__(self, address: str, user: str, password: str):
        self._url = f'http://{address}:8778/resource_providers'
        login = {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': user, 'domain': {'id': 'default'},
                'password': password}}},
            'scope': {'project': {'name': 'service',
                                  'domain': {'id': 'default'}}}}}
        # Who takes a new one each time has none to renew.
        with request('POST', f'http://{address}:5000/v3/auth/tokens',
                     login) as answer:
            self._token = answer.headers['X-Subject-Token']

    def inventory(self) -> tuple[int, dict[str, int]]:
        """The provider's generation, and how much it has of what."""
        known = self._ask('GET', f'/{PROVIDER}/inventories')

        return known['resource_provider_generation'], {
            name: has['total'] for name, has in known['inventories'].items()}

    def ensure(self) -> None:
        """Make the provider, or change it, where it is not as it must be."""
        try:
            generation, inventory = self.inventory()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            self._ask('POST', '', {'name': NAME, 'uuid': PROVIDER})
            generation, inventory = self.inventory()

        if inventory != INVENTORY:
            self._ask('PUT', f'/{PROVIDER}/inventories', {
                'resource_provider_generation': generation,
                'inventories': {name: {'total': total}
                                for name, total in INVENTORY.items()}})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        with request(method, self._url + path, body, {
                'X-Auth-Token': self._token,
                'OpenStack-API-Version': 'placement 1.30'}) as answer:
            return json.load(answer)


def request(method: str, url: str, body: object = None,
            headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    return urllib.request.urlopen(urllib.request.Request(
        url, None if body is None else json.dumps(body).encode(),
        {'Content-Type': 'application/json', **(headers or {})},
        method=method), timeout=10)


def first_answer(ask: Callable[[Placement], Any]) -> Any:
    """What the first controller says that answers."""
    parser = configparser.RawConfigParser()
    parser.read(ROOT / 'etc/inventory/inventory.conf')
    account = parser['placement']

    for address in account['controllers'].split():
        try:
            return ask(Placement(address, account['username'],
                                 account['password']))
        except NO_ANSWER as error:
            print(f'{address}: {error}', flush=True)

    raise ConnectionError('No controller answers as it must.')


def main() -> None:
    while True:
        with contextlib.suppress(ConnectionError):
            first_answer(Placement.ensure)
            draft = REPORTED.with_suffix('.new')
            draft.write_text(f'{time.time()}\n')
            draft.rename(REPORTED)

        time.sleep(SECONDS)


if __name__ == '__main__':
    main()
