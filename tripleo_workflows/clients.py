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

"""Sessions and clients for the services that the pack drives."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import swiftclient
from heatclient.v1 import client as heat_client
from keystoneauth1 import access
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import access as access_plugin
from mistralclient.api.v2 import client as mistral_client
from urllib3.util import retry

from tripleo_workflows import exceptions

#: Connections to one service that a session keeps open.
CONNECTIONS = 16
#: How often a request is sent again whose connection was lost.
RETRIES = 3
#: Where to have been carried out twice makes no difference.
_REPEATABLE = ('GET', 'HEAD', 'PUT', 'DELETE')


@dataclasses.dataclass(frozen=True)
class Clients:
    """Clients of one person in one project, each made when first asked for.

    :param session: a keystoneauth session that can authenticate.
    :param interface: the interface of the endpoints in the catalogue.
    """

    session: keystone_session.Session
    interface: str = 'public'

    def endpoint(self, service_type: str) -> str:
        """URL of a service in the catalogue, without a trailing slash.

        :raises ServiceUnavailable: the catalogue does not list it.
        """
        url: str | None = self.session.get_endpoint(
            service_type=service_type, interface=self.interface)

        if not url:
            raise exceptions.ServiceUnavailable(
                f'The catalogue has no {self.interface} endpoint of type '
                f'{service_type}.',
                'Register the service in Keystone, or set [tripleo] '
                'interface.', service=service_type)

        return url.rstrip('/')

    @functools.cached_property
    def swift(self) -> swiftclient.Connection:
        """Object storage of the project."""
        return swiftclient.Connection(
            session=self.session, retries=3,
            os_options={'endpoint_type': self.interface})

    @functools.cached_property
    def heat(self) -> heat_client.Client:
        """Orchestration.

        What it makes beside stacks may be made twice: a deployment delivers
        what a node carries out once. A second stack is refused by its name.
        """
        return heat_client.Client(
            session=self.session, service_type='orchestration',
            interface=self.interface, connect_retries=RETRIES)

    @functools.cached_property
    def mistral(self) -> mistral_client.Client:
        """Workflows."""
        return mistral_client.Client(
            session=self.session,
            mistral_url=self.endpoint('workflowv2'))


def with_connections(session: keystone_session.Session
                     ) -> keystone_session.Session:
    """Let a session keep its connections, and survive the loss of one.

    By default ten are kept; what more of our threads open is closed at once,
    with a warning each. A service closes those that it finds idle, Mistral
    after ten seconds, which may cross with the next request: that is sent
    again where it does no harm, after 0, 0.4 and 0.8 seconds. One that no
    service has taken is sent again in any case.
    """
    retries = retry.Retry(
        total=None, connect=RETRIES, read=RETRIES, redirect=0, status=0,
        other=0, allowed_methods=_REPEATABLE, backoff_factor=0.2)

    for adapter in session.session.adapters.values():
        adapter.max_retries = retries
        adapter.init_poolmanager(CONNECTIONS, CONNECTIONS)

    return session


def from_token(token: str, catalogue: Mapping[str, Any],
               interface: str = 'public') -> Clients:
    """Clients that act with somebody's token as it is.

    No request is made to Keystone: the token document says where the
    services are. When the token expires, so do the clients.

    :param token: the token's id.
    :param catalogue: the token document, as Keystone's
        ``GET /v3/auth/tokens`` shows it under ``token``.
    """
    document = access.create(body={'token': dict(catalogue)},
                             auth_token=token)
    plugin = access_plugin.AccessInfoPlugin(document)

    session = with_connections(keystone_session.Session(auth=plugin))

    return Clients(session, interface)


def from_environment(cloud: str | None = None,
                     interface: str = 'public') -> Clients:
    """Clients of the person who runs a command.

    ``OS_*`` variables and ``clouds.yaml`` count as they do for the
    ``openstack`` command.

    :param cloud: a cloud of ``clouds.yaml``; absent: ``OS_CLOUD``, then the
        ``OS_*`` variables.
    :raises InvalidInput: they name no cloud.
    """
    # A second of imports that no action of the pack ever needs.
    from openstack import config as cloud_config
    from openstack import exceptions as sdk_exceptions

    try:
        region = cloud_config.OpenStackConfig().get_one(cloud)

        return Clients(with_connections(region.get_session()), interface)
    except sdk_exceptions.ConfigException as error:
        raise exceptions.InvalidInput(
            f'No cloud to talk to: {error}.',
            'Set OS_CLOUD, or the OS_* variables; for the embedded '
            'undercloud: eval "$(tripleo-undercloud env)".') from None
