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

"""Revisions: what a service is on a node, as one comparable word."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle as lifecycle_format

#: What is recorded of a node whose batch was begun and has not ended.
UNFINISHED = 'unfinished'
#: The object of the record that holds the key of its revisions.
KEY = 'state/key.json'


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def keyed_digest(key: bytes, value: object) -> str:
    """HMAC of a value's canonical JSON, from which no secret is guessed."""
    return hmac.digest(key, _canonical(value), 'sha256').hex()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(',', ':'),
                      ensure_ascii=False).encode()


def load_key(record: operation_record.Record) -> bytes:
    """The key of a plan's revisions; made where nothing was ever rolled.

    To be called under the plan's lock.
    """
    stored = record.get(KEY)

    if stored is None:
        stored = {'key': secrets.token_hex(32)}
        record.put(KEY, stored)

    return bytes.fromhex(stored['key'])


def parts(lifecycle: Mapping[str, Any], key: bytes) -> dict[str, str]:
    """What a revision is made of, each part by itself.

    Comparing parts tells *why* a node is rolled. Time limits are left out:
    they change how long a step may take, not what it leaves behind.

    :param lifecycle: with the values of its secrets.
    :returns: ``release``, one part per step, ``secret <name>`` for each
        secret of these steps, and ``hooks`` where there are any around them.
    """
    found = {'release': str(lifecycle['release'])}
    secret_values: dict[str, dict[str, Any]] = {}
    hooks = []

    for step in lifecycle_format.REVISION_STEPS:
        content = lifecycle['steps'].get(step)
        found[step] = keyed_digest(key, content and _essence(
            content, lifecycle['secrets']))

        for name, value in lifecycle_format.secrets_of(lifecycle,
                                                       step).items():
            secret_values.setdefault(name, {})[step] = value

        hooks += [[name, _essence(lifecycle['steps'][name], ())]
                  for name in lifecycle_format.sequence(lifecycle, step)
                  if name != step and name in lifecycle['steps']]

    for name, values in sorted(secret_values.items()):
        found[f'secret {name}'] = keyed_digest(key, values)

    return {**found, 'hooks': keyed_digest(key, hooks)} if hooks else found


def _essence(content: Mapping[str, Any], secret_names: Iterable[str]
             ) -> list[Any]:
    return [content[lifecycle_format.kind_of(content)],
            {name: value for name, value in content.get('inputs', {}).items()
             if name not in secret_names}]


def changed_steps(lifecycle: Mapping[str, Any], names: Iterable[str]
                  ) -> set[str]:
    """The steps that changed parts are about, ``hooks`` among them."""
    steps: set[str] = set()

    for name in names:
        secret = name.removeprefix('secret ')
        steps |= {name} if secret == name else {
            step for step in lifecycle_format.REVISION_STEPS
            if secret in lifecycle_format.secrets_of(lifecycle, step)}

    return steps


def revision(service: str, service_parts: Mapping[str, str],
             facts: Mapping[str, str], key: bytes) -> str:
    """The revision of a service on one node.

    :param facts: what steps learn about the node from their environment; a
        node that gets another address is rolled again.
    """
    return keyed_digest(key, [service, dict(service_parts), dict(facts)])
