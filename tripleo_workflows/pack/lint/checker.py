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

"""Holding files against the rules."""

import dataclasses
import pathlib
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator

from tripleo_workflows import exceptions
from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.lint import calls
from tripleo_workflows.pack.lint import known
from tripleo_workflows.pack.lint import order
from tripleo_workflows.pack.lint import rules
from tripleo_workflows.pack.lint import shape
from tripleo_workflows.pack.lint import texts

#: The modules that hold rules; importing them lists these.
MODULES = (shape, texts, calls, order)


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """What a rule found; as text, ``file:line: rule message``."""

    path: pathlib.Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: {self.rule} {self.message}'


def check(paths: Iterable[pathlib.Path],
          beside: Iterable[pathlib.Path] = (),
          ignored: Collection[str] = ()) -> list[Finding]:
    """Hold files against all rules.

    :param beside: files that are not checked, whose workflows may be called.
    :param ignored: rules that are left out.
    :raises InvalidInput: a rule that is to be ignored does not exist.
    """
    unknown = set(ignored) - rules.ALL.keys()

    if unknown:
        raise exceptions.InvalidInput(
            f'There is no rule {", ".join(sorted(unknown))}.',
            f'The rules are {", ".join(rules.ALL)}.', field='ignore')

    found: list[Finding] = []
    readable = []
    sound = []

    for path in paths:
        findings, file = _read(path)
        found.extend(findings)
        readable.extend([file] if file else [])
        sound.extend([file] if file and not findings else [])

    names = known.Known([*map(definitions.read, beside), *readable])
    found.extend(finding for file in sound
                 for finding in _workflows(file, names))

    return sorted({finding for finding in found
                   if finding.rule not in ignored})


def _read(path: pathlib.Path
          ) -> tuple[list[Finding], definitions.Definitions | None]:
    """A file and what is wrong with it; none where it is another language."""
    try:
        file = definitions.read(path)
    except exceptions.InvalidInput as error:
        line = int(str(error.where.get('line', 1)))

        return [Finding(path, line, 'language', error.message)], None

    findings = [
        Finding(path, file.line(place), rule.name, message)
        for rule in rules.ALL.values() if rule.of_files
        for place, message in rule.check(file)]
    readable = not any(finding.rule == 'language' for finding in findings)

    return findings, file if readable else None


def _workflows(file: definitions.Definitions, names: known.Known
               ) -> Iterator[Finding]:
    for workflow in file.workflows:
        subject = rules.Subject(workflow, names)

        for rule in rules.ALL.values():
            if not rule.of_files:
                for place, message in rule.check(subject):
                    yield Finding(file.path,
                                  file.line((*workflow.place, *place)),
                                  rule.name, message)
