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


"""How a person tells clients where the undercloud is, and who he is."""

import os
import shlex
from collections.abc import Mapping

import yaml

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import state as undercloud_state

#: Variables that would make the ``openstack`` command heed another cloud, or
#: another identity, than the one that is exported beside them.
OVERRIDING = (
    'OS_CLOUD', 'OS_AUTH_TYPE', 'OS_TOKEN', 'OS_TRUST_ID', 'OS_USER_ID',
    'OS_PROJECT_ID', 'OS_TENANT_ID', 'OS_TENANT_NAME', 'OS_DOMAIN_ID',
    'OS_DOMAIN_NAME', 'OS_SYSTEM_SCOPE', 'OS_USER_DOMAIN_ID',
    'OS_PROJECT_DOMAIN_ID', 'OS_CACERT', 'OS_INTERFACE',
    'OS_APPLICATION_CREDENTIAL_ID', 'OS_APPLICATION_CREDENTIAL_NAME')
PROXIES = ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY')
LOOPBACK = '127.0.0.1'


def require(state: undercloud_state.StateDirectory) -> None:
    """Refuse a state directory in which nothing ever came up.

    :raises NotFound: that is so.
    """
    if not (state.root / 'clouds.yaml').exists():
        raise exceptions.NotFound(
            f'There is no undercloud in {state.root}.',
            f'Make one: tripleo-undercloud up --state-dir {state.root}')


def exports(state: undercloud_state.StateDirectory,
            current: Mapping[str, str] = os.environ) -> str:
    """The admin's ``OS_*`` variables, for a shell to evaluate.

    :param current: the variables of that shell: what among them points to
        another cloud is unset, and a proxy is kept out of the way.
    :raises NotFound: there is no undercloud.
    """
    return '\n'.join([
        *(f'unset {name}' for name in OVERRIDING if name in current),
        *(f'export {name}={shlex.quote(value)}'
          for name, value in variables(state, current).items())])


def variables(state: undercloud_state.StateDirectory,
              current: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The admin's ``OS_*`` variables, for a program.

    :param current: the variables that it has already: a proxy among them is
        kept out of the way.
    :raises NotFound: there is no undercloud.
    """
    require(state)
    found = {
        'OS_AUTH_URL': f'{state.url("keystone")}/v3',
        'OS_USERNAME': 'admin', 'OS_PASSWORD': state.secrets()['admin'],
        'OS_PROJECT_NAME': 'admin', 'OS_USER_DOMAIN_NAME': 'Default',
        'OS_PROJECT_DOMAIN_NAME': 'Default', 'OS_IDENTITY_API_VERSION': '3',
        'OS_REGION_NAME': 'RegionOne'}

    if any(current.get(name) for name in PROXIES):
        excepted = current.get('no_proxy') or current.get('NO_PROXY') or ''

        if LOOPBACK not in excepted.split(','):
            listed = ','.join(filter(None, [excepted, LOOPBACK]))
            found |= {'no_proxy': listed, 'NO_PROXY': listed}

    return found


def clients(state: undercloud_state.StateDirectory
            ) -> service_clients.Clients:
    """Clients of the admin, whatever cloud this process's variables name.

    :raises NotFound: there is no undercloud.
    """
    # A second of imports that no other command needs.
    from openstack import config as cloud_config

    require(state)
    region = cloud_config.OpenStackConfig(
        config_files=[str(state.root / 'clouds.yaml')],
        load_envvars=False).get_one('undercloud')

    return service_clients.Clients(region.get_session())


def write_clouds(state: undercloud_state.StateDirectory) -> None:
    """Write ``clouds.yaml``, with one cloud ``undercloud``."""
    undercloud_state.write_private(
        state.root / 'clouds.yaml', yaml.safe_dump(clouds(state)))


def clouds(state: undercloud_state.StateDirectory) -> dict[str, object]:
    """The contents of ``clouds.yaml``."""
    return {'clouds': {'undercloud': {
        'auth': {
            'auth_url': f'{state.url("keystone")}/v3', 'username': 'admin',
            'password': state.secrets()['admin'], 'project_name': 'admin',
            'user_domain_name': 'Default', 'project_domain_name': 'Default'},
        'region_name': 'RegionOne', 'identity_api_version': 3}}}
