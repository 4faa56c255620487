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

"""The values of a step's secret inputs, which no document holds."""

from collections.abc import Mapping
from typing import Any

from heatclient.v1 import client as heat_client

from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision
from tripleo_workflows.stack import cloud as stack_cloud


def of_step(heat: heat_client.Client, document: Mapping[str, Any],
            service: str, role: str,
            lifecycle: lifecycle_format.Lifecycle, step: str,
            record: operation_record.Record) -> dict[str, Any]:
    """Read a step's secrets where they live: in the stack's role data.

    :param lifecycle: that the step is of, without the values; one that was
        stored earlier may want secrets that the stack no longer has.
    :param record: has the key of the revisions.
    :returns: values by name; empty, without a request, where the step has
        no secrets.
    :raises DocumentOutdated: the stack's secrets are not those with which
        the lifecycle was computed.
    """
    names = lifecycle_format.secrets_of(lifecycle, step)

    if not names:
        return {}

    role_data = stack_cloud.role_data(heat, document['stack'], role)
    content = role_data.get(service, {}).get('lifecycle')
    current = lifecycle_format.parse(service, content) if content else None
    values = (lifecycle_format.secrets_of(current, step) if current else {})
    changed = _changed(current, lifecycle, names, revision.load_key(record))

    if changed or names.keys() - values.keys():
        raise exceptions.DocumentOutdated(
            f'The stack no longer has the secrets with which this step was '
            f'planned: {", ".join(sorted(changed or names))}.',
            'Start tripleo.operation.v1.abort, then preview again.',
            plan=document['plan'], service=service, step=step)

    return {name: values[name] for name in names}


def _changed(current: lifecycle_format.Lifecycle | None,
             lifecycle: lifecycle_format.Lifecycle,
             names: Mapping[str, Any], key: bytes) -> list[str]:
    now = revision.parts(current, key) if current else {}

    return [name for name in names
            if f'secret {name}' in lifecycle['parts']
            and now.get(f'secret {name}')
            != lifecycle['parts'][f'secret {name}']]
