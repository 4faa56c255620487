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

"""What an agent makes of the file that enrols its node."""

import json
import pathlib
import stat

import fixtures
import testtools
from oslo_config import cfg

from tripleo_workflows.undercloud import node_agent

REQUEST = {'collectors': ['request', 'local'],
           'request': {'metadata_url': 'http://127.0.0.1:8/v1?sig=a$b'}}
HEAT = {'auth_url': 'http://127.0.0.1:5000/v3', 'user_id': 'u',
        'password': 'pa$$word', 'project_id': 'p', 'stack_id': 's/1',
        'resource_name': 'server', 'region_name': None}


class TestSections(testtools.TestCase):

    def test_collectors_that_need_the_host_are_left_out(self) -> None:
        self.assertEqual({'request': REQUEST['request']},
                         node_agent.sections(REQUEST))

    def test_the_metadata_as_a_whole_will_do(self) -> None:
        self.assertEqual(
            {'request': REQUEST['request']},
            node_agent.sections({'os-collect-config': REQUEST,
                                 'deployments': []}))

    def test_options_without_a_value_are_left_out(self) -> None:
        found = node_agent.sections({'heat': HEAT})
        self.assertEqual({'heat'}, set(found))
        self.assertNotIn('region_name', found['heat'])

    def test_what_configures_no_agent_is_refused(self) -> None:
        for document in (None, [], {}, {'request': {}},
                         {'request': {'metadata_url': None}},
                         {'heat': {**HEAT, 'password': ''}},
                         {'request': {'metadata_url': 'a\n[DEFAULT]'}}):
            self.assertRaises(node_agent.Unusable, node_agent.sections,
                              document)


class TestConfiguration(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def _read(self, document: object) -> cfg.ConfigOpts:
        """Read what is written as os-collect-config reads it."""
        path = self.root / 'agent.conf'
        path.write_text(node_agent.configuration(
            self.root, node_agent.sections(document)))
        conf = cfg.ConfigOpts()
        conf.register_opts([
            cfg.StrOpt('command'), cfg.StrOpt('cachedir'),
            cfg.StrOpt('backup-cachedir'), cfg.FloatOpt('polling-interval'),
            cfg.MultiStrOpt('collectors')])
        conf.register_opts([cfg.URIOpt('metadata-url')], 'request')
        conf.register_opts([cfg.StrOpt('password'), cfg.StrOpt('user-id')],
                           'heat')
        conf(['--config-file', str(path)], project='test')

        return conf

    def test_nothing_is_outside_the_root(self) -> None:
        conf = self._read(REQUEST)
        self.assertIn(f'--lockfile {self.root}/', conf.command)

        for path in (conf.cachedir, conf.backup_cachedir):
            self.assertTrue(path.startswith(f'{self.root}/'), path)

    def test_what_a_kill_may_have_torn_is_forgotten(self) -> None:
        cache = pathlib.Path(self._read(REQUEST).cachedir)
        cache.mkdir(parents=True)

        for name in ('request.json', 'request.json.last'):
            (cache / name).write_text('')

        node_agent.forget_last(self.root)
        self.assertEqual(['request.json'],
                         [path.name for path in cache.iterdir()])

    def test_secrets_arrive_as_they_are(self) -> None:
        conf = self._read({**REQUEST, 'heat': HEAT})
        self.assertEqual(['request', 'heat'], conf.collectors)
        self.assertEqual('http://127.0.0.1:8/v1?sig=a$b',
                         conf.request.metadata_url)
        self.assertEqual('pa$$word', conf.heat.password)
        self.assertEqual('u', conf.heat.user_id)

    def test_hooks_and_their_files_are_in_the_root(self) -> None:
        for path in node_agent.environment(self.root).values():
            self.assertTrue(path.startswith(f'{self.root}/'), path)


class TestEnrolment(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.root / 'etc').mkdir()
        self.path = self.root / 'node.json'
        self.output = self.useFixture(fixtures.StringStream('out')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stdout', self.output))
        self.enrolment = node_agent.Enrolment(self.root, self.path)

    def _said(self) -> str:
        self.output.seek(0)

        return str(self.output.read())

    def test_a_node_without_a_file_waits(self) -> None:
        self.assertFalse(self.enrolment.take())

    def test_the_file_is_taken_and_nobody_else_reads_it(self) -> None:
        self.path.write_text(json.dumps(REQUEST))
        self.assertTrue(self.enrolment.take())
        self.assertFalse(self.path.exists())

        for name in (node_agent.ENROLLED, node_agent.CONFIGURATION):
            mode = stat.S_IMODE((self.root / name).stat().st_mode)
            self.assertEqual(0o600, mode, name)

    def test_an_enrolled_node_stays_so(self) -> None:
        self.path.write_text(json.dumps(REQUEST))
        self.enrolment.take()
        again = node_agent.Enrolment(self.root, self.path)
        self.assertTrue(again.take())
        self.assertIsNone(again.pending())

    def test_a_later_file_replaces_the_first(self) -> None:
        for url in ('http://127.0.0.1:8/first', 'http://127.0.0.1:8/second'):
            self.path.write_text(json.dumps(
                {'request': {'metadata_url': url}}))
            self.enrolment.take()

        text = (self.root / node_agent.CONFIGURATION).read_text()
        self.assertIn('/second', text)
        self.assertNotIn('/first', text)

    def test_a_torn_file_is_left_until_it_is_whole(self) -> None:
        whole = json.dumps(REQUEST)
        self.path.write_text(whole[:-20])
        self.assertFalse(self.enrolment.take())
        self.assertFalse(self.enrolment.take())
        self.assertEqual(1, self._said().count('cannot be used'))
        self.assertNotIn('sig=', self._said())
        self.path.write_text(whole)
        self.assertTrue(self.enrolment.take())
