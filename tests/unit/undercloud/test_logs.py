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

"""What the logs of an undercloud are called, and what is shown of them."""

import os
import pathlib

import fixtures
import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import logs
from tripleo_workflows.undercloud import node_tree
from tripleo_workflows.undercloud import nodes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision


def write(path: pathlib.Path, text: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

    return path


class LogsTestCase(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root)


class TestListing(LogsTestCase):

    def setUp(self) -> None:
        super().setUp()
        write(self.state.log / 'heat.log', 'one\ntwo\n')
        write(self.state.log / 'swift.log', 'three\n')
        self._node('web-0', agent='four\n', web='five\n')

    def _node(self, name: str, **texts: str) -> None:
        root = node_tree.root_of(self.state, name)
        write(root / 'etc/environment.json',
              f'{{"NODE_NAME": "{name}", "NODE_ADDRESS": "127.1.0.1"}}')

        for program, text in texts.items():
            write(root / f'var/log/{program}.log', text)

    def _states(self, services: dict[str, str], programs: dict[str, str]
                ) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.undercloud.supervision.Supervisor.states',
            lambda supervisor: services))
        self.useFixture(fixtures.MonkeyPatch(
            'tripleo_workflows.undercloud.nodes.programs',
            lambda state, name: programs))

    def test_logs_of_a_stopped_undercloud_can_be_read(self) -> None:
        self.assertFalse(supervision.Supervisor(self.state).is_running())
        self.assertEqual(['heat', 'swift', 'web-0', 'web-0/web'],
                         list(logs.listing(self.state)))

    def test_a_node_alone_is_its_agent(self) -> None:
        for name in ('web-0', 'web-0/agent'):
            path = logs.pick(self.state, name).path
            self.assertEqual('four\n', path.read_text())

    def test_a_node_that_is_called_like_a_service_can_be_told(self) -> None:
        self._node('heat', agent='six\n')
        self.assertEqual('one\ntwo\n',
                         logs.pick(self.state, 'heat').path.read_text())
        self.assertEqual(
            'six\n', logs.pick(self.state, 'heat/agent').path.read_text())

    def test_the_names_that_exist_are_told(self) -> None:
        for name in ('nova', '../secrets', 'web-0/nova'):
            error = self.assertRaises(exceptions.NotFound, logs.pick,
                                      self.state, name)
            self.assertIn('heat, swift, web-0, web-0/web', error.remedy)

    def test_where_nothing_ever_was_the_remedy_is_up(self) -> None:
        other = undercloud_state.StateDirectory(self.state.root / 'other')
        error = self.assertRaises(exceptions.NotFound, logs.listing, other)
        self.assertIn('tripleo-undercloud up', error.remedy)

    def test_where_all_is_well_there_is_a_glimpse_of_each(self) -> None:
        self._states({'heat': 'RUNNING', 'swift': 'STOPPED'},
                     {'agent': 'RUNNING', 'web': 'RUNNING'})
        lines = logs.overview(self.state, 1).splitlines()
        self.assertEqual(['heat', '8', 'running'], lines[1].split())
        self.assertEqual(
            ['== heat', 'two', '', '== swift', 'three', '', '== web-0',
             'four', '', '== web-0/web', 'five'], lines[6:])

    def test_what_ended_badly_is_shown_alone(self) -> None:
        self._states({'heat': 'FATAL', 'swift': 'RUNNING'},
                     {'agent': 'RUNNING', 'web': 'BACKOFF'})
        self.assertEqual(
            ['== heat', 'one', 'two', '', '== web-0/web', 'five'],
            logs.overview(self.state, 9).splitlines()[6:])

    def test_a_node_that_is_down_says_nothing_of_its_programs(self) -> None:
        self.assertEqual({}, nodes.programs(self.state, 'web-0'))


class TestText(LogsTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.path = write(self.state.root / 'a.log', '1\n2\n3\n')

    def test_the_last_lines_are_shown(self) -> None:
        self.assertEqual('2\n3\n', logs.tail(self.path, 2))
        self.assertEqual('1\n2\n3\n', logs.tail(self.path, 9))

    def test_a_log_need_not_be_text(self) -> None:
        self.path.write_bytes(b'a\xff\n')
        self.assertEqual('a\ufffd\n', logs.tail(self.path, 1))

    def test_only_the_end_of_a_huge_log_is_read(self) -> None:
        with self.path.open('w') as stream:
            stream.truncate(1 << 33)
            stream.seek(1 << 33)
            stream.write('\nend\n')

        self.assertEqual('end\n', logs.tail(self.path, 1))

    def test_what_is_added_is_followed(self) -> None:
        texts = logs.follow(self.path, 1)
        self.assertEqual('3\n', next(texts))

        with self.path.open('a') as stream:
            stream.write('4\n')

        self.assertEqual('4\n', next(texts))

    def test_a_letter_in_two_pieces_stays_one(self) -> None:
        texts = logs.follow(self.path, 1)
        next(texts)
        first, second = 'é'.encode()[:1], 'é'.encode()[1:]

        with self.path.open('ab', buffering=0) as stream:
            stream.write(first)
            self.assertEqual('', next(texts))
            stream.write(second)
            self.assertEqual('é', next(texts))

    def test_a_log_that_is_put_aside_is_followed(self) -> None:
        texts = logs.follow(self.path, 1)
        next(texts)
        os.rename(self.path, self.path.with_suffix('.log.1'))
        write(self.path, 'new\n')
        self.assertEqual('new\n', next(text for text in texts if text))

    def test_a_log_that_is_cut_is_followed(self) -> None:
        texts = logs.follow(self.path, 1)
        next(texts)
        write(self.path, 'cut\n')
        self.assertEqual('cut\n', next(text for text in texts if text))
