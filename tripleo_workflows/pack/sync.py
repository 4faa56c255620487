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

import yaml
from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import exceptions


def synchronise(mistral: mistral_client.Client, workbooks: dict[str, str]
                ) -> dict[str, str]:
    """Create, update and tidy up; what is right already is left alone.

    Mistral itself never removes a workflow that has left its workbook.

    :param workbooks: definitions by name.
    :returns: by name of workbook or workflow: ``created``, ``updated``,
        ``unchanged`` or ``removed``.
    :raises InvalidInput: Mistral refuses a definition.
    """
    outcome = {}

    for name, definition in workbooks.items():
        outcome[name] = _store(mistral, name, definition)

        for stale in _stale(mistral, name, definition):
            mistral.workflows.delete(stale)
            outcome[stale] = 'removed'

    return outcome


def _store(mistral: mistral_client.Client, name: str, definition: str) -> str:
    try:
        stored = mistral.workbooks.get(name).definition
    except mistral_base.APIException as error:
        if error.error_code != 404:
            raise
        stored = None

    if stored == definition:
        return 'unchanged'

    # Validating costs Mistral up to 0.6 s per task, and the pack's own tests
    # have done it already.
    http_client = mistral.workbooks.http_client
    send = http_client.post if stored is None else http_client.put

    try:
        send('/workbooks?skip_validation', definition,
             headers={'content-type': 'text/plain'})
    except keystone_exceptions.HttpError as error:
        raise exceptions.InvalidInput(
            f'Mistral refuses the workbook: {error.message}.',
            'Make sure that this pack is installed in its environment and '
            'that it was restarted since.', workbook=name) from None

    return 'created' if stored is None else 'updated'


def _stale(mistral: mistral_client.Client, name: str, definition: str
           ) -> list[str]:
    wanted = {f'{name}.{workflow}'
              for workflow in yaml.safe_load(definition)['workflows']}
    prefix = f'{name}.'

    return [workflow.name for workflow in mistral.workflows.list(
                name=f'has:{prefix}')
            if workflow.name.startswith(prefix)
            and workflow.name not in wanted]
