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

"""What OpenStackClient asks of a plugin.

It is imported by every ``openstack`` command, so it imports little.
"""

import argparse
from typing import Any

DEFAULT_API_VERSION = '1'
API_VERSION_OPTION = 'os_tripleo_api_version'
API_NAME = 'tripleo'
API_VERSIONS = ('1',)


def make_client(instance: Any) -> Any:
    """Clients of the person who runs the command.

    :returns: :class:`tripleo_workflows.clients.Clients`.
    """
    from tripleo_workflows import clients

    return clients.Clients(instance.session, instance.interface or 'public')


def build_option_parser(parser: argparse.ArgumentParser
                        ) -> argparse.ArgumentParser:
    """Global options: there are none."""
    return parser
