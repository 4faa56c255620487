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

"""Mistral in one process: ``python -m …serve_mistral STATE_DIR``."""

import pathlib
import signal
import sys

from oslo_service import backend

from tripleo_workflows.undercloud import sqlite
from tripleo_workflows.undercloud import state as undercloud_state

#: Connections that may wait to be taken; cheroot resets what exceeds them.
BACKLOG = 128


def main(state: undercloud_state.StateDirectory) -> None:
    """Serve until terminated."""
    backend.init_backend(backend.BackendType.THREADING)

    from cheroot import wsgi
    from mistral import config
    from mistral.api import app
    from mistral.engine import engine_server
    from mistral.executors import executor_server
    from mistral.rpc import base as rpc
    from mistral.services import periodic_server
    from oslo_config import cfg
    from oslo_log import log

    from tripleo_workflows.undercloud import transport

    sqlite.serialise_writers()
    transport.wake_on_delivery()
    sys.argv[1:] = []
    config.parse_args(['--config-file', str(state.etc / 'mistral.conf')])
    log.setup(cfg.CONF, 'mistral')
    rpc.get_transport()
    services = [engine_server.get_oslo_service(setup_profiler=False),
                executor_server.get_oslo_service(setup_profiler=False),
                periodic_server.get_oslo_service()]

    for service in services:
        service.start()

    server = wsgi.Server(
        ('127.0.0.1', state.ports()['mistral']), app.setup_app(),
        numthreads=16, request_queue_size=BACKLOG)
    # What runs here is resumed from the database, so TERM waits for nothing.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server.safe_start()


if __name__ == '__main__':
    main(undercloud_state.StateDirectory(pathlib.Path(sys.argv[1])))
