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

"""Making a Mistral hold exactly the workbooks of this pack."""

from collections.abc import Iterable

import yaml
from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

#: A workbook of the pack has this tag, and a name that begins so. What has
#: both and is no longer in the pack, is removed.
TAG = 'tripleo-workflows'
PREFIX = 'tripleo.'


def synchronise(clients: service_clients.Clients, workbooks: dict[str, str],
                whole: bool = True, force: bool = False) -> dict[str, str]:
    """Create, update and tidy up; what is right already is left alone.

    Mistral itself never removes a workflow that has left its workbook.

    :param workbooks: definitions by name.
    :param whole: whether these are the whole pack, so that other workbooks
        of it are removed.
    :param force: change and remove even while an operation is open.
    :returns: by name of workbook or workflow: ``created``, ``updated``,
        ``unchanged`` or ``removed``.
    :raises OperationInProgress: an operation is open that may use what would
        be changed or removed; nothing was.
    :raises InvalidInput: Mistral refuses a definition.
    """
    mistral = clients.mistral
    outcome = {name: _change(mistral, name, definition)
               for name, definition in workbooks.items()}
    left = _left(mistral, workbooks) if whole else []
    stale = list(_stale(mistral, {**workbooks, **dict.fromkeys(left, '')}))
    outcome.update(dict.fromkeys([*left, *stale], 'removed'))

    if not force and {'updated', 'removed'} & set(outcome.values()):
        _refuse_while_open(clients)

    for name, definition in workbooks.items():
        if outcome[name] != 'unchanged':
            _store(mistral, name, definition, outcome[name] == 'created')

    for name in left:
        mistral.workbooks.delete(name)

    for name in stale:
        mistral.workflows.delete(name)

    return outcome


def _change(mistral: mistral_client.Client, name: str, definition: str
            ) -> str:
    try:
        stored = mistral.workbooks.get(name).definition
    except mistral_base.APIException as error:
        if error.error_code != 404:
            raise

        return 'created'

    return 'unchanged' if stored == definition else 'updated'


def _store(mistral: mistral_client.Client, name: str, definition: str,
           new: bool) -> None:
    # Validating costs Mistral up to 0.6 s per task, and lint has done more.
    http_client = mistral.workbooks.http_client
    send = http_client.post if new else http_client.put

    try:
        send('/workbooks?skip_validation', definition,
             headers={'content-type': 'text/plain'})
    except keystone_exceptions.HttpError as error:
        raise exceptions.InvalidInput(
            f'Mistral refuses the workbook: {error.message}.',
            'Make sure that this pack is installed in its environment and '
            'that it was restarted since.', workbook=name) from None


def _left(mistral: mistral_client.Client, workbooks: dict[str, str]
          ) -> list[str]:
    """Workbooks that the pack once had."""
    return [workbook.name for workbook in mistral.workbooks.list()
            if workbook.name.startswith(PREFIX)
            and TAG in (workbook.tags or ())
            and workbook.name not in workbooks]


def _stale(mistral: mistral_client.Client, workbooks: dict[str, str]
           ) -> Iterable[str]:
    """Workflows of workbooks whose definitions no longer have them."""
    for name, definition in workbooks.items():
        content = yaml.safe_load(definition) or {}
        wanted = content.get('workflows', {})

        for workflow in mistral.workflows.list(name=f'has:{name}.'):
            book, _, short = workflow.name.rpartition('.')

            if book == name and short not in wanted:
                yield workflow.name


def _refuse_while_open(clients: service_clients.Clients) -> None:
    for plan in report.plans(clients):
        for opened in lifetime.open_operations(
                operation_record.Record(clients.swift, plan)):
            raise exceptions.OperationInProgress(
                'An operation is open, and the rest of it would run with '
                'other workflows.', 'Finish or abort it before, or use '
                '--force.', plan=plan, operation=opened['operation'])
