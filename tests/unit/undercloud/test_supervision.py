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


"""A supervisor of real processes, without the services."""

import os
import pathlib
import signal
import sys

import fixtures
import testtools

from tests import waiting
from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import processes
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

WAIT = ['sleep', '3600']


class SupervisorTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.state = undercloud_state.StateDirectory(root / 'state')
        self.supervisor = supervision.Supervisor(self.state)
        self.useFixture(fixtures.EnvironmentVariable('OS_PASSWORD', 'x'))
        # Nothing here has anything to say when it ends.
        self.patch(processes, 'GRACE_SECONDS', 0.0)
        self.addCleanup(processes.end_marked, self.state.root)
        self.supervisor.start()

    def _pid(self, name: str) -> int:
        waiting.wait_for(lambda: self.supervisor.pid(name))
        found = self.supervisor.pid(name)
        assert found is not None

        return found

    def test_programs_come_and_go(self) -> None:
        self.supervisor.add('one', WAIT)
        self.supervisor.add('two', WAIT)
        one, two = self._pid('one'), self._pid('two')
        self.assertEqual({'one', 'two'}, set(self.supervisor.states()))

        self.supervisor.remove('one')
        self.assertFalse(processes.is_alive(one))
        self.assertEqual({'two'}, set(self.supervisor.states()))
        self.assertEqual(two, self.supervisor.pid('two'))

        self.supervisor.stop()
        self.assertFalse(processes.is_alive(two))
        self.assertFalse(self.supervisor.is_running())
        self.assertEqual([], processes.marked(self.state.root))

    def test_a_killed_program_comes_back(self) -> None:
        self.supervisor.add('one', WAIT)
        before = self._pid('one')
        os.kill(before, signal.SIGKILL)
        waiting.wait_for(
            lambda: self.supervisor.pid('one') not in (None, before))

    def test_adding_again_restarts_only_what_changed(self) -> None:
        self.supervisor.add('one', WAIT)
        before = self._pid('one')
        self.supervisor.add('one', WAIT)
        self.assertEqual(before, self.supervisor.pid('one'))
        self.supervisor.add('one', ['sleep', '7200'])
        waiting.wait_for(
            lambda: self.supervisor.pid('one') not in (None, before))

    def test_starting_twice_is_starting_once(self) -> None:
        before = self.supervisor.supervisor_pid()
        self.supervisor.start()
        self.assertEqual(before, self.supervisor.supervisor_pid())

    def test_a_restarted_supervisor_starts_what_it_knew(self) -> None:
        self.supervisor.add('one', WAIT)
        self.supervisor.stop()
        self.supervisor.start()
        self.assertTrue(self._pid('one'))

    def test_programs_get_their_own_variables_and_no_credentials(
            self) -> None:
        value = 'a "b" %(c)s, d=e'
        self.supervisor.add('one', WAIT, {'VALUE': value})
        waiting.wait_for(lambda: self.supervisor.states()['one'] == 'RUNNING')
        found = dict(
            line.split('=', 1) for line in pathlib.Path(
                f'/proc/{self._pid("one")}/environ').read_text().split('\0')
            if line)
        self.assertEqual(value, found['VALUE'])
        self.assertNotIn('OS_PASSWORD', found)

    def test_what_a_killed_supervisor_left_behind_is_found(self) -> None:
        self.supervisor.add('one', WAIT)
        one = self._pid('one')
        supervisor = self.supervisor.supervisor_pid()
        assert supervisor is not None
        os.kill(supervisor, signal.SIGKILL)
        waiting.wait_for(lambda: not processes.is_alive(supervisor))

        waiting.wait_for(lambda: processes.marked(self.state.root) == [one])
        self.assertEqual(1, processes.end_marked(self.state.root))
        self.assertFalse(processes.is_alive(one))

    def test_unknown_programs_are_named(self) -> None:
        error = self.assertRaises(exceptions.NotFound, self.supervisor.pid,
                                  'nova')
        self.assertIn('nova', str(error))

    def test_the_control_socket_is_private(self) -> None:
        self.assertEqual(0o600, self.state.socket.stat().st_mode & 0o777)

    def test_a_service_that_dies_shows_the_end_of_its_log(self) -> None:
        self.state.remember_ports({'keystone': 1})
        self.supervisor.add('keystone', [
            sys.executable, '-c',
            'import time; time.sleep(0.1); raise SystemExit("it broke")'])
        error = self.assertRaises(
            exceptions.ServiceUnavailable, readiness.wait, self.state,
            self.supervisor, 'keystone', 20)
        self.assertIn('keystone died', str(error))
        self.assertIn('it broke', str(error))
        self.assertIn('keystone.log', str(error))

    def test_a_service_that_does_not_answer_is_not_waited_for(self) -> None:
        self.state.remember_ports({'heat': 1, 'keystone': 1})
        self.supervisor.add('heat', WAIT)
        error = self.assertRaises(
            exceptions.ServiceUnavailable, readiness.wait, self.state,
            self.supervisor, 'heat', 0)
        self.assertIn('heat did not answer', str(error))


class StoppedTest(testtools.TestCase):

    def test_without_a_supervisor_the_remedy_is_up(self) -> None:
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        supervisor = supervision.Supervisor(
            undercloud_state.StateDirectory(root))
        self.assertFalse(supervisor.is_running())
        supervisor.stop()
        error = self.assertRaises(exceptions.ServiceUnavailable,
                                  supervisor.states)
        self.assertIn(f'tripleo-undercloud up --state-dir {root}',
                      str(error))
