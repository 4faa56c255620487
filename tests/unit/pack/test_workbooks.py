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

"""The workbooks against Mistral's language and our actions."""

import importlib.metadata
import inspect

import testtools
import yaml
from mistral.lang import parser

from tripleo_workflows.pack import workbooks


class WorkbooksTestCase(testtools.TestCase):

    def tasks(self):
        for name, text in workbooks.load().items():
            workbook = yaml.safe_load(text)

            for workflow, content in workbook['workflows'].items():
                for task, specification in content['tasks'].items():
                    yield f'{name}.{workflow} {task}', specification

    def test_mistral_accepts_them(self):
        for name, text in workbooks.load().items():
            specification = parser.get_workbook_spec_from_yaml(
                text, validate=True)
            self.assertEqual(name, specification.get_name())

    def test_each_workflow_says_what_it_does_and_returns(self):
        for name, text in workbooks.load().items():
            for workflow, content in yaml.safe_load(text)[
                    'workflows'].items():
                for key in ('description', 'output', 'output-on-error'):
                    self.assertIn(key, content, f'{name}.{workflow}')

                for given in content['input']:
                    given = given if isinstance(given, str) else next(
                        iter(given))
                    self.assertIn(given, content['description'],
                                  f'{name}.{workflow}')

    def test_tasks_give_actions_the_inputs_that_they_take(self):
        known = {entry.name: entry for entry
                 in importlib.metadata.entry_points(group='mistral.actions')}

        for place, task in self.tasks():
            if 'action' not in task or task['action'] == 'std.noop':
                continue

            self.assertIn(task['action'], known, place)
            signature = inspect.signature(known[task['action']].load())
            signature.bind(**task['input'])

    def test_nothing_is_retried_by_the_engine(self):
        # A retry after a lost action runs without token and project.
        for place, task in self.tasks():
            self.assertNotIn('retry', task, place)

    def test_workflows_called_by_name_exist(self):
        names = {f'{name}.{workflow}'
                 for name, text in workbooks.load().items()
                 for workflow in yaml.safe_load(text)['workflows']}

        for place, task in self.tasks():
            called = task.get('workflow', '<%')

            if not called.startswith('<%'):
                book = place.split()[0].rpartition('.')[0]
                self.assertTrue({called, f'{book}.{called}'} & names, place)
