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

"""Whether all nodes have the Fernet keys that a plan has."""

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import wanted
from tripleo_workflows.stack import cloud as stack_cloud
from tripleo_workflows.stack import stacks

_SHOWN = 5


def require_everywhere(clients: service_clients.Clients, plan: str,
                       keys: Mapping[int, str]) -> None:
    """Make sure that every node has a plan's staged key.

    Where the plan has no stack, no node has any. Services without a lifecycle
    are not looked at.

    :param keys: of the plan, by their numbers; see :func:`plan.fernet.keys`.
    :raises Conflict: nodes lack it; the next rotation would let them refuse
        tokens of the others.
    """
    if stacks.find(clients.heat, plan) is None:
        return

    cloud = stack_cloud.read(clients.heat, plan,
                             stack_cloud.roles(clients.heat, plan))
    record = operation_record.Record(clients.swift, plan)
    # Mistral, which runs the action, is better not asked; and a listing that
    # lags shows too few nodes that have the key, not too many.
    fence = operation_record.highest_fence(record.names('state/'))
    services = wanted.services(cloud)
    states = record.states(fence, services)
    # Nothing has a key where nothing was ever rolled.
    key = revision.load_key(record) if states else b''

    for name, service in services.items():
        missing = lacking(service, states.get(name, {}), key, keys)

        if missing:
            raise exceptions.Conflict(
                f'{len(missing)} nodes do not have the staged Fernet key of '
                f'the plan yet: {", ".join(missing[:_SHOWN])}. After another '
                'rotation they would refuse tokens of the others.',
                'Roll it out first: start tripleo.upgrade.v1.preview with '
                'verb=update, then tripleo.upgrade.v1.run.',
                plan=plan, service=name)


def lacking(service: wanted.Service, state: Mapping[str, Any], key: bytes,
            keys: Mapping[int, str]) -> list[str]:
    """Nodes of a service that takes the keys and lacks the staged one.

    What counts is the secret with which a node was last rolled, according to
    the record; whatever else it may lack.

    :param state: what the record knows of the service, ``{}`` where nothing.
    :param key: of the revisions; see :func:`revision.load_key`.
    """
    secrets = {role: _secrets(lifecycle, keys.values())
               for role, lifecycle in service.lifecycles.items()}
    parts = {role: revision.parts(lifecycle, key)
             for role, lifecycle in service.lifecycles.items()}
    recorded = state.get('nodes', {})
    missing = []

    for node in service.nodes:
        taken = secrets[node.role]
        known = recorded.get(node.name, {})
        rolled = (known.get('parts', {})
                  if known.get('server_id') == node.server_id else {})
        has = all(keys[0] in value
                  and rolled.get(f'secret {name}')
                  == parts[node.role][f'secret {name}']
                  for name, value in taken.items())

        if not has:
            missing.append(node.name)

    return missing


def _secrets(lifecycle: lifecycle_format.Lifecycle, keys: Collection[str]
             ) -> dict[str, str]:
    """Secrets of a service, by name, that have one of the keys in them."""
    return {name: str(value) for step in lifecycle_format.REVISION_STEPS
            for name, value in lifecycle_format.secrets_of(
                lifecycle, step).items()
            if any(key in str(value) for key in keys)}
