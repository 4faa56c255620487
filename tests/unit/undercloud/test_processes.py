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


"""Processes found through ``/proc``."""

import os
import pathlib
import socket
import subprocess
import sys

import testtools

from tripleo_workflows.undercloud import processes

LISTENING = """
import signal, socket, sys, threading
listener = socket.create_server(('127.0.0.1', 0))
for _ in range(50):
    threading.Thread(target=signal.pause, daemon=True).start()
ballast = bytearray(2 ** 27)
print(listener.getsockname()[1], flush=True)
signal.pause()
"""
STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
signal.pause()
"""


class ProcessesTest(testtools.TestCase):

    def _start(self, mark: str, program: str = STUBBORN
               ) -> subprocess.Popen[bytes]:
        """Start a program, and wait for its first line."""
        process = subprocess.Popen(
            [sys.executable, '-c', program], stdout=subprocess.PIPE,
            env={processes.MARK: mark})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        self.line = process.stdout.readline()

        return process

    def test_they_are_told_by_their_mark(self) -> None:
        one = self._start('/state/one')
        self._start('/state/one-more')
        self.assertEqual([one.pid],
                         processes.marked(pathlib.Path('/state/one')))

    def test_those_that_do_not_heed_term_are_killed(self) -> None:
        process = self._start('/state/stubborn')
        self.patch(processes, 'GRACE_SECONDS', 0.1)
        self.assertEqual(
            1, processes.end_marked(pathlib.Path('/state/stubborn')))
        self.assertEqual(-9, process.wait())

    def test_those_that_were_ended_have_no_ports(self) -> None:
        self._start('/state/listening', LISTENING)
        processes.end_marked(pathlib.Path('/state/listening'))

        with socket.socket() as probe:
            probe.bind(('127.0.0.1', int(self.line)))

    def test_a_zombie_is_not_alive(self) -> None:
        process = self._start('/state/zombie')
        self.assertTrue(processes.is_alive(process.pid))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertFalse(processes.is_alive(process.pid))

    def test_what_a_process_uses(self) -> None:
        self.assertGreater(processes.resident_bytes(os.getpid()), 2 ** 20)
        self.assertGreater(processes.cpu_seconds(os.getpid()), 0)
        self.assertEqual(0, processes.resident_bytes(2 ** 22 + 1))
