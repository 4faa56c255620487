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

"""What tox does for this project beyond ``tox.ini``; it loads this file.

It writes down how long each environment took and whether it passed, in
``.tox/times.tsv``: a line per environment with its name, the seconds of its
set-up, the seconds of its commands, and their exit code. And it lets
environments share a directory.
"""

import json
import pathlib
import time
from typing import Any

from tox.plugin import impl

_begun: dict[str, float] = {}
_ready: dict[str, float] = {}


def _table(tox_env: Any) -> pathlib.Path:
    return pathlib.Path(tox_env.core['work_dir'], 'times.tsv')


@impl
def tox_add_env_config(env_conf: Any, state: Any) -> None:
    """Forget the last run, before any environment of this one begins."""
    table = pathlib.Path(state.conf.core['work_dir'], 'times.tsv')
    table.unlink(missing_ok=True)


@impl
def tox_on_install(tox_env: Any, arguments: Any, section: str,
                   of_type: str) -> None:
    """Note when the first installation began."""
    _begun.setdefault(tox_env.name, time.monotonic())


@impl
def tox_before_run_commands(tox_env: Any) -> None:
    """Note when the environment was ready."""
    _ready[tox_env.name] = time.monotonic()


@impl
def tox_after_run_commands(tox_env: Any, exit_code: int,
                           outcomes: Any) -> None:
    """Add the environment's line."""
    now = time.monotonic()
    ready = _ready[tox_env.name]
    begun = _begun.get(tox_env.name, ready)
    line = (tox_env.name, f'{ready - begun:.1f}', f'{now - ready:.1f}',
            str(exit_code))

    with _table(tox_env).open('a') as table:
        table.write('\t'.join(line) + '\n')

    _share(pathlib.Path(tox_env.env_dir, '.tox-info.json'))


def _share(info: pathlib.Path) -> None:
    """Leave a directory to whichever environment comes next.

    tox removes a directory that carries another environment's name. Ours
    have the same packages in it, so the name is taken away. If tox comes to
    keep it elsewhere, directories are made anew, which costs seconds.
    """
    if info.exists():
        content = json.loads(info.read_text())
        content.pop('ToxEnv', None)
        info.write_text(json.dumps(content))
