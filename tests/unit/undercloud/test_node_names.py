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

"""Names and addresses of local nodes."""

import testtools

from tripleo_workflows import exceptions
from tripleo_workflows.undercloud import node_names


class TestNames(testtools.TestCase):

    def test_labels_of_host_names_are_taken(self) -> None:
        for name in ('a', '0', 'controller-0', 'x' * 63, 'a--b'):
            self.assertEqual(name, node_names.check_name(name))

    def test_other_names_are_refused_with_the_rule(self) -> None:
        for name in ('', '-a', 'a-', 'a.b', 'A', 'a b', 'a/b', '..', 'ä',
                     'x' * 64, 'a\n', 'a_b'):
            error = self.assertRaises(exceptions.InvalidInput,
                                      node_names.check_name, name)
            self.assertEqual('NAME', error.where['field'])
            self.assertIn('host name', error.message)


class TestAddresses(testtools.TestCase):

    def test_the_first_free_address_is_given(self) -> None:
        self.assertEqual('127.1.0.1',
                         node_names.next_address('127.1.0.0/24', []))
        self.assertEqual('127.1.0.2', node_names.next_address(
            '127.1.0.0/24', ['127.1.0.3', '127.1.0.1']))

    def test_addresses_of_other_subnets_do_not_count(self) -> None:
        self.assertEqual('127.1.9.1', node_names.next_address(
            '127.1.9.0/24', ['127.1.0.1']))

    def test_a_full_subnet_is_said(self) -> None:
        full = [f'127.1.0.{number}' for number in range(1, 255)]
        error = self.assertRaises(
            exceptions.InvalidInput, node_names.next_address,
            '127.1.0.0/24', full)
        self.assertIn('Every address', error.message)

    def test_nodes_listen_on_loopback_only(self) -> None:
        for subnet in ('10.0.0.0/24', '127.1.0.0/16', '127.1.0.1/24', 'x'):
            error = self.assertRaises(exceptions.InvalidInput,
                                      node_names.check_subnet, subnet)
            self.assertEqual('--subnet', error.where['field'])
