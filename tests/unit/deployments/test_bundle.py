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


import ast
import json
import pathlib
import subprocess
import sys

import requests
import testtools

from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import node


def tree(source):
    """What a source means, without its docstrings."""
    found = ast.parse(source)

    for part in ast.walk(found):
        if isinstance(part, ast.Module | ast.ClassDef | ast.FunctionDef):
            part.body = [
                each for each in part.body
                if not (isinstance(each, ast.Expr)
                        and isinstance(each.value, ast.Constant))]

    return ast.dump(found)


class BundleTestCase(testtools.TestCase):

    def test_an_agent_that_guesses_reads_what_was_sent(self):
        # Swift names no charset, so the agent's library guesses one. Which
        # parts it looks at depends on how long the whole is.
        for number in range(1, 11):
            texts = [bundle.runner_text({
                'key': {'plan': 'overcloud', 'step': 'start'},
                'payload': 'x' * 97 * number, 'environment': {}})
                for _ in range(number)]
            metadata = {'deployments': [{'config': text} for text in texts]}
            response = requests.Response()
            response._content = json.dumps(metadata).encode()

            self.assertEqual('ascii', response.apparent_encoding)
            self.assertEqual(metadata, json.loads(response.text))

    def test_it_is_the_code_of_its_modules(self):
        done = subprocess.run([sys.executable, '-', 'source'], text=True,
                              input=bundle.runner_text({}), check=True,
                              capture_output=True)
        directory = pathlib.Path(node.__file__).parent
        sources = [(directory / f'{name}.py').read_text()
                   for name in bundle.MODULES]

        self.assertEqual(tree('\n\n'.join(sources)), tree(done.stdout))
        self.assertNotIn('#    Licensed', done.stdout)

    def test_it_is_small(self):
        # A node's metadata hold all its deployments.
        self.assertLess(len(bundle.runner_text({})), 20 * 1024)
