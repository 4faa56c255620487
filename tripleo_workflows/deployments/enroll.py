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

"""Giving waiting nodes the configuration of their agents."""

import json
import os
import pathlib
from typing import Any

from heatclient.v1 import client as heat_client

from tripleo_workflows import exceptions
from tripleo_workflows.stack import cloud as stack_cloud


def enroll(heat: heat_client.Client, plan: str, directory: str | None
           ) -> dict[str, Any]:
    """Write each server's agent configuration where its node waits for it.

    :param directory: takes ``<hostname>.json``, mode 0600; None: nothing is
        written.
    :returns: ``enrolled``, sorted names, and ``commands`` by name; one of
        them is empty.
    :raises InvalidInput: the directory does not exist or refuses a file.
    """
    if not directory:
        servers = stack_cloud.agent_resources(heat, plan)

        return {'enrolled': [], 'commands': {
            name: 'openstack stack resource show -f json -c attributes '
                  f'--with-attr os_collect_config '
                  f'{stack.rpartition("/")[2]} {resource}'
            for name, (stack, resource) in sorted(servers.items())}}

    configurations = stack_cloud.agent_configurations(heat, plan)

    for name, configuration in configurations.items():
        _write(pathlib.Path(directory), name, json.dumps(configuration))

    return {'enrolled': sorted(configurations), 'commands': {}}


def _write(directory: pathlib.Path, name: str, text: str) -> None:
    # The node must never see half a file, so it appears under its name whole.
    partial = directory / f'.{name}.partial'

    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                             0o600)

        with os.fdopen(descriptor, 'w') as stream:
            stream.write(text)

        partial.rename(directory / f'{name}.json')
    except OSError as error:
        raise exceptions.InvalidInput(
            f'[tripleo] enroll_directory: {directory} takes no file '
            f'({error.strerror}).',
            'Let it name a directory that the executor may write to.',
            node=name) from None
