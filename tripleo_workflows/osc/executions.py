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

"""How an execution ended, for commands."""

import json
from typing import Any

from mistralclient.api.v2 import client as mistral_client
from osc_lib import exceptions as osc_exceptions

from tripleo_workflows.operation import lock


def output_of(mistral: mistral_client.Client, execution_id: str
              ) -> dict[str, Any]:
    """The output of an execution that has ended.

    :raises CommandError: it did not end well; the text is its message.
    """
    ended = mistral.executions.get(execution_id)
    output: dict[str, Any] = json.loads(ended.output or '{}')

    if ended.state != lock.SUCCESS:
        raise osc_exceptions.CommandError(
            output.get('message') or output.get('result')
            or ended.state_info)

    return output
