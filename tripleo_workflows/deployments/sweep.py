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

"""Removing what steps have left in Heat and in the object store."""

import contextlib
import dataclasses
import time
from collections import defaultdict
from typing import Any

from heatclient import exc as heat_exceptions
from heatclient.v1 import client as heat_client

from tripleo_workflows import exceptions
from tripleo_workflows.deployments import objects

#: Heat reads the text of every config that it lists.
_PAGE = 100
#: In the names of the objects that belong to deliveries, and of configs.
PART = '/deliveries/'


@dataclasses.dataclass
class Swept:
    """What a sweep did.

    :param removed: how many configs, with their deployments, and objects.
    :param left: whether another sweep would find more.
    :param errors: what could not be removed, and why, as sentences.
    """

    removed: int = 0
    left: bool = False
    errors: list[str] = dataclasses.field(default_factory=list)


def sweep(heat: heat_client.Client, store: objects.Objects, prefix: str,
          most: int, seconds: float, age: float) -> Swept:
    """Remove deployments, configs and objects whose names begin alike."""
    swept = Swept()
    until = time.monotonic() + seconds
    configs = _configs(heat, prefix, most + 1, age, until, swept)
    deployments = _deployments(heat, configs[:most], until, swept)
    names = [name for name in store.names(prefix, age) if PART in name]
    swept.left |= len(configs) > most or len(names) > most

    def config(found: Any) -> None:
        for deployment in deployments[found.id]:
            with contextlib.suppress(heat_exceptions.HTTPNotFound):
                heat.software_deployments.delete(deployment)

        with contextlib.suppress(heat_exceptions.HTTPNotFound):
            heat.software_configs.delete(found.id)

    def remove(thing: Any) -> None:
        if time.monotonic() >= until:
            swept.left = True
            return

        try:
            if isinstance(thing, str):
                store.delete(thing)
            else:
                config(thing)
        except (heat_exceptions.HTTPException,
                exceptions.ServiceUnavailable) as error:
            swept.left = True
            swept.errors.append(_sentence(thing, error))
            return

        swept.removed += 1

    # Secrets are among the objects: they go first.
    objects.in_parallel(remove, [*names[:most], *configs[:most]])

    return swept


def _configs(heat: heat_client.Client, prefix: str, most: int, age: float,
             until: float, swept: Swept) -> list[Any]:
    """Configs of deliveries, newest first."""
    found: list[Any] = []
    marker = None

    while len(found) < most:
        if time.monotonic() >= until:
            swept.left = True
            break

        page = list(heat.software_configs.list(limit=_PAGE, marker=marker))
        found += [row for row in page
                  if row.name.startswith(prefix) and PART in row.name
                  and objects.is_older(row.creation_time.rstrip('Z'), age)]

        if len(page) < _PAGE:
            break

        marker = page[-1].id

    return found[:most]


def _deployments(heat: heat_client.Client, configs: list[Any], until: float,
                 swept: Swept) -> defaultdict[str, list[str]]:
    """Ids of the configs' deployments, by config."""
    found: defaultdict[str, list[str]] = defaultdict(list)

    def look(server: str) -> None:
        if time.monotonic() >= until:
            swept.left = True
            return

        for row in heat.software_deployments.list(server_id=server):
            found[row.config_id].append(row.id)

    # The server's id ends the config's name.
    objects.in_parallel(look, {row.name.rpartition('/')[2]
                               for row in configs})

    return found


def _sentence(thing: Any, error: Exception) -> str:
    if isinstance(thing, str):
        return f'The object {thing} stays: {error}'

    code = getattr(error, 'code', type(error).__name__)

    return f'Heat keeps the config {thing.name} ({code}).'
