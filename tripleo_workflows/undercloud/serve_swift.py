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

"""All of Swift in one process: ``python -m …serve_swift STATE_DIR``."""

import eventlet

eventlet.monkey_patch()

# What is imported above this line would keep the unpatched modules.
import os  # noqa: E402
import pathlib  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

from tripleo_workflows.undercloud import state as undercloud_state  # noqa


def main(state: undercloud_state.StateDirectory) -> None:
    """Serve until terminated."""
    from swift.common import utils
    from swift.common import wsgi
    from swift.common.storage_policy import reload_storage_policies
    from swift.obj import expirer

    utils.SWIFT_CONF_FILE = str(state.etc / 'swift.conf')
    utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = None
    utils.validate_hash_conf()
    reload_storage_policies()
    threads = []

    for kind in ('account', 'container', 'object', 'proxy'):
        conf, _, _ = wsgi._initrp(
            str(state.etc / f'swift-{kind}-server.conf'), f'{kind}-server')
        threads.append(eventlet.spawn(_serve, conf, kind))

    path = str(state.etc / 'swift-object-server.conf')
    threads.append(eventlet.spawn(
        _updater(utils.readconf(path, 'object-updater')).run_forever))
    conf = utils.readconf(path, 'object-expirer')
    conf['internal_client_conf_path'] = str(
        state.etc / 'swift-internal-client.conf')
    threads.append(eventlet.spawn(
        expirer.ObjectExpirer(conf).run_forever))

    # The end of any of them is the end of all: the supervisor starts anew.
    for thread in threads:
        thread.link(lambda ended: os._exit(1))

    eventlet.sleep(float('inf'))


def _serve(conf: dict[str, Any], kind: str) -> None:
    # Swift's own run_server makes a new event hub for each server, in which
    # the greenlets of the others never wake up again.
    from eventlet import wsgi as eventlet_wsgi
    from swift.common import utils
    from swift.common import wsgi
    from swift.common.http_protocol import SwiftHttpProtocol

    eventlet_wsgi.server(
        wsgi.get_socket(conf),
        wsgi.loadapp(conf['__file__'], global_conf={'log_name': kind}),
        utils.NullLogger(), protocol=SwiftHttpProtocol,
        socket_timeout=60, capitalize_response_headers=False)


def _updater(conf: dict[str, Any]) -> Any:
    from swift.obj import updater

    class InProcessUpdater(updater.ObjectUpdater):  # type: ignore[misc]
        """Sweeps in this process, where the original forks per device."""

        def _process_devices(self, devices: list[str]) -> None:
            for device in devices:
                self.object_sweep(os.path.join(self.devices, device))

    return InProcessUpdater(conf)


if __name__ == '__main__':
    main(undercloud_state.StateDirectory(pathlib.Path(sys.argv[1])))
