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

"""Runs the stock heat-config-notify without clients that it does not need.

Runs by its path: ``python -P node_notify.py SCRIPT CONFIG_FILE``. The script
imports the clients of Heat and Keystone if they are there, which is most of
its time, and then PUTs to a temporary URL without them. It does need them
where a deployment is signalled with a user's credentials.
"""

import pathlib
import runpy
import sys

CLIENTS = ('heatclient', 'keystoneclient', 'zaqarclient')


def main(arguments: list[str]) -> None:
    """Run the script as if it had been called itself."""
    script, configuration = arguments

    if 'deploy_auth_url' not in pathlib.Path(configuration).read_text():
        for client in CLIENTS:
            # None makes its import fail, which the script is prepared for.
            sys.modules[client] = None  # type: ignore[assignment]

    sys.argv = [script, configuration]
    runpy.run_path(script, run_name='__main__')


if __name__ == '__main__':
    main(sys.argv[1:])
