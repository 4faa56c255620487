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

"""Heat in one process: ``python -m …serve_heat STATE_DIR``."""

import pathlib
import sys
import time
from typing import Any

from oslo_service import backend

from tripleo_workflows.undercloud import sqlite
from tripleo_workflows.undercloud import state as undercloud_state

#: Heat sleeps whole seconds between the steps of a task.
LONGEST_SLEEP = 0.05


def main(state: undercloud_state.StateDirectory) -> None:
    """Serve until terminated."""
    backend.init_backend(backend.BackendType.THREADING)

    import waitress
    from heat.common import config
    from heat.common import messaging
    from heat.engine import scheduler
    from heat.engine import service
    from heat.engine import template
    from heat.rpc import api as rpc_api
    from oslo_config import cfg
    from oslo_log import log

    from tripleo_workflows.undercloud import transport

    sqlite.serialise_writers()
    transport.wake_on_delivery()
    sys.argv[1:] = []
    log.register_options(cfg.CONF)
    cfg.CONF([], project='heat', prog='heat-api',
             default_config_files=[str(state.etc / 'heat.conf')])
    log.setup(cfg.CONF, 'heat')
    config.set_config_defaults()
    messaging.setup()
    config.startup_sanity_check()
    template._get_template_extension_manager()

    def sleep(self: Any, wait_time: float | None) -> None:
        if wait_time is not None:
            time.sleep(min(wait_time, LONGEST_SLEEP))

    scheduler.TaskRunner._sleep = sleep
    _forget_ended_threads(service.ThreadGroup)
    engine = service.EngineService(cfg.CONF.host, rpc_api.ENGINE_TOPIC)
    engine.start()
    waitress.serve(config.load_paste_app('heat-api'), host='127.0.0.1',
                   port=state.ports()['heat'], threads=16,
                   connection_limit=1000, channel_timeout=60,
                   asyncore_use_poll=True,
                   max_request_body_size=cfg.CONF.max_json_body_size)


def _forget_ended_threads(group: Any) -> None:
    """Let a stack have more events than a group may have threads.

    Heat 27 dispatches each event of a stack in a thread of the stack's group
    and leaves it there when it has ended. The group is full after 1000, and
    the stack then stays IN_PROGRESS for ever.
    """
    add = group.add_thread

    def add_and_forget(self: Any, *arguments: Any, **keywords: Any) -> Any:
        thread = add(self, *arguments, **keywords)
        thread.link(self.thread_done)

        return thread

    group.add_thread = add_and_forget


if __name__ == '__main__':
    main(undercloud_state.StateDirectory(pathlib.Path(sys.argv[1])))
