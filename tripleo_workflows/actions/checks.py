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

"""Actions that ask checks."""

from typing import Any

from tripleo_workflows.actions import base
from tripleo_workflows.checks import runner


class Run(base.Action):
    """Ask checks from the undercloud.

    Input: ``checks``, a list of ``{name, http: {…}}`` or ``{name, tcp:
    {…}}``; ``facts``, values of the variables that they use, by name. Returns
    ``passed``, whether none failed or broke; ``result``, the worst code;
    ``results``, as many as fit, the worst first; ``left_out``, how many did
    not. A check that fails does not make the action fail: a workflow decides
    by ``passed``.
    """

    def __init__(self, checks: list[dict[str, Any]],
                 facts: dict[str, str] | None = None):
        self.checks = checks
        self.facts = facts

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return runner.summary(runner.run_all(self.checks, self.facts or {}))
