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

"""Reference pages that are made from the code they describe."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tripleo_workflows.pack.lint import checker
from tripleo_workflows.pack.lint import rules


class LintRules(SphinxDirective):
    """The rules that the modules of lint hold, in their order."""

    def run(self) -> list[nodes.Node]:
        lines = []

        for module in checker.MODULES:
            for rule in rules.ALL.values():
                if rule.check.__module__ == module.__name__:
                    lines.append(f'``{rule.name}``')
                    lines.extend(f'    {line}' for line
                                 in rule.description.splitlines())

        return self.parse_text_to_nodes('\n'.join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive('lint-rules', LintRules)

    return {'parallel_read_safe': True}
