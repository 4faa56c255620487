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

"""Checks that a person decided may fail."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from typing import Protocol

from tripleo_workflows.checks import contract


class Decision(Protocol):
    """Who decided something, when and why."""

    @property
    def person(self) -> str: ...

    @property
    def when(self) -> str: ...

    @property
    def reason(self) -> str: ...


def apply(results: Iterable[contract.CheckResult],
          waived: Callable[[str], Decision | None]
          ) -> list[contract.CheckResult]:
    """Mark failures that were waived; they are no failures any more.

    :param waived: gives the decision about a result's name, if there is one.
    :returns: the results in their order. One that was waived keeps its code
        and details, and says in ``waived`` who decided, when and why.
    """
    return [_marked(result, waived(result.name)) if result.is_failure
            else result for result in results]


def _marked(result: contract.CheckResult, decision: Decision | None
            ) -> contract.CheckResult:
    if decision is None:
        return result

    return dataclasses.replace(result, waived={
        'person': decision.person, 'when': decision.when,
        'reason': decision.reason})
