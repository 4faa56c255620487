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

"""All of Swift in one process: ``python -m …serve_swift STATE_DIR``.

Only the proxy listens on a port. The servers behind it ask nobody who he is,
so they have Unix sockets in the state directory, where others have no way.
"""

import eventlet

eventlet.monkey_patch()

# What is imported above this line would keep the unpatched modules.
import os  # noqa: E402
import pathlib  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from typing import Any  # noqa: E402

from tripleo_workflows.undercloud import configuration  # noqa: E402
from tripleo_workflows.undercloud import state as undercloud_state  # noqa

BACKLOG = 1024


def main(state: undercloud_state.StateDirectory) -> None:
    """Serve until terminated."""
    from swift.common import utils
    from swift.common import wsgi
    from swift.common.storage_policy import reload_storage_policies

    # From now on all of its loggers write to the console, too.
    utils.get_logger({'log_level': 'WARNING'}, log_to_console=True)
    utils.SWIFT_CONF_FILE = str(state.etc / 'swift.conf')
    utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = None
    utils.validate_hash_conf()
    reload_storage_policies()
    _connect_by_sockets(state)
    threads = []

    for kind in ('account', 'container', 'object', 'proxy'):
        conf, _, _ = wsgi._initrp(
            str(state.etc / f'swift-{kind}-server.conf'), f'{kind}-server')
        listener = (wsgi.get_socket(conf) if kind == 'proxy'
                    else _listen(state, kind))
        threads.append(eventlet.spawn(_serve, conf, kind, listener))

    for daemon, seconds in _daemons(state):
        threads.append(eventlet.spawn(_repeat, daemon, seconds))

    # The end of any of them is the end of all: the supervisor starts anew.
    for thread in threads:
        thread.link(lambda ended: os._exit(1))

    eventlet.sleep(float('inf'))


def _connect_by_sockets(state: undercloud_state.StateDirectory) -> None:
    """Turn Swift's connections to its inner servers to their sockets."""
    from swift.common import bufferedhttp

    connection = bufferedhttp.BufferedHTTPConnection
    connect_by_port = connection.connect
    paths = {port: _socket_path(state, kind) for kind, port
             in configuration.INNER_SWIFT_PORTS.items()}

    def connect(self: Any) -> None:
        if self.port not in paths:
            connect_by_port(self)
            return

        self._connected_time = time.time()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(paths[self.port])

    connection.connect = connect


def _listen(state: undercloud_state.StateDirectory, kind: str) -> Any:
    path = pathlib.Path(_socket_path(state, kind))
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(BACKLOG)

    return listener


def _socket_path(state: undercloud_state.StateDirectory, kind: str) -> str:
    return str(state.socket_named(f'swift-{kind}'))


def _serve(conf: dict[str, Any], kind: str, listener: Any) -> None:
    # Swift's own run_server makes a new event hub for each server, in which
    # the greenlets of the others never wake up again.
    from eventlet import wsgi as eventlet_wsgi
    from swift.common import utils
    from swift.common import wsgi
    from swift.common.http_protocol import SwiftHttpProtocol

    # Eventlet warns of what Swift needs.
    warnings.filterwarnings('ignore', 'capitalize_response_headers')
    eventlet_wsgi.server(
        listener,
        wsgi.loadapp(conf['__file__'], global_conf={'log_name': kind}),
        utils.NullLogger(), protocol=SwiftHttpProtocol, socket_timeout=60,
        capitalize_response_headers=False, debug=False)


def _repeat(daemon: Any, seconds: float) -> None:
    """Sweep for ever, with pauses of so many seconds."""
    while True:
        eventlet.sleep(seconds)

        try:
            daemon.run_once()
        # Whatever a sweep met, the next one may find it gone; Swift's own
        # loops have the same.
        except (Exception, eventlet.Timeout):
            daemon.logger.exception('A sweep failed')


def _daemons(state: undercloud_state.StateDirectory
             ) -> list[tuple[Any, float]]:
    """What works off in the background what requests left to do."""
    from swift.common import utils
    from swift.container import updater as container_updater
    from swift.obj import expirer
    from swift.obj import updater

    class InProcessUpdater(updater.ObjectUpdater):  # type: ignore[misc]
        """Sweeps in this process, where the original forks per device."""

        def _process_devices(self, devices: list[str]) -> None:
            for device in devices:
                self.object_sweep(os.path.join(self.devices, device))

    def options(kind: str, section: str) -> dict[str, Any]:
        found: dict[str, Any] = utils.readconf(
            str(state.etc / f'swift-{kind}-server.conf'), section)

        return found

    expiring = {**options('object', 'object-expirer'),
                'internal_client_conf_path': str(
                    state.etc / 'swift-internal-client.conf')}

    return [
        (InProcessUpdater(options('object', 'object-updater')), 30),
        # It tells accounts of their containers, without which the expirer
        # would not find its own.
        (container_updater.ContainerUpdater(
            options('container', 'container-updater')), 30),
        (expirer.ObjectExpirer(expiring), 60)]


if __name__ == '__main__':
    main(undercloud_state.StateDirectory(pathlib.Path(sys.argv[1])))
