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
            service: str, role: str, step: str,
            record: operation_record.Record) -> dict[str, Any]:
    """Read a step's secrets where they live: in the stack's role data.

    :param record: has the key of the revisions.
    :returns: values by name; empty, without a request, where the step has
        no secrets.
    :raises DocumentOutdated: the stack does not want any more what the
        document was computed from.
    """
    planned = document['services'][service]['lifecycle'][role]

    if not lifecycle_format.secrets_of(planned, step):
        return {}

    role_data = stack_cloud.role_data(heat, document['stack'], role)
    lifecycle = lifecycle_format.parse(
        service, role_data.get(service, {}).get('lifecycle', {}))

    key = revision.load_key(record)

    if revision.parts(lifecycle, key) != planned['parts']:
        raise exceptions.DocumentOutdated(
            'The stack has changed since this rollout was computed, and the '
            "step's secrets are no longer those of the rollout.",
            'Start tripleo.operation.v1.abort, then preview again.',
            plan=document['plan'], service=service, step=step)

    return lifecycle_format.secrets_of(lifecycle, step)
