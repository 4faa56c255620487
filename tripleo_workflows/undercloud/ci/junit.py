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

"""Cases of a run, and the file in which CI systems read them."""

import contextlib
import dataclasses
import pathlib
import time
import traceback
from collections.abc import Iterator
from collections.abc import Sequence
from xml.etree import ElementTree

from tripleo_workflows import exceptions

PASSED, FAILED = 'passed', 'failed'
#: Of a case that the run did not come to, and of one that had nothing to
#: show in this cloud.
NOT_REACHED, NOTHING = 'not reached', 'nothing'
#: Characters that no XML 1.0 document may hold.
_FORBIDDEN = {code: None for code in range(0x20) if chr(code) not in '\t\n\r'}


class Stopped(Exception):
    """A case failed, and what comes after it cannot be done."""


@dataclasses.dataclass
class Case:
    """Something that a run shows.

    :param text: why it failed and what helps, or why it was skipped.
    """

    name: str
    outcome: str = NOT_REACHED
    seconds: float = 0.0
    text: str = 'The run did not come to it.'

    def has_nothing(self, why: str) -> None:
        """Say that there is nothing in this cloud to show."""
        self.outcome, self.text = NOTHING, why


class Suite:
    """The cases of a run; none is reached yet.

    :param names: of the cases, in their order.
    """

    def __init__(self, name: str, names: Sequence[str]):
        self.name = name
        self.cases = [Case(case) for case in names]

    @property
    def passed(self) -> bool:
        """Whether the run came to all cases, and none failed."""
        return self.count(PASSED, NOTHING) == len(self.cases)

    def count(self, *outcomes: str) -> int:
        """How many cases have one of some outcomes."""
        return sum(case.outcome in outcomes for case in self.cases)

    @contextlib.contextmanager
    def case(self, name: str) -> Iterator[Case]:
        """Time what shows a case; it passes where nothing is raised.

        :raises Stopped: it failed; the error is in the case.
        """
        case = self[name]
        begun = time.monotonic()

        try:
            yield case
        except exceptions.TripleoError as error:
            case.outcome, case.text = FAILED, str(error)
            raise Stopped from error
        except Exception as error:
            case.outcome = FAILED
            case.text = ''.join(traceback.format_exception(error))
            raise Stopped from error
        else:
            if case.outcome != NOTHING:
                case.outcome, case.text = PASSED, ''
        finally:
            case.seconds = time.monotonic() - begun

    def __getitem__(self, name: str) -> Case:
        return next(case for case in self.cases if case.name == name)

    def write(self, path: pathlib.Path) -> None:
        """Write all cases as JUnit XML."""
        root = ElementTree.Element('testsuites')
        suite = ElementTree.SubElement(
            root, 'testsuite', name=self.name, tests=str(len(self.cases)),
            failures=str(self.count(FAILED)), errors='0',
            skipped=str(self.count(NOT_REACHED, NOTHING)),
            time=f'{sum(case.seconds for case in self.cases):.3f}')

        for case in self.cases:
            _add(suite, self.name, case)

        ElementTree.indent(root)
        ElementTree.ElementTree(root).write(
            path, encoding='utf-8', xml_declaration=True)


def _add(suite: ElementTree.Element, name: str, case: Case) -> None:
    element = ElementTree.SubElement(
        suite, 'testcase', classname=name, name=case.name,
        time=f'{case.seconds:.3f}')

    if case.outcome == PASSED:
        return

    text = case.text.translate(_FORBIDDEN)
    first = text.partition('\n')[0]

    if case.outcome == FAILED:
        ElementTree.SubElement(element, 'failure', message=first).text = text
    else:
        ElementTree.SubElement(element, 'skipped', message=first)
