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

"""The services' configuration files."""

import configparser
import io
import os
import pathlib
import pwd
from importlib import metadata
from typing import Any

from tripleo_workflows.undercloud import state as undercloud_state

Sections = dict[str, dict[str, Any]]

#: The domain of the users that Heat makes for agents.
HEAT_DOMAIN = 'heat'
MEBIBYTE = 1024 * 1024
#: What Swift's rings call the servers behind the proxy. Nothing listens on
#: these ports: serve_swift.py puts a Unix socket into each one's place.
INNER_SWIFT_PORTS = {'object': 6200, 'container': 6201, 'account': 6202}

_MEMORY_CACHE = {
    'paste.filter_factory':
        'tripleo_workflows.undercloud.memory_cache:filter_factory'}


def write(state: undercloud_state.StateDirectory) -> None:
    """Write all configuration files into ``etc``."""
    for name, sections in (
            ('keystone', keystone(state)), ('heat', heat(state)),
            ('mistral', mistral(state)),
            ('swift', {'swift-hash': {
                'swift_hash_path_suffix': state.secrets()['swift_hash'],
                'swift_hash_path_prefix': state.secrets()['swift_hash']}}),
            *((f'swift-{name}', sections)
              for name, sections in swift(state).items())):
        undercloud_state.write_private(state.etc / f'{name}.conf',
                                       _text(sections))


def database(state: undercloud_state.StateDirectory, service: str) -> str:
    """URL of a service's database."""
    return f'sqlite:///{state.data}/{service}.sqlite'


def keystone(state: undercloud_state.StateDirectory) -> Sections:
    """Fernet tokens, and hashes that are cheap, for one machine's tests."""
    return {
        'DEFAULT': {'use_stderr': 'true'},
        'database': {'connection': database(state, 'keystone')},
        'token': {'provider': 'fernet', 'expiration': '43200'},
        'fernet_tokens': {'key_repository': state.data / 'fernet'},
        'fernet_receipts': {'key_repository': state.data / 'fernet'},
        'credential': {'key_repository': state.data / 'credential'},
        'cache': {'enabled': 'true', 'backend': 'dogpile.cache.memory'},
        # All secrets are random: their hashes need not be slow. Longer ones
        # than bcrypt looks at would only fill the log with warnings.
        'identity': {'password_hash_rounds': '4',
                     'max_password_length': '72'},
    }


def heat(state: undercloud_state.StateDirectory) -> Sections:
    """API and engine in one process, with room for large templates."""
    secrets = state.secrets()

    return {
        'DEFAULT': {
            'use_stderr': 'true',
            'transport_url': 'fake://',
            'auth_encryption_key': secrets['heat_encryption'],
            'encrypt_parameters_and_properties': 'true',
            # Convergence sleeps a second per resource, and large stacks of
            # templates that only compute gain nothing from it.
            'convergence_engine': 'false',
            'deferred_auth_method': 'trusts',
            'stack_user_domain_name': HEAT_DOMAIN,
            'stack_domain_admin': 'heat_domain_admin',
            'stack_domain_admin_password': secrets['heat_domain_admin'],
            'trusts_delegated_roles': '',
            'default_software_config_transport': 'POLL_TEMP_URL',
            'default_deployment_signal_transport': 'TEMP_URL_SIGNAL',
            'heat_metadata_server_url': state.url('heat'),
            'heat_waitcondition_server_url':
                f'{state.url("heat")}/v1/waitcondition',
            'region_name_for_services': 'RegionOne',
            'max_nested_stack_depth': 10,
            'max_resources_per_stack': -1,
            'max_stacks_per_tenant': -1,
            'max_json_body_size': 40 * MEBIBYTE,
            'max_template_size': 40 * MEBIBYTE,
            'num_engine_workers': 1,
            'hidden_stack_tags': '',
        },
        'database': {'connection': database(state, 'heat')},
        'keystone_authtoken': _authtoken(state, 'heat'),
        # With a project of its own it could not use a trust's.
        'trustee': {key: value for key, value
                    in _password(state, 'heat').items()
                    if not key.startswith('project_')},
        'clients_keystone': {'auth_uri': state.url('keystone')},
        'clients': {'endpoint_type': 'publicURL'},
        'heat_api': {'bind_host': '127.0.0.1',
                     'bind_port': state.ports()['heat']},
        'paste_deploy': {'api_paste_config': _heat_pipeline()},
        'yaql': {'limit_iterators': 10000, 'memory_quota': 9000000},
        'oslo_policy': {'enforce_scope': 'false'},
    }


def mistral(state: undercloud_state.StateDirectory) -> Sections:
    """All of Mistral in one process, as the pack's design wants it."""
    return {
        'DEFAULT': {'use_stderr': 'true', 'transport_url': 'fake://',
                    # The other one looks for joins every few seconds.
                    'scheduler_type': 'default'},
        'database': {'connection': database(state, 'mistral')},
        'keystone_authtoken': _authtoken(state, 'mistral'),
        'keystone': _password(state, 'mistral'),
        'pecan': {'auth_enable': 'true'},
        'api': {'host': '127.0.0.1', 'port': state.ports()['mistral'],
                'validation_mode': 'enabled', 'api_workers': 1},
        'engine': {'execution_field_size_limit_kb': 16384},
        'action_heartbeat': {'check_interval': 2,
                             'max_missed_heartbeats': 8,
                             'first_heartbeat_timeout': 60},
        'scheduler': {'fixed_delay': 5},
        'cron_trigger': {'execution_interval': 10, 'run_in_api': 'false'},
        'tripleo': {'enroll_directory': state.enroll,
                    # At least what node_agent.py gives them.
                    'agent_poll_seconds': 1},
    }


def swift(state: undercloud_state.StateDirectory) -> dict[str, Sections]:
    """Swift's proxy and the servers behind it, by their names."""
    common = {
        'swift_dir': state.etc, 'user': pwd.getpwuid(os.getuid()).pw_name,
        'bind_ip': '127.0.0.1', 'devices': state.data / 'swift',
        'mount_check': 'false', 'workers': 0, 'fallocate_reserve': 0,
        'recon_cache_path': state.data / 'swift-recon',
        'log_level': 'WARNING', 'log_udp_host': '127.0.0.1',
        'log_udp_port': 9,
    }
    daemons: dict[str, Sections] = {
        'container': {'container-updater': {}},
        'object': {'object-updater': {},
                   'object-expirer': {'dequeue_from_legacy': 'true'}}}
    servers: dict[str, Sections] = {}

    for kind, port in INNER_SWIFT_PORTS.items():
        servers[f'{kind}-server'] = {
            'DEFAULT': {**common, 'bind_port': port},
            'pipeline:main': {'pipeline': f'{kind}-server'},
            f'app:{kind}-server': {'use': f'egg:swift#{kind}'},
            **daemons.get(kind, {})}

    servers['proxy-server'] = {
        'DEFAULT': {**common, 'bind_port': state.ports()['swift']},
        'pipeline:main': {'pipeline':
                          'catch_errors gatekeeper healthcheck cache '
                          'container_sync bulk tempurl authtoken '
                          'keystoneauth slo dlo proxy-server'},
        'app:proxy-server': {'use': 'egg:swift#proxy',
                             'account_autocreate': 'true',
                             'allow_account_management': 'true'},
        'filter:cache': _MEMORY_CACHE,
        'filter:tempurl': {'use': 'egg:swift#tempurl',
                           'allowed_digests': 'sha1 sha256 sha512'},
        'filter:authtoken': {
            'paste.filter_factory':
                'keystonemiddleware.auth_token:filter_factory',
            **_authtoken(state, 'swift'), 'delay_auth_decision': 'true',
            'cache': 'swift.cache'},
        'filter:keystoneauth': {
            'use': 'egg:swift#keystoneauth',
            'operator_roles': 'admin, member, heat_stack_user',
            'reseller_prefix': 'AUTH'},
        **{f'filter:{name}': {'use': f'egg:swift#{name}'} for name in (
            'catch_errors', 'gatekeeper', 'healthcheck', 'container_sync',
            'bulk', 'slo', 'dlo')},
    }
    servers['internal-client'] = {
        'DEFAULT': {'swift_dir': state.etc,
                    'user': common['user'], 'log_level': 'WARNING'},
        'pipeline:main': {'pipeline': 'catch_errors cache proxy-server'},
        'app:proxy-server': {'use': 'egg:swift#proxy',
                             'account_autocreate': 'true'},
        'filter:cache': _MEMORY_CACHE,
        'filter:catch_errors': {'use': 'egg:swift#catch_errors'},
    }

    return servers


def _heat_pipeline() -> str:
    """Where pip put the definition of Heat's WSGI pipeline."""
    [found] = [path for path in metadata.files('openstack-heat') or []
               if path.match('etc/heat/api-paste.ini')]

    return str(pathlib.Path(str(found.locate())).resolve())


def _password(state: undercloud_state.StateDirectory, user: str
              ) -> dict[str, Any]:
    return {
        'auth_type': 'password', 'auth_url': f'{state.url("keystone")}/v3',
        'username': user, 'password': state.secrets()[user],
        'project_name': 'service', 'user_domain_name': 'Default',
        'project_domain_name': 'Default',
    }


def _authtoken(state: undercloud_state.StateDirectory, user: str
               ) -> dict[str, Any]:
    return {
        **_password(state, user),
        'www_authenticate_uri': f'{state.url("keystone")}/v3',
        'service_token_roles_required': 'true',
    }


def _text(sections: Sections) -> str:
    parser = configparser.RawConfigParser(default_section='')
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_dict({
        name: {key: str(value) for key, value in options.items()}
        for name, options in sections.items()})
    stream = io.StringIO()
    parser.write(stream)

    return stream.getvalue()
