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

"""Run the functional tests against an undercloud that is made for them.

``python -m tests.functional [stestr's arguments]``. The undercloud lives in
``.tox/undercloud``; its logs stay there until the next run.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import state as undercloud_state

WORK = pathlib.Path('.tox').absolute()
DEMO = WORK / 'demo-cloud'
OURS = WORK / 'undercloud'
#: What says to the tests and their programs which undercloud is theirs.
ENVIRONMENT = {
    'OS_CLIENT_CONFIG_FILE': str(OURS / 'clouds.yaml'),
    'OS_CLOUD': 'undercloud',
    'TRIPLEO_TEST_STATE_DIR': str(OURS)}


def say(line: str) -> None:
    """Print at once, so that it stands before what programs print."""
    print(line, flush=True)


def stop(anew: bool) -> undercloud_state.StateDirectory:
    """Stop what runs, so that an undercloud of the tests can start.

    :param anew: whether what our own one has is removed.
    """
    state = undercloud_state.StateDirectory(OURS)

    if DEMO.exists():
        # Its nodes have the addresses that the tests' nodes need.
        say(f'Stopping what tools/demo left running in {DEMO}')
        embedded.down(undercloud_state.StateDirectory(DEMO))

    embedded.down(state)

    if anew and OURS.exists():
        shutil.rmtree(OURS)

    return state


@contextlib.contextmanager
def undercloud(anew: bool = True) -> Iterator[None]:
    """An undercloud of the tests', which this process and theirs know.

    :param anew: whether it is made anew, or one that was left is started.
    """
    os.umask(0o077)
    state = stop(anew)
    os.environ |= ENVIRONMENT

    try:
        embedded.up(state, {} if state.root.exists() else ports.free(), say)
        yield
    finally:
        embedded.down(state)


def run_tests(directory: str, arguments: list[str]) -> int:
    """Run the tests of a directory one after the other.

    :returns: stestr's exit code.
    """
    return subprocess.run(
        ['stestr', 'run', '--serial', *arguments],
        env={**os.environ, 'OS_TEST_PATH': directory}).returncode


def main(arguments: list[str]) -> int:
    """Run the tests; return stestr's exit code."""
    with undercloud():
        return run_tests('tests/functional', arguments)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
