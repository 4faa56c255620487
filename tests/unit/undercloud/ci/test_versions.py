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

"""Which versions of a plan's services serve."""

import pathlib
import shutil
import subprocess
import sys
import threading
import types
from importlib import metadata

import fixtures
import testtools
from yaml import _yaml

from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud.ci import versions

#: Listens where it is told, says so, and ends with its input.
SERVER = """
import socket, sys
{imports}
with socket.create_server(({address!r}, 0)):
    print('listens', flush=True)
    sys.stdin.read()
"""
ADDRESS, OTHER = '127.77.0.1', '127.77.0.2'


class ProcessTest(testtools.TestCase):
    """What real processes are found to serve."""

    def _node(self, name, address):
        return local_nodes.Node(name, address, pathlib.Path('/'), '', None)

    def _serve(self, address, imports='import yaml._yaml',
               program=sys.executable):
        server = subprocess.Popen(
            [program, '-c',
             SERVER.format(imports=imports, address=address)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdin.close)
        self.addCleanup(server.stdout.close)
        self.assertEqual('listens\n', server.stdout.readline())

        return server

    def _look(self, services, address=ADDRESS):
        return versions.Sampler([self._node('a', ADDRESS)], services).look()

    def test_the_packages_of_who_listens_are_told(self):
        self._serve(ADDRESS)

        self.assertEqual(
            {'pyyaml': {'a': [metadata.version('PyYAML')]}},
            self._look(['pyyaml', 'web']))

    def test_a_package_may_be_called_after_openstack(self):
        self._serve(ADDRESS)

        self.assertEqual(
            {'heat': {'a': [metadata.version('openstack-heat')]}},
            self._look(['heat']))

    def test_what_listens_elsewhere_does_not_count(self):
        self._serve(OTHER)
        self.assertEqual({}, self._look(['pyyaml']))

    def test_a_program_without_compiled_modules_is_known_by_its_place(self):
        home = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'venv')
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', home],
                       check=True)
        packages = next(home.glob('lib/python*/site-packages'))
        (packages / 'keystone-29.1.0.dist-info').mkdir()
        (packages / 'keystone-29.1.0.dist-info' / 'METADATA').write_text(
            'Metadata-Version: 2.1\nName: keystone\nVersion: 29.1.0\n')
        self._serve(ADDRESS, '', home / 'bin' / 'python')

        self.assertEqual({'keystone': {'a': ['29.1.0']}},
                         self._look(['keystone']))

    def test_a_process_is_told_by_what_it_loaded_and_not_by_a_link(self):
        """The link is changed beneath it, as a package step does."""
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        link = root / 'current'

        for release in ('1.0', '2.0'):
            _environment(root / release, release)

        link.symlink_to('1.0')
        module = f'{link}/lib/python3/site-packages/module.so'
        self._serve(ADDRESS, f'import ctypes; ctypes.CDLL({module!r})')
        link.unlink()
        link.symlink_to('2.0')

        self.assertEqual({'keystone': {'a': ['1.0']}},
                         self._look(['keystone']))


def _environment(home, release):
    """An environment with a compiled module and a package's metadata."""
    packages = home / 'lib' / 'python3' / 'site-packages'
    folder = packages / f'keystone-{release}.dist-info'
    folder.mkdir(parents=True)
    (folder / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: keystone\nVersion: {release}\n')
    shutil.copy(_yaml.__file__, packages / 'module.so')


class WatchTest(testtools.TestCase):
    """What is kept of many looks."""

    def _watch(self, *samples):
        """Watch something that changes from look to look, to its last."""
        looks = iter(samples)
        over = threading.Event()

        def look():
            sample = next(looks, None)

            if sample is None:
                over.set()

            return sample or samples[-1]

        sampler = types.SimpleNamespace(look=look)

        with versions.Watch(sampler, seconds=0.001) as watch:
            self.assertTrue(over.wait(10))

        return watch

    def test_only_changes_are_kept(self):
        old = {'web': {'a': ['1'], 'b': ['1']}}
        mixed = {'web': {'a': ['2'], 'b': ['1']}}
        new = {'web': {'a': ['2'], 'b': ['2']}}
        watch = self._watch(old, old, mixed, mixed, new)

        self.assertEqual([old, mixed, new], [
            change['versions'] for change in watch.changes])
        self.assertEqual((old, new), (watch.before, watch.after))
        self.assertEqual(['web'], watch.mixed())
        self.assertEqual(['web'], watch.to_dict()['mixed'])

    def test_a_node_that_serves_nothing_for_a_moment_is_not_mixed(self):
        watch = self._watch({'web': {'a': ['1'], 'b': ['1']}},
                            {'web': {'b': ['1']}},
                            {'web': {'a': ['1'], 'b': ['1']}})

        self.assertEqual([], watch.mixed())


class ProblemsTest(testtools.TestCase):
    """What is wrong with versions after an upgrade."""

    OLD = {'keystone': {'a': ['28.1.0'], 'b': ['28.1.0']}}

    def _problems(self, after, old='28.1.0', new='29.1.0'):
        return versions.problems(self.OLD, after, {'keystone': old},
                                 {'keystone': new})

    def test_all_nodes_follow_the_release(self):
        self.assertEqual([], self._problems(
            {'keystone': {'a': ['29.1.0'], 'b': ['29.1.0']}}))

    def test_a_node_that_stayed_behind_is_named(self):
        text, = self._problems(
            {'keystone': {'a': ['29.1.0'], 'b': ['28.1.0']}})

        self.assertIn('29.1.0', text)
        self.assertIn('b 28.1.0', text)

    def test_all_on_the_old_release_are_wrong(self):
        self.assertEqual(1, len(self._problems(self.OLD)))

    def test_an_old_worker_beside_a_new_one_is_wrong(self):
        text, = self._problems(
            {'keystone': {'a': ['28.1.0', '29.1.0'], 'b': ['29.1.0']}})

        self.assertIn('a 28.1.0/29.1.0', text)

    def test_a_service_that_is_gone_is_wrong(self):
        text, = self._problems({})
        self.assertIn('keystone listens on no node', text)

    def test_releases_of_other_names_must_only_agree(self):
        self.assertEqual([], self._problems(
            {'keystone': {'a': ['29.1.0'], 'b': ['29.1.0']}},
            'dalmatian', 'epoxy'))
        self.assertEqual(1, len(self._problems(
            {'keystone': {'a': ['29.1.0'], 'b': ['28.1.0']}},
            'dalmatian', 'epoxy')))

    def test_a_service_that_the_plan_dropped_may_be_gone(self):
        self.assertEqual([], versions.problems(
            self.OLD, {}, {'keystone': '28.1.0'}, {}))
