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

"""Making a service's database: ``python -m …prepare SERVICE STATE_DIR``.

Each service is prepared in a process of its own, so that they run side by
side, and in one process per service, because imports cost most of the time.
What was prepared before is brought up to date: newer releases change
schemas, and other ports the catalogue.
"""

import os
import pathlib
import sys
import uuid
from typing import Any

from tripleo_workflows.undercloud import configuration
from tripleo_workflows.undercloud import sqlite
from tripleo_workflows.undercloud import state as undercloud_state

#: Roles beside Keystone's own, and whether the admin has them. Heat shows
#: nothing but their own resource to those who have its users' role.
ROLES = {'heat_stack_owner': True, 'heat_stack_user': False}
#: type and path of each service in the catalogue.
CATALOGUE = {
    'keystone': ('identity', '/v3'),
    'heat': ('orchestration', '/v1/%(tenant_id)s'),
    'mistral': ('workflowv2', '/v2'),
    'swift': ('object-store', '/v1/AUTH_%(tenant_id)s'),
}
REGION = 'RegionOne'


def keystone(state: undercloud_state.StateDirectory) -> None:
    """Keystone: schema, keys, the admin, services, users and catalogue."""
    import keystone.server
    from keystone.cmd import bootstrap
    from keystone.common import fernet_utils
    from keystone.common import provider_api
    from keystone.common.sql import upgrades

    sqlite.serialise_writers()
    keystone.server.configure(
        config_files=[str(state.etc / 'keystone.conf')])
    upgrades.offline_sync_database_to_version()

    for repository, section in (('fernet', 'fernet_tokens'),
                                ('credential', 'credential')):
        keys = fernet_utils.FernetUtils(str(state.data / repository), 3,
                                        section)
        keys.create_key_directory()

        if not list((state.data / repository).iterdir()):
            keys.initialize_key_repository()

    strap = bootstrap.Bootstrapper()
    strap.admin_username = strap.project_name = 'admin'
    strap.admin_password = state.secrets()['admin']
    strap.admin_role_name = 'admin'
    strap.region_id = REGION
    strap.bootstrap()
    _Directory(state, provider_api.ProviderAPIs, strap).fill()


class _Directory:
    """Fills Keystone through its own managers, without its API.

    What is there already stays; only the catalogue is always made anew,
    because the ports may have changed.
    """

    def __init__(self, state: undercloud_state.StateDirectory,
                 providers: Any, strap: Any):
        self._state = state
        self._identity = providers.identity_api
        self._resource = providers.resource_api
        self._assignment = providers.assignment_api
        self._catalogue = providers.catalog_api
        self._strap = strap

    def fill(self) -> None:
        """Make roles, services' users, Heat's domain and the catalogue."""
        default = self._strap.default_domain_id

        for name, for_admin in ROLES.items():
            role = self._strap._ensure_role_exists(name)

            if for_admin:
                self._assignment.create_grant(
                    role['id'], user_id=self._strap.admin_user_id,
                    project_id=self._strap.project_id)

        project = self._project('service', default)

        for name in ('heat', 'mistral', 'swift'):
            user = self._user(name, default)

            # Services act for others and validate their tokens.
            for role in (self._strap.admin_role_id,
                         self._strap.service_role_id):
                self._assignment.create_grant(
                    role, user_id=user, project_id=project)

        domain = self._domain(configuration.HEAT_DOMAIN)
        self._assignment.create_grant(
            self._strap.admin_role_id, domain_id=domain,
            user_id=self._user('heat_domain_admin', domain))
        self._fill_catalogue()

    def _domain(self, name: str) -> str:
        """The id of a domain."""
        from keystone import exception

        domain = {'id': uuid.uuid4().hex, 'name': name, 'enabled': True}

        try:
            self._resource.create_domain(domain['id'], domain)
        except exception.Conflict:
            domain = self._resource.get_domain_by_name(name)

        return str(domain['id'])

    def _project(self, name: str, domain: str) -> str:
        """The id of a project."""
        from keystone import exception

        project = {'id': uuid.uuid4().hex, 'name': name, 'enabled': True,
                   'domain_id': domain}

        try:
            self._resource.create_project(project['id'], project)
        except exception.Conflict:
            project = self._resource.get_project_by_name(name, domain)

        return str(project['id'])

    def _user(self, name: str, domain: str) -> str:
        """The id of a user who has the generated password."""
        from keystone import exception

        password = self._state.secrets()[name]

        try:
            user = self._identity.create_user({
                'name': name, 'domain_id': domain, 'enabled': True,
                'password': password})
        except exception.Conflict:
            user = self._identity.get_user_by_name(name, domain)

        return str(user['id'])

    def _fill_catalogue(self) -> None:
        for service in self._catalogue.list_services():
            if service['name'] in CATALOGUE:
                self._catalogue.delete_service(service['id'])

        for name, (kind, path) in CATALOGUE.items():
            identifier = uuid.uuid4().hex
            self._catalogue.create_service(identifier, {
                'id': identifier, 'name': name, 'type': kind,
                'enabled': True})

            for interface in ('public', 'internal', 'admin'):
                endpoint = uuid.uuid4().hex
                self._catalogue.create_endpoint(endpoint, {
                    'id': endpoint, 'interface': interface,
                    'url': self._state.url(name) + path,
                    'service_id': identifier, 'region_id': REGION,
                    'enabled': True})


def heat(state: undercloud_state.StateDirectory) -> None:
    """Heat: schema. The listeners of sqlite.py would leave it empty."""
    from heat.db import migration
    from oslo_config import cfg

    cfg.CONF([], project='heat', prog='heat',
             default_config_files=[str(state.etc / 'heat.conf')])
    migration.db_sync()


def mistral(state: undercloud_state.StateDirectory) -> None:
    """Mistral: schema from its models; its migrations are not SQLite's."""
    import sqlite3

    from mistral import config
    from mistral.db.v2 import api as database

    config.parse_args(['--config-file', str(state.etc / 'mistral.conf')])
    database.setup_db()
    sqlite3.connect(state.data / 'mistral.sqlite').execute(
        'PRAGMA journal_mode = WAL')


def swift(state: undercloud_state.StateDirectory) -> None:
    """Swift: one device, and a ring of one replica for each server."""
    from swift.common.ring import RingBuilder

    for name in ('swift/device', 'swift-recon'):
        (state.data / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    for kind, port in configuration.INNER_SWIFT_PORTS.items():
        builder = RingBuilder(part_power=8, replicas=1, min_part_hours=0)
        builder.add_dev({
            'id': 0, 'region': 1, 'zone': 1, 'weight': 1.0, 'ip': '127.0.0.1',
            'port': port, 'device': 'device', 'replication_ip': '127.0.0.1',
            'replication_port': port})
        builder.rebalance()
        path = state.etc / f'{kind}.ring.gz'
        builder.get_ring().save(str(path))
        # Swift makes its rings readable for everybody.
        path.chmod(0o600)


def main(service: str, path: str) -> None:
    """Prepare one service."""
    os.umask(0o077)
    # The services' configuration would read our arguments as their own.
    sys.argv[1:] = []
    {'keystone': keystone, 'heat': heat, 'mistral': mistral,
     'swift': swift}[service](
        undercloud_state.StateDirectory(pathlib.Path(path)))


if __name__ == '__main__':
    main(*sys.argv[1:])
