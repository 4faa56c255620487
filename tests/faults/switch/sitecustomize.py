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

"""The switch: holds a worker at one exact point between two requests.

Python imports this by its name where its directory is on ``PYTHONPATH``. In
Mistral's process, and in the harness's own workers, it wraps the calls of
the clients; everywhere else it does nothing. ``armed.json`` in the switch's
directory says at which point the next worker is held; it becomes
``reached.json`` there, and the worker waits for a file named ``go``. See
``tests/faults/switches.py``, the harness's side of it.
"""

import json
import os
import pathlib
import sys
import time

#: Names of the directory, for workers that the harness starts itself.
VARIABLE = 'TRIPLEO_SWITCH'
MISTRAL = 'tripleo_workflows.undercloud.serve_mistral'
#: A worker whose harness has died goes on after this time.
HELD_SECONDS = 60.0


def directory():
    """Where the switch's files lie, None where there is no switch."""
    if VARIABLE in os.environ:
        return pathlib.Path(os.environ[VARIABLE])

    if MISTRAL in sys.orig_argv:
        return pathlib.Path(sys.orig_argv[-1]) / 'switch'

    return None


class Switch:
    """Holds whoever reaches the point that is armed.

    :param place: the directory of its files.
    """

    def __init__(self, place):
        self._place = place
        # The names of configs, by id: they say what a deployment carries.
        self._configs = {}

    def _armed(self):
        try:
            return json.loads((self._place / 'armed.json').read_text())
        except (FileNotFoundError, ValueError):
            return None

    def pass_by(self, point, matches):
        """Go on at once, unless this is the point that is armed.

        :param matches: whether an armed point is about this request.
        """
        armed = self._armed()

        if not armed or armed['point'] != point or not matches(armed):
            return

        try:
            # Of several threads that are here, one is held.
            os.rename(self._place / 'armed.json',
                      self._place / 'reached.json')
        except FileNotFoundError:
            return

        deadline = time.monotonic() + HELD_SECONDS

        while (not (self._place / 'go').exists()
               and time.monotonic() < deadline):
            time.sleep(0.02)

    def install(self):
        """Wrap the calls of the clients."""
        import swiftclient.client
        from heatclient.v1 import software_configs
        from heatclient.v1 import software_deployments

        put_object = swiftclient.client.Connection.put_object
        create_config = software_configs.SoftwareConfigManager.create
        create = software_deployments.SoftwareDeploymentManager.create

        def put(connection, container, name, contents, *args, **keywords):
            def matches(armed):
                return is_written(armed, name, contents)

            self.pass_by('before write', matches)
            answer = put_object(connection, container, name, contents, *args,
                                **keywords)
            self.pass_by('after write', matches)

            return answer

        def remember(manager, **keywords):
            config = create_config(manager, **keywords)
            self._configs[config.id] = keywords.get('name', '')

            return config

        def deploy(manager, **keywords):
            name = self._configs.pop(keywords.get('config_id'), '')

            def matches(armed):
                return is_sent(armed, name)

            self.pass_by('before dispatch', matches)
            deployment = create(manager, **keywords)
            self.pass_by('after dispatch', matches)

            return deployment

        swiftclient.client.Connection.put_object = put
        software_configs.SoftwareConfigManager.create = remember
        software_deployments.SoftwareDeploymentManager.create = deploy


def is_written(armed, name, contents):
    """Whether a record says that the armed step has the armed status."""
    if not name.endswith(f'/{armed["batch"]}.json'):
        return False

    nodes = json.loads(contents).get(armed['step'], {}).get('nodes', {})

    return bool(nodes) and all(node['status'] == armed['status']
                               for node in nodes.values())


def is_sent(armed, name):
    """Whether a deployment carries the armed step to the armed node."""
    return f'/deliveries/{armed["batch"]}.{armed["step"]}.' in name and (
        f'/{armed["node"]}/' in name)


place = directory()

if place:
    Switch(place).install()
