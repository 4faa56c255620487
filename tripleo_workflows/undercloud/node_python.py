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

"""The Python of local nodes: it has our packages, and starts quickly.

A delivery starts Python six times. What packages of ours have run whenever
Python starts (namespace packages, this one where it is editable) takes more
than twice as long as the start itself. So nodes have an environment of their
own, which names our directories of packages and runs nothing of them.
"""

import pathlib
import sys
import venv

from tripleo_workflows.undercloud import state as undercloud_state

#: Names of the directories that Python packages are installed in.
PACKAGES = ('site-packages', 'dist-packages')


def environment_of(state: undercloud_state.StateDirectory) -> pathlib.Path:
    """The Python environment that the nodes share."""
    return state.root / 'nodes' / '.python'


def interpreter_of(state: undercloud_state.StateDirectory) -> pathlib.Path:
    """The program that runs the Python of the nodes."""
    return environment_of(state) / 'bin' / 'python3'


def provide(state: undercloud_state.StateDirectory) -> None:
    """Make the environment, unless it is there already."""
    place = environment_of(state)
    version = f'python{sys.version_info.major}.{sys.version_info.minor}'
    names = place / 'lib' / version / 'site-packages' / 'undercloud.pth'
    text = ''.join(f'{path}\n' for path in sys.path
                   if pathlib.Path(path).name in PACKAGES)

    if names.exists() and names.read_text() == text:
        return

    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    venv.EnvBuilder(symlinks=True).create(place)
    # A directory that is named here is searched, but its own .pth files are
    # not read.
    names.write_text(text)
