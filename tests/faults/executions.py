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

"""Executions that only live, to hold locks in tests."""

import contextlib
import uuid

from mistralclient.api import base as mistral_base

#: It stays RUNNING: its only task begins after an hour.
WAIT = """
version: '2.0'
{name}:
  description: Lives until it is cancelled; made by a test.
  tasks:
    wait:
      action: std.noop
      wait-before: 3600
"""


class Executions:
    """Makes executions that live, and removes them with the workflow."""

    def __init__(self, mistral):
        self._mistral = mistral
        self._made = []
        self._name = f'test.wait.{uuid.uuid4().hex}'
        mistral.workflows.create(WAIT.format(name=self._name))

    def start(self, count):
        """Ids of some new executions."""
        ids = [self._mistral.executions.create(self._name).id
               for _ in range(count)]
        self._made += ids

        return ids

    def end(self, execution_id, state='CANCELLED'):
        """End an execution that lives."""
        self._mistral.executions.update(execution_id, state)

    def remove(self):
        """Remove all that was made."""
        for execution_id in self._made:
            with contextlib.suppress(mistral_base.APIException):
                self._mistral.executions.delete(execution_id, force=True)

        self._mistral.workflows.delete(self._name)
