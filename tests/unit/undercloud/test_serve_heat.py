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

"""What is changed in Heat itself."""

import subprocess
import sys

import testtools

#: More events of one stack than its thread group takes at once.
EVENTS = """\
from oslo_service import backend
backend.init_backend(backend.BackendType.THREADING)
from heat.engine import service
from tripleo_workflows.undercloud import serve_heat
serve_heat._forget_ended_threads(service.ThreadGroup)
group = service.ThreadGroup()
for _ in range(group.max_threads + 1):
    group.add_thread(int).join()
print(len(group.threads))
"""


class TestThreads(testtools.TestCase):

    def test_a_stack_may_have_any_number_of_events(self) -> None:
        # A process of its own: Heat's backend is set for a whole process.
        done = subprocess.run([sys.executable, '-c', EVENTS], text=True,
                              capture_output=True)
        self.assertEqual('0\n', done.stdout, done.stderr)
