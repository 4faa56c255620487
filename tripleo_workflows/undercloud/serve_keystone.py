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

"""Keystone under a WSGI server: ``python -m …serve_keystone STATE_DIR``."""

import pathlib
import sys

import waitress

from tripleo_workflows.undercloud import sqlite
from tripleo_workflows.undercloud import state as undercloud_state


def main(state: undercloud_state.StateDirectory) -> None:
    """Serve until terminated."""
    from keystone.server.flask import core

    sqlite.serialise_writers()
    # Keystone's configuration would read our arguments as its own.
    sys.argv[1:] = []
    application = core.initialize_application(
        name='public', config_files=[str(state.etc / 'keystone.conf')])
    # Clients keep connections alive, and the default limit of 100 stalls new
    # ones until old ones are idle for long.
    waitress.serve(application, host='127.0.0.1',
                   port=state.ports()['keystone'], threads=8,
                   connection_limit=1000, channel_timeout=60,
                   asyncore_use_poll=True)


if __name__ == '__main__':
    main(undercloud_state.StateDirectory(pathlib.Path(sys.argv[1])))
