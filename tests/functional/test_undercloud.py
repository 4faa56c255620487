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


"""The services of a running undercloud.

``TRIPLEO_TEST_STATE_DIR`` names its state directory.
"""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import fixtures
import testtools
from keystoneauth1 import session as keystone_session

from tests import waiting
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import readiness
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision

#: How long a service may take to come back, on a machine that is busy.
READY_SECONDS = 60.0
COMMAND = str(pathlib.Path(sys.executable).with_name('tripleo-undercloud'))
WORKFLOWS = {'endpoint_filter': {'service_type': 'workflowv2'}}
WORKFLOW = """
version: '2.0'
functional_wait:
  tasks:
    wait:
      action: std.async_noop
"""
JOINS = """
version: '2.0'
functional_joins:
  tasks:
    begin: {action: std.noop, on-success: [first, second, third]}
    first: {join: all, action: std.noop, on-success: [second]}
    second: {join: all, action: std.noop, on-success: [third]}
    third: {join: all, action: std.noop}
"""
#: Less than one of Mistral's schedulers takes from one join to the next.
JOINS_SECONDS = 4.0


class UndercloudTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.state = undercloud_state.StateDirectory(
            pathlib.Path(os.environ['TRIPLEO_TEST_STATE_DIR']))
        self.supervisor = supervision.Supervisor(self.state)

    def _pids(self) -> dict[str, int | None]:
        return {service: self.supervisor.pid(service)
                for service in undercloud_state.SERVICES}

    def _execute(self, session: keystone_session.Session, name: str,
                 definition: str) -> str:
        """Start a workflow, which goes with the test; the execution's id."""
        session.post('/workflows', data=definition,
                     headers={'Content-Type': 'text/plain'}, **WORKFLOWS)
        self.addCleanup(session.delete, f'/workflows/{name}', **WORKFLOWS)
        execution: str = session.post(
            '/executions', json={'workflow_name': name},
            **WORKFLOWS).json()['id']
        self.addCleanup(session.delete,
                        f'/executions/{execution}?force=true', **WORKFLOWS)

        return execution

    def _state(self, session: keystone_session.Session, execution: str) -> str:
        state: str = session.get(f'/executions/{execution}', **WORKFLOWS
                                 ).json()['state']

        return state

    def _run(self, *arguments: str, state: pathlib.Path | None = None,
             environment: dict[str, str] | None = None
             ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments, '--state-dir',
             str(state or self.state.root)],
            text=True, capture_output=True, timeout=120,
            env={**os.environ, **(environment or {})})


class ServicesTest(UndercloudTest):

    def test_up_again_changes_nothing(self) -> None:
        before = self._pids()
        # Even where it is called from elsewhere.
        done = self._run('up', environment={'OS_TOKEN': 'x', 'LANG': 'C'})

        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('openstack stack list', done.stdout)
        self.assertEqual(before, self._pids())

    def test_other_ports_are_refused_while_it_runs(self) -> None:
        before = self._pids()
        done = self._run('up', '--heat-port', '1')

        self.assertEqual(1, done.returncode)
        self.assertIn('tripleo-undercloud down', done.stderr)
        self.assertEqual(before, self._pids())

    def test_status_shows_what_answers(self) -> None:
        done = self._run('status')

        self.assertEqual(0, done.returncode, done.stdout)

        for service, pid in self._pids().items():
            [line] = [line for line in done.stdout.splitlines()
                      if line.startswith(service)]
            self.assertIn(str(pid), line)
            self.assertIn(self.state.url(service), line)

    def test_logs_shows_what_a_service_wrote(self) -> None:
        done = self._run('logs', 'mistral', '--lines', '2')
        written = (self.state.log / 'mistral.log').read_text()

        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(2, len(done.stdout.splitlines()))
        self.assertIn(done.stdout, written)

        done = self._run('logs')
        self.assertEqual(0, done.returncode, done.stderr)

        for service in undercloud_state.SERVICES:
            [line] = [line for line in done.stdout.splitlines()
                      if line.startswith(f'{service} ')]
            self.assertIn('running', line)

    def test_an_unknown_log_is_answered_with_those_there_are(self) -> None:
        done = self._run('logs', 'nova')
        self.assertEqual(1, done.returncode)
        self.assertIn('keystone', done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()))

    def test_only_the_four_ports_listen_and_only_on_loopback(self) -> None:
        pids = [*self._pids().values(), self.supervisor.supervisor_pid()]
        listeners = set[str]()

        for pid in pids:
            assert pid is not None
            listeners |= ports.listeners(pid)

        self.assertEqual(
            {f'0100007F:{port:04X}' for port in self.state.ports().values()},
            listeners)

    def test_everything_is_for_its_owner_only(self) -> None:
        public = []

        for directory, directories, files in os.walk(self.state.root):
            # Nodes have rules of their own.
            if pathlib.Path(directory) == self.state.root:
                directories[:] = set(directories) - {'nodes'}

            for name in ['', *files]:
                path = pathlib.Path(directory, name)

                # Databases come and go.
                if path.exists() and path.lstat().st_mode & 0o077:
                    public.append(path)

        self.assertEqual([], public)

    def test_no_secret_is_in_a_command_line_or_log(self) -> None:
        secrets = self.state.secrets().values()
        texts = {path.name: path.read_text(errors='replace')
                 for path in self.state.log.glob('*.log*')}

        for service, pid in self._pids().items():
            texts[f'command line of {service}'] = pathlib.Path(
                f'/proc/{pid}/cmdline').read_text()

        self.assertEqual([], [name for name, text in texts.items()
                              if any(secret in text for secret in secrets)])


class ClientsTest(UndercloudTest):

    def test_the_openstack_command_works_with_env(self) -> None:
        openstack = shlex.quote(
            str(pathlib.Path(sys.executable).with_name('openstack')))
        env = shlex.join([COMMAND, 'env', '--state-dir',
                          str(self.state.root)])
        running = {
            arguments: subprocess.Popen(
                ['sh', '-c', f'eval "$({env})" && exec {openstack} '
                             f'{arguments} -f json'],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, 'OS_CLOUD': 'another'})
            for arguments in ('stack list', 'workflow list',
                              'object store account show',
                              'catalog list')}
        answers = {}

        for arguments, process in running.items():
            output, errors = process.communicate(timeout=120)
            self.assertEqual(0, process.returncode, errors)
            answers[arguments] = json.loads(output)

        self.assertIn('Containers', answers['object store account show'])
        self.assertEqual(
            {('keystone', 'identity'), ('heat', 'orchestration'),
             ('mistral', 'workflowv2'), ('swift', 'object-store')},
            {(row['Name'], row['Type'])
             for row in answers['catalog list']})


class SchedulerTest(UndercloudTest):

    def test_joins_go_on_at_once(self) -> None:
        session = readiness.session(self.state)
        begun = time.monotonic()
        execution = self._execute(session, 'functional_joins', JOINS)
        waiting.wait_for(lambda: self._state(session, execution) == 'SUCCESS')
        self.assertLess(time.monotonic() - begun, JOINS_SECONDS)


class RefusalTest(UndercloudTest):

    def test_a_taken_port_is_refused_before_anything_starts(self) -> None:
        other = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'new')
        port = self.state.ports()['keystone']
        done = self._run('up', '--keystone-port', str(port), state=other)

        self.assertEqual(1, done.returncode)
        self.assertIn(str(port), done.stderr)
        self.assertIn('keystone', done.stderr)
        self.assertIn('--keystone-port', done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()))
        self.assertFalse(list((other / 'data').iterdir()))
        self.assertFalse((other / 'supervisord.pid').exists())


class KillTest(UndercloudTest):

    def test_killed_services_come_back_with_what_they_had(self) -> None:
        session = readiness.session(self.state)
        container = {'endpoint_filter': {'service_type': 'object-store'}}
        session.put('/functional', **container)
        session.put('/functional/object', data=b'kept', **container)
        self.addCleanup(session.delete, '/functional', **container)
        self.addCleanup(session.delete, '/functional/object', **container)
        execution = self._execute(session, 'functional_wait', WORKFLOW)
        self._kill_all()

        # The token of before is still good, and so is all that it reaches.
        self.assertEqual(
            b'kept', session.get('/functional/object', **container).content)
        self.assertEqual('RUNNING', self._state(session, execution))

    def _kill_all(self) -> None:
        before = self._pids()

        for pid in before.values():
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

        deadline = time.monotonic() + READY_SECONDS

        for service in undercloud_state.SERVICES:
            while (self.supervisor.pid(service) in (None, before[service])
                   or not readiness.is_ready(self.state, service)):
                if time.monotonic() > deadline:
                    raise AssertionError(f'{service} did not come back')

                time.sleep(0.1)
