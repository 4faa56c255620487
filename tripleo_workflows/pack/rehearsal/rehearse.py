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

"""Files of rehearsals, run one after the other and told about."""

import pathlib
import textwrap
from collections.abc import Iterable

from tripleo_workflows.pack.rehearsal import cases
from tripleo_workflows.pack.rehearsal import coverage
from tripleo_workflows.pack.rehearsal import stage


def rehearse(paths: Iterable[pathlib.Path], beside: Iterable[pathlib.Path],
             full: bool = False) -> bool:
    """Run all cases of files, and print what came of them.

    :param beside: files whose workflows exist, whatever the cases name.
    :param full: whether all there is must be covered.
    :returns: whether something is wrong.
    :raises InvalidInput: a file cannot be read, or Mistral not read it.
    """
    files = [cases.load(path) for path in paths]
    needed = {path.resolve(): path for path in
              [*beside, *(book for file in files for book in file.workbooks)]}
    played = stage.Stage(needed.values())
    seen = coverage.Coverage()
    named: set[str] = set()
    failed = passed = 0

    for case in (case for file in files for case in file.cases):
        named.add(case.workflow)
        verdict = played.run(case)
        failed += bool(verdict.problems)
        passed += not verdict.problems
        _tell(verdict)

        if verdict.execution:
            seen.add(verdict.execution, case.workflows)

    rows = seen.rows(played.workflows, named, played.engine.taken)
    print('Covered:', *rows, sep='\n')
    print(f' - Passed: {passed}\n - Failed: {failed}')

    return bool(failed) or (full and not all(row.is_full for row in rows))


def _tell(verdict: stage.Verdict) -> None:
    print(f'{"FAIL" if verdict.problems else "ok":5}'
          f'{verdict.case.file.name}: {verdict.case.name} '
          f'({verdict.seconds:.1f} s)')

    for problem in verdict.problems:
        print(textwrap.indent(problem, ' ' * 5))
