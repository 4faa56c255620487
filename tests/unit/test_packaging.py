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

"""What a user gets from ``pip install``."""

import pathlib
import shutil
import subprocess
import sys
import zipfile

import fixtures
import testtools

ROOT = pathlib.Path(__file__).parents[2]
#: What the repository holds that no wheel is built from.
ELSEWHERE = shutil.ignore_patterns(
    '.*', 'build', 'dist', 'doc', 'tests', '*.egg-info', '__pycache__')


class WheelTest(testtools.TestCase):
    def test_it_holds_the_workbooks_and_finds_them(self) -> None:
        workbooks = {path.name: path.read_bytes()
                     for path in (ROOT / 'workbooks').iterdir()}
        self.assertNotEqual({}, workbooks)

        wheel = self.build()
        packed = {path.rpartition('/')[2]
                  for path in zipfile.ZipFile(wheel).namelist()
                  if '/share/tripleo-workflows/workbooks/' in path}
        self.assertEqual(set(workbooks), packed)

        found = self.install_and_ask(wheel)
        self.assertEqual(workbooks, {
            path.name: path.read_bytes() for path in found.iterdir()})

    def build(self) -> pathlib.Path:
        """Build a wheel from a copy, so that the repository stays clean."""
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        source = top / 'source'
        shutil.copytree(ROOT, source, ignore=ELSEWHERE)
        self.useFixture(fixtures.EnvironmentVariable('PBR_VERSION', '1.2.3'))
        self.run_python('-m', 'pip', 'wheel', '--quiet', '--no-deps',
                        '--no-index', '--no-build-isolation',
                        '--wheel-dir', str(top), str(source))
        [wheel] = top.glob('*.whl')

        return wheel

    def install_and_ask(self, wheel: pathlib.Path) -> pathlib.Path:
        """Install into an environment of its own, and ask the code there.

        Its dependencies are those of the environment that runs the tests.
        """
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.run_python('-m', 'venv', '--without-pip', str(top))
        python = str(top / 'bin' / 'python')
        self.run_python('-m', 'pip', '--python', python, 'install',
                        '--quiet', '--no-deps', '--no-index', str(wheel))
        [packages] = [path for path in sys.path
                      if path.startswith(sys.prefix)
                      and path.endswith('site-packages')]
        # A plain path entry adds the dependencies without their .pth
        # files, which would bring the repository itself.
        answer = subprocess.run(
            [python, '-c',
             'import sys; sys.path.append(sys.argv[1])\n'
             'from tripleo_workflows.pack import workbooks\n'
             'print(workbooks.directory())', packages],
            check=True, cwd=top, capture_output=True, text=True)
        found = pathlib.Path(answer.stdout.strip())
        self.assertTrue(found.is_relative_to(top), found)

        return found

    def run_python(self, *arguments: str) -> None:
        """Run this environment's Python, and show what it says on failure."""
        done = subprocess.run([sys.executable, *arguments],
                              capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
