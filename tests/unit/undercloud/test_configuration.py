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
import pathlib
import stat

import fixtures
import testtools

from tripleo_workflows.undercloud import configuration
from tripleo_workflows.undercloud import state as undercloud_state


class ConfigurationTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root / 'state')
        self.state.make()
        self.state.remember_ports({'keystone': 15000, 'swift': 18080})
        configuration.write(self.state)

    def _read(self, name: str) -> configparser.RawConfigParser:
        found = configparser.RawConfigParser(default_section='')
        found.read(self.state.etc / f'{name}.conf')

        return found

    def test_files_are_private(self) -> None:
        files = list(self.state.etc.iterdir())
        self.assertIn(self.state.etc / 'mistral.conf', files)
        self.assertEqual({0o600}, {stat.S_IMODE(path.stat().st_mode)
                                   for path in files})

    def test_mistral_is_as_the_design_wants_it(self) -> None:
        found = self._read('mistral')
        self.assertEqual(
            {'check_interval': '2', 'max_missed_heartbeats': '8',
             'first_heartbeat_timeout': '60'},
            dict(found['action_heartbeat']))
        self.assertEqual('enabled', found['api']['validation_mode'])
        self.assertEqual('16384',
                         found['engine']['execution_field_size_limit_kb'])
        self.assertEqual('true', found['pecan']['auth_enable'])
        self.assertEqual('false', found['cron_trigger']['run_in_api'])
        self.assertEqual(str(self.state.enroll),
                         found['tripleo']['enroll_directory'])

    def test_heat_takes_the_real_templates(self) -> None:
        found = self._read('heat')
        self.assertEqual('false', found['DEFAULT']['convergence_engine'])
        self.assertEqual('-1', found['DEFAULT']['max_resources_per_stack'])
        self.assertEqual('10', found['DEFAULT']['max_nested_stack_depth'])
        self.assertEqual(str(40 * 1024 * 1024),
                         found['DEFAULT']['max_json_body_size'])
        self.assertEqual('trusts', found['DEFAULT']['deferred_auth_method'])
        self.assertNotIn('reauthentication_auth_method', found['DEFAULT'])
        self.assertTrue(pathlib.Path(
            found['paste_deploy']['api_paste_config']).is_file())

    def test_heats_trustee_has_no_project_of_its_own(self) -> None:
        self.assertEqual([], [name for name in self._read('heat')['trustee']
                              if name.startswith('project')])

    def test_services_log_in_at_the_remembered_port(self) -> None:
        for name, section in (('heat', 'keystone_authtoken'),
                              ('mistral', 'keystone_authtoken'),
                              ('mistral', 'keystone'),
                              ('swift-proxy-server', 'filter:authtoken')):
            self.assertEqual('http://127.0.0.1:15000/v3',
                             self._read(name)[section]['auth_url'])

    def test_nothing_listens_beyond_loopback(self) -> None:
        self.assertEqual('127.0.0.1', self._read('heat')['heat_api'][
            'bind_host'])
        self.assertEqual('127.0.0.1', self._read('mistral')['api']['host'])

        for kind in ('account', 'container', 'object', 'proxy'):
            self.assertEqual('127.0.0.1', self._read(
                f'swift-{kind}-server')['DEFAULT']['bind_ip'])

    def test_swift_takes_the_digests_of_old_and_new_clients(self) -> None:
        proxy = self._read('swift-proxy-server')
        self.assertEqual('sha1 sha256 sha512',
                         proxy['filter:tempurl']['allowed_digests'])
        self.assertEqual('18080', proxy['DEFAULT']['bind_port'])

    def test_every_filter_of_swift_is_defined(self) -> None:
        for name in ('proxy-server', 'internal-client', 'object-server'):
            found = self._read(f'swift-{name}')
            *filters, application = found['pipeline:main'][
                'pipeline'].split()
            self.assertTrue(found.has_section(f'app:{application}'))

            for filter_name in filters:
                self.assertTrue(found.has_section(f'filter:{filter_name}'))
