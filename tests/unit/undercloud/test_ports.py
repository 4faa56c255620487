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


"""Which ports are refused, and who listens where."""

import os
import socket

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import ports


class PortsTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(self.listener.close)
        self.port: int = self.listener.getsockname()[1]

    def test_a_taken_port_is_refused(self) -> None:
        error = self.assertRaises(exceptions.Conflict, ports.refuse_taken,
                                  {'heat': self.port})

        for text in (str(self.port), 'heat', '--heat-port'):
            self.assertIn(text, str(error))

    def test_a_port_that_is_taken_on_all_addresses_is_refused(self) -> None:
        with socket.create_server(('', 0)) as listener:
            self.assertRaises(exceptions.Conflict, ports.refuse_taken,
                              {'heat': listener.getsockname()[1]})

    def test_a_free_port_is_not_refused(self) -> None:
        self.listener.close()
        ports.refuse_taken({'heat': self.port})

    def test_ports_are_proposed_on_which_nobody_listens(self) -> None:
        taken = ports.free()['heat']

        with socket.create_server(('127.0.0.1', taken)):
            found = ports.free()

        self.assertNotIn(taken, found.values())
        ports.refuse_taken(found)

    def test_two_services_cannot_share_a_port(self) -> None:
        self.listener.close()
        error = self.assertRaises(
            exceptions.InvalidInput, ports.refuse_taken,
            {'heat': self.port, 'swift': self.port})
        self.assertIn('heat and swift', str(error))

    def test_what_is_no_port_is_refused(self) -> None:
        error = self.assertRaises(exceptions.InvalidInput,
                                  ports.refuse_taken, {'swift': 70000})
        self.assertIn('--swift-port', str(error))

    def test_listeners_are_those_of_the_process(self) -> None:
        self.assertIn(f'0100007F:{self.port:04X}',
                      ports.listeners(os.getpid()))
        self.listener.close()
        self.assertNotIn(f'0100007F:{self.port:04X}',
                         ports.listeners(os.getpid()))
