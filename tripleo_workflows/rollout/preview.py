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

"""Computing the rollout of a plan's stack, and saving it."""

import re
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.plan import environment as plan_environment
from tripleo_workflows.plan import roles as plan_roles
from tripleo_workflows.plan import store as plan_store
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import estimate
from tripleo_workflows.rollout import revision
from tripleo_workflows.rollout import schema
from tripleo_workflows.rollout import selection
from tripleo_workflows.rollout import stored
from tripleo_workflows.rollout import tree
from tripleo_workflows.rollout import wanted
from tripleo_workflows.stack import cloud as stack_cloud

#: Bytes of the tree in an answer, which goes through Mistral.
TREE_BYTES = 24 * 1024

_SERVICE_NAME = re.compile(r'^\s+service_name:\s*["\']?([\w-]+)', re.M)


def preview(clients: service_clients.Clients, plan: str, verb: str,
            down: Iterable[str] = (),
            selected: selection.Selected | None = None) -> dict[str, Any]:
    """Compute the rollout of a plan's stack and save it.

    :param down: names of the nodes that do not answer.
    :param selected: what of it is wanted; see
        :class:`tripleo_workflows.rollout.document.Request`.
    :returns: ``digest``, ``tree`` (text, its beginning where it is long),
        ``services`` and ``nodes`` (how many it touches), ``seconds`` that it
        takes as far as is known, ``left_undone``, ``unmanaged`` and
        ``document`` (the object that holds it in the container of the
        record).
    :raises InvalidInput: see :func:`document.compute`; also where a name is
        no service that a template of the plan defines.
    """
    files = plan_store.PlanStore(clients.swift, plan).read()
    environment = _environment(files)
    cloud = stack_cloud.read(clients.heat, plan, [
        role.name for role in plan_roles.load(files)])
    wanted.refuse_unknown(cloud, {
        name for text in files.values()
        for name in _SERVICE_NAME.findall(text)}, plan, environment)
    record = operation_record.Record(clients.swift, plan)
    clients.swift.put_container(record.container)
    document = compute(clients, cloud, record, rollout_document.Request(
        plan, verb, environment['lifecycle_policy'],
        environment['lifecycle_hooks'], list(down), selected or {}))
    digest = revision.digest(document)
    record.put(f'documents/{digest}.json', document)
    seconds, path = estimate.critical_path(document)

    return {'digest': digest,
            'tree': tree.shortened(tree.tree(document, digest), TREE_BYTES),
            'services': len(document['services']),
            'nodes': len(rollout_document.touched(document)),
            'seconds': seconds, 'critical_path': path,
            'left_undone': document['left_undone'],
            'unmanaged': document['unmanaged'],
            'document': f'{record.container}/documents/{digest}.json'}


def compute_again(clients: service_clients.Clients,
                  record: operation_record.Record,
                  document: rollout_document.Document
                  ) -> rollout_document.Document:
    """Compute a rollout from what the cloud is now.

    The stack counts, not the plan, which may be edited meanwhile; of that,
    only policies and hooks.

    :param document: says for which verb, selection and silent nodes.
    """
    text = plan_store.PlanStore(clients.swift, record.plan).read_file(
        plan_environment.FILE)
    environment = _environment({plan_environment.FILE: text})
    cloud = stack_cloud.read(clients.heat, record.plan, document['roles'])

    return compute(clients, cloud, record, rollout_document.Request(
        record.plan, document['verb'], environment['lifecycle_policy'],
        environment['lifecycle_hooks'], document['down'],
        document['selected']))


def compute(clients: service_clients.Clients, cloud: stack_cloud.Cloud,
            record: operation_record.Record,
            request: rollout_document.Request) -> rollout_document.Document:
    """Compute a rollout from the record under the plan's lock."""
    number, _ = lock.current(clients.mistral, record.plan)
    states = record.states(number, {
        name for role in cloud.role_data.values() for name in role})
    digests = {node['lifecycle'] for state in states.values()
               for node in state.get('nodes', {}).values()
               if node.get('lifecycle')}

    return rollout_document.compute(
        cloud, request, states, revision.load_key(record),
        stored.load_all(record, digests))


def _environment(files: Mapping[str, str]) -> dict[str, Any]:
    environment = plan_environment.load(files)
    schema.require_environment(environment)

    return {**environment,
            'lifecycle_hooks': environment.get('lifecycle_hooks', [])}
