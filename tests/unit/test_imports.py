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

"""The order of imports that DESIGN.md lays down."""

import ast
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import testtools

import tripleo_workflows

ROOT = pathlib.Path(tripleo_workflows.__file__).parent
#: From top to bottom: a package imports what stands below it.
ORDER = ['actions', 'osc', 'undercloud', 'pack', 'rollout', 'operation',
         'checks', 'deployments', 'stack', 'plan', 'baremetal', 'clients',
         'claims', 'config', 'exceptions']
ENGINE = {'mistral', 'mistral_lib'}
WITH_ENGINE = {'actions', 'pack', 'undercloud'}

# Makes the engine impossible to import, then imports every module named.
BLOCKED = """
import importlib, sys
for name in ('mistral', 'mistral_lib'):
    sys.modules[name] = None
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def modules() -> list[str]:
    """Dotted names of all our modules, packages included."""
    paths = (path.relative_to(ROOT.parent).with_suffix('')
             for path in sorted(ROOT.rglob('*.py')))

    return ['.'.join(path.parts).removesuffix('.__init__') for path in paths]


def part(module: str) -> str:
    """The part of DESIGN.md's list that a module belongs to."""
    return module.split('.')[1] if '.' in module else ''


def imports(module: str) -> Iterator[str]:
    """Dotted names of all that a module imports, wherever in it."""
    path = ROOT.parent.joinpath(*module.split('.'))
    path = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')

    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f'{node.module}.{alias.name}'
                        for alias in node.names)
            assert not node.level, f'{module} has a relative import'


class ImportsTest(testtools.TestCase):
    def test_every_part_is_in_the_design(self) -> None:
        self.assertEqual(
            set(), {part(name) for name in modules()} - {'', *ORDER})

    def test_imports_point_down(self) -> None:
        wrong = [
            f'{module} imports {name}'
            for module in modules() if part(module)
            for name in imports(module)
            if name.startswith('tripleo_workflows.')
            and ORDER.index(part(name)) < ORDER.index(part(module))]

        self.assertEqual([], wrong)

    def test_nothing_else_imports_the_undercloud(self) -> None:
        wrong = [
            f'{module} imports {name}'
            for module in modules() if part(module) != 'undercloud'
            for name in imports(module)
            if name.startswith('tripleo_workflows.undercloud')]

        self.assertEqual([], wrong)

    def test_only_three_packages_import_the_engine(self) -> None:
        wrong = [
            f'{module} imports {name}'
            for module in modules() if part(module) not in WITH_ENGINE
            for name in imports(module) if name.split('.')[0] in ENGINE]

        self.assertEqual([], wrong)

    def test_the_rest_works_without_the_engine(self) -> None:
        names = [module for module in modules()
                 if part(module) not in WITH_ENGINE]
        done = subprocess.run(
            [sys.executable, '-c', BLOCKED, *names],
            capture_output=True, text=True, timeout=60)

        self.assertEqual(0, done.returncode, done.stderr)
