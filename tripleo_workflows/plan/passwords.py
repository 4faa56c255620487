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

"""Passwords and keys that a plan needs and nobody has to think of.

They lie in the section ``passwords`` of ``plan-environment.yaml`` and reach
the stack as parameters. Functions return names only.
"""

import base64
import copy
import secrets
import string
import struct
import time
import uuid
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions

Environment = dict[str, Any]

#: Rotations that a plan remembers, so that asking again changes nothing.
REMEMBERED = 10

_CHARACTERS = string.ascii_letters + string.digits
_FERNET_KEYS = '/etc/keystone/fernet-keys'


def password(length: int = 32) -> str:
    """A word of letters and digits, safe in any configuration file.

    The usual length is one that AES takes for a key.
    """
    return ''.join(secrets.choice(_CHARACTERS) for _ in range(length))


def cluster_key() -> str:
    """A key as long as Pacemaker's remote daemon likes it."""
    return password(4096)


def base64_key() -> str:
    """256 bits for an HMAC."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def fernet_key() -> str:
    """256 bits as Fernet takes them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def fernet_repository() -> dict[str, dict[str, str]]:
    """Keystone's first two keys, by the files that hold them."""
    return {f'{_FERNET_KEYS}/{number}': {'content': fernet_key()}
            for number in range(2)}


def cephx_key() -> str:
    """A key of Ceph: type, time of creation, length and 128 bits."""
    secret = secrets.token_bytes(16)
    header = struct.pack('<hiih', 1, int(time.time()), 0, len(secret))

    return base64.b64encode(header + secret).decode()


def unique_id() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


#: The kinds of the parameters that are generated, by name.
TABLE: Mapping[str, Callable[[], Any]] = {
    **dict.fromkeys((
        'AdminPassword', 'AdminToken', 'AodhPassword', 'BarbicanPassword',
        'CeilometerMeteringSecret', 'CeilometerPassword',
        'CephDashboardAdminPassword', 'CephGrafanaAdminPassword',
        'CinderPassword', 'DatabaseMigrationPassword', 'DesignatePassword',
        'Ec2ApiPassword', 'EtcdInitialClusterToken', 'GlancePassword',
        'GnocchiPassword',
        'HAProxyStatsPassword', 'HeatAuthEncryptionKey', 'HeatPassword',
        'HeatStackDomainAdminPassword', 'HorizonSecret', 'IronicPassword',
        'KeystoneDatabasePassword', 'KeystonePassword', 'LibvirtTLSPassword',
        'ManilaPassword', 'MistralPassword', 'MonitorAgentToken',
        'MysqlClustercheckPassword',
        'MysqlRootPassword', 'NeutronMetadataProxySharedSecret',
        'NeutronPassword', 'NotifyPassword', 'NovaPassword',
        'OctaviaCaKeyPassphrase', 'OctaviaHeartbeatKey', 'OctaviaPassword',
        'OctaviaServerCertsKeyPassphrase', 'PankoPassword', 'PcsdPassword',
        'PlacementDatabasePassword', 'PlacementPassword', 'RabbitCookie',
        'RabbitPassword',
        'RedisPassword', 'RpcPassword', 'SaharaPassword',
        'SnmpdReadonlyUserPassword', 'SwiftHashSuffix', 'SwiftPassword',
        'TrovePassword', 'WebDatabasePassword', 'WebMigrationPassword',
        'ZaqarPassword'), password),
    **dict.fromkeys((
        'CephAdminKey', 'CephClientKey', 'CephManilaClientKey', 'CephMdsKey',
        'CephMonKey', 'CephRgwKey'), cephx_key),
    **dict.fromkeys((
        'BarbicanSimpleCryptoKek', 'KeystoneCredential0',
        'KeystoneCredential1', 'KeystoneFernetKey0',
        'KeystoneFernetKey1'), fernet_key),
    'CephClusterFSID': unique_id,
    'DesignateRndcKey': base64_key,
    'KeystoneFernetKeys': fernet_repository,
    'PacemakerRemoteAuthkey': cluster_key,
}

#: What a running cluster cannot change by a roll of its services: keys of
#: what is stored, and what the members of a cluster know each other by.
FIXED = frozenset((
    'BarbicanSimpleCryptoKek', 'CephAdminKey', 'CephClientKey',
    'CephClusterFSID', 'CephManilaClientKey', 'CephMdsKey', 'CephMonKey',
    'CephRgwKey', 'HeatAuthEncryptionKey', 'KeystoneCredential0',
    'KeystoneCredential1', 'KeystoneFernetKey0', 'KeystoneFernetKey1',
    'KeystoneFernetKeys', 'OctaviaCaKeyPassphrase',
    'OctaviaServerCertsKeyPassphrase', 'PacemakerRemoteAuthkey',
    'PcsdPassword', 'RabbitCookie', 'SwiftHashSuffix'))


def complete(environment: Environment, unset: Collection[str]
             ) -> tuple[Environment, list[str]]:
    """Generate what a plan lacks.

    :param environment: as :func:`plan.environment.load` gives it.
    :param unset: names of parameters that nothing sets yet.
    :returns: a changed copy, and the names that were generated.
    """
    missing = sorted(TABLE.keys() & set(unset))

    return _with(environment, missing), missing


def rotate(environment: Environment, names: Collection[str], request_id: str
           ) -> tuple[Environment, list[str]]:
    """Generate passwords anew.

    :param environment: as :func:`plan.environment.load` gives it.
    :param names: which; empty: all that the plan has and that a roll of its
        services can change.
    :param request_id: of a rotation; one that was done is not done again.
    :returns: a changed copy, and the names that the request has rotated.
    :raises InvalidInput: one of the names cannot be rotated.
    """
    done = environment['password_requests'].get(request_id)

    if done is not None:
        return environment, done

    for name in names:
        _refuse(environment, name)

    rotated = sorted(set(names) or (
        environment['passwords'].keys() & TABLE.keys() - FIXED))
    changed = _with(environment, rotated)
    remember(changed, request_id, rotated)

    return changed, rotated


def remember(environment: Environment, request_id: str, rotated: Any
             ) -> None:
    """Note in an environment what a request has rotated.

    :param rotated: names, which answer the request when it comes again.
    """
    requests = {**environment['password_requests'], request_id: rotated}
    environment['password_requests'] = dict(
        list(requests.items())[-REMEMBERED:])


def _with(environment: Environment, names: Collection[str]) -> Environment:
    changed = copy.deepcopy(environment)
    changed['passwords'].update({name: TABLE[name]() for name in names})

    return changed


def _refuse(environment: Environment, name: str) -> None:
    if name not in TABLE or name not in environment['passwords']:
        problem = 'is no generated password of the plan'
        remedy = 'Correct the name; there are: ' + (
            ', '.join(sorted(environment['passwords'])) or 'none') + '.'
    elif name == 'KeystoneFernetKeys':
        problem = 'is not changed as a whole, but key by key'
        remedy = 'Run tripleo.parameters.rotate_fernet_keys.'
    elif name in FIXED:
        problem = 'cannot be changed while the cloud is running'
        remedy = 'Leave it out.'
    elif name in environment['parameter_defaults']:
        problem = 'is set under parameter_defaults, which counts first'
        remedy = 'Change it there, or remove it there.'
    else:
        return

    raise exceptions.InvalidInput(
        f'rotate_pw_list: {name} {problem}.', remedy, field='rotate_pw_list',
        parameter=name)
