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
import testtools
import yaml

from tripleo_workflows import exceptions
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import fernet
from tripleo_workflows.plan import passwords

PLACE = '/etc/keystone/fernet-keys'


def load(*numbers, **sections):
    """A plan environment with keys of these numbers."""
    files = {f'{PLACE}/{number}': {'content': f'hidden-{number}'}
             for number in numbers}

    return environment.load({'plan-environment.yaml': yaml.safe_dump({
        'version': 1.0, 'passwords': {fernet.KEYS: files}, **sections})})


def stored(changed):
    """What an environment is after it was written and read again."""
    return environment.load(
        {'plan-environment.yaml': environment.dump(changed)})


class RotateTest(testtools.TestCase):

    def test_the_staged_key_becomes_the_primary_one(self):
        before = load(0, 1)

        after, rotation = fernet.rotate(before, None, 'one')
        keys = fernet.keys(after)

        self.assertEqual({'primary': f'{PLACE}/2', 'staged': f'{PLACE}/0',
                          'purged': []}, rotation)
        self.assertEqual({0, 1, 2}, keys.keys())
        self.assertEqual(('hidden-1', 'hidden-0'), (keys[1], keys[2]))
        self.assertEqual(fernet.keys(load(0, 1)), fernet.keys(before))

    def test_the_staged_key_is_a_new_one_each_time(self):
        after, made = load(0, 1), set()

        for number in range(4):
            after, _ = fernet.rotate(after, 3, str(number))
            made.add(fernet.keys(after)[0])

        self.assertEqual(4, len(made))
        self.assertEqual({len(passwords.fernet_key())}, set(map(len, made)))

    def test_nodes_that_have_the_new_set_and_others_open_all_tokens(self):
        before = load(0, 1)

        for number in range(6):
            after, _ = fernet.rotate(before, 3, str(number))
            old, new = fernet.keys(before), fernet.keys(after)

            self.assertIn(new[max(new)], old.values())
            self.assertIn(old[max(old)], new.values())
            before = after

    def test_the_oldest_are_purged_beyond_the_number_of_keys(self):
        for most, purged in ((None, [1, 3]), (5, [1, 3]), ('4', [1, 3, 4]),
                             (1, [1, 3, 4, 6]), (6, [1]), (9, [])):
            after, rotation = fernet.rotate(load(0, 1, 3, 4, 6, 9), most,
                                            'one')

            self.assertEqual([f'{PLACE}/{number}' for number in purged],
                             rotation['purged'])
            self.assertEqual({0, 1, 3, 4, 6, 9, 10} - {*purged},
                             fernet.keys(after).keys())

    def test_a_request_that_comes_twice_changes_nothing_again(self):
        first, rotation = fernet.rotate(load(0, 1), None, 'one')
        other, _ = fernet.rotate(first, None, 'two')

        self.assertEqual((stored(other), rotation), fernet.rotate(
            stored(other), None, 'one'))

    def test_a_rotation_of_passwords_has_requests_of_its_own(self):
        before, _ = passwords.rotate(load(0, 1), [], 'one')

        after, _ = fernet.rotate(before, None, 'one')

        self.assertEqual({0, 1, 2}, fernet.keys(after).keys())

    def test_names_have_no_key_in_them(self):
        _, rotation = fernet.rotate(load(0, 1), None, 'one')

        self.assertNotIn('hidden', str(rotation))


class RefusalTest(testtools.TestCase):

    def refused(self, given, most=None):
        error = self.assertRaises(exceptions.InvalidInput, fernet.rotate,
                                  given, most, 'one')
        self.assertNotIn('hidden', str(error))

        return error

    def test_keys_that_the_plan_sets_itself(self):
        error = self.refused(load(0, 1, parameter_defaults={
            fernet.KEYS: {f'{PLACE}/0': {'content': 'hidden'}}}))

        self.assertIn('parameter_defaults', error.message)

    def test_a_plan_without_keys(self):
        error = self.refused(environment.load(
            {'plan-environment.yaml': 'version: 1.0'}))

        self.assertIn('generate_passwords', error.remedy)

    def test_what_is_no_set_of_keys(self):
        for keys in ('hidden', ['hidden'], {}, {'/a/0': 'hidden'},
                     {'/a/1': {'content': 'hidden'}},
                     {'/a/-1': {'content': 'hidden'},
                      '/a/0': {'content': 'hidden'}},
                     {'/a/zero': {'content': 'hidden'}}):
            self.assertIn('numbers from 0 on', self.refused(
                load(passwords={fernet.KEYS: keys})).message)

    def test_a_number_of_keys_that_is_none(self):
        error = self.refused(load(0, 1), 'many')

        self.assertEqual(fernet.MOST, error.where['parameter'])
