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

"""What is asked before a run begins."""

import pathlib
import zipfile

import fixtures
import testtools

from tripleo_workflows.undercloud.ci import preflight


class PreflightTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def _disk_space(self, free, nodes=6, releases=2):
        return list(preflight.disk_space(
            self.root / 'not' / 'yet', nodes, releases, lambda path: free))

    def test_what_is_needed_grows_with_nodes_and_releases(self):
        needed = (preflight.UNDERCLOUD_BYTES
                  + 6 * 2 * preflight.RELEASE_BYTES)

        self.assertEqual([], self._disk_space(needed))
        self.assertEqual(1, len(self._disk_space(needed - 1)))
        self.assertEqual(1, len(self._disk_space(needed, nodes=7)))
        self.assertEqual(1, len(self._disk_space(needed, releases=3)))

    def test_a_full_disk_is_named_with_both_figures(self):
        text = str(self._disk_space(5 * preflight.MEGABYTE)[0])

        self.assertIn(f'{self.root} has 5 MB free', text)
        self.assertIn('needs 3400 MB', text)
        self.assertIn('--state-dir', text)

    def test_the_space_is_asked_of_a_directory_that_exists(self):
        asked = []
        list(preflight.disk_space(self.root / 'not' / 'yet', 1, 1,
                                  lambda path: asked.append(path) or 10**12))

        self.assertEqual([self.root], asked)

    def test_missing_programs_are_named_together(self):
        found = list(preflight.programs(['sh', 'nosuch-a', 'nosuch-b']))

        self.assertEqual(1, len(found))
        self.assertIn('nosuch-a, nosuch-b', str(found[0]))
        self.assertNotIn('sh,', str(found[0]))

    def test_programs_that_are_there_are_no_problem(self):
        self.assertEqual([], list(preflight.programs(['sh'])))

    def test_a_package_that_the_source_lacks_is_named(self):
        self._source('present-1.0')
        lock = self._lock('present==1.0\nabsent-thing==2.0\n')
        text = str(next(preflight.package_source([lock])))

        self.assertIn(str(lock), text)
        self.assertIn('absent-thing', text)
        self.assertIn('UV_INDEX_URL', text)

    def test_packages_that_the_source_has_are_no_problem(self):
        self._source('present-1.0')
        lock = self._lock('present==1.0\n')

        self.assertEqual([], list(preflight.package_source([lock])))

    def test_each_file_is_asked_for(self):
        self._source('present-1.0')
        found = list(preflight.package_source([
            self._lock('present==3.0\n', 'a.txt'),
            self._lock('present==1.0\n', 'b.txt'),
            self.root / 'none.txt']))

        self.assertEqual(2, len(found))
        self.assertIn('a.txt', str(found[0]))
        self.assertIn('none.txt', str(found[1]))

    def test_all_that_is_missing_is_told_at_once(self):
        problems = [*preflight.programs(['nosuch']),
                    *preflight.package_source([self.root / 'none.txt'])]
        lines = str(preflight.failure(problems)).splitlines()

        self.assertEqual(2, len(lines))
        self.assertIn('nosuch', lines[0])
        self.assertIn('none.txt', lines[1])

    def _lock(self, text, name='lock.txt'):
        path = self.root / name
        path.write_text(text)

        return path

    def _source(self, *wheels):
        """Let the package source be a directory with empty wheels."""
        source = self.root / 'source'
        source.mkdir()

        for wheel in wheels:
            name, version = wheel.split('-')
            _write_wheel(source, name, version)

        for variable, value in (
                ('UV_NO_INDEX', '1'), ('UV_FIND_LINKS', str(source)),
                ('UV_CACHE_DIR', str(self.root / 'cache'))):
            self.useFixture(fixtures.EnvironmentVariable(variable, value))


def _write_wheel(directory, name, version):
    folder = f'{name}-{version}.dist-info'

    with zipfile.ZipFile(
            directory / f'{name}-{version}-py3-none-any.whl', 'w') as wheel:
        wheel.writestr(f'{folder}/METADATA',
                       f'Metadata-Version: 2.1\nName: {name}\n'
                       f'Version: {version}\n')
        wheel.writestr(f'{folder}/WHEEL',
                       'Wheel-Version: 1.0\nRoot-Is-Purelib: true\n'
                       'Tag: py3-none-any\n')
        wheel.writestr(f'{folder}/RECORD', '')
