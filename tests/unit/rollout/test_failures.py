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

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import failures


class FailuresTestCase(testtools.TestCase):

    def told(self, **known):
        return failures.of_node({'fence': 4, **known}, service='web',
                                node='node-1')

    def test_each_way_to_fail_names_place_and_remedy(self):
        for known, kind, words in (
                ({'status': 'failed', 'status_code': 3,
                  'output': 'no such package\n'}, exceptions.StepFailed,
                 'ended with 3. Its output ends: "no such package".'),
                ({'status': 'failed', 'status_code': 124, 'timed_out': True},
                 exceptions.StepFailed, 'exceeded its time limit'),
                ({'status': 'interrupted'}, exceptions.StepFailed,
                 'is not known'),
                ({'status': 'aborted'}, exceptions.StepFailed, 'was aborted'),
                ({'status': 'failed', 'error': 'No journal.'},
                 exceptions.StepFailed, 'failed: No journal.'),
                ({'status': 'unreachable'}, exceptions.DeadlineExceeded,
                 'os-collect-config'),
                ({'status': 'refused', 'fence_seen': 7},
                 exceptions.FenceLost, 'has seen fence 7 and refuses 4')):
            error = self.told(**known)
            self.assertIsInstance(error, kind)
            self.assertIn(words, str(error))
            self.assertTrue(error.remedy)
            self.assertTrue(str(error).endswith(
                '[service=web, node=node-1]'))

    def test_all_nodes_are_named(self):
        known = {f'node-{number:02}': {'status': 'interrupted', 'fence': 1}
                 for number in range(30)}
        error = failures.of_nodes(known, service='web')
        text = str(error)

        self.assertIsInstance(error, exceptions.StepFailed)
        self.assertIn('Not done either: node-01 (interrupted), ', text)
        self.assertIn('node-20 (interrupted) and 9 more.', text)
        self.assertTrue(text.endswith('[service=web, node=node-00]'))
