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

"""The text that carries a request to a node."""

import importlib.resources
import json
import time
from collections.abc import Mapping
from typing import Any


def runner_text(request: Mapping[str, Any]) -> str:
    """The runner with a request inside it: the text of a script config."""
    source = (importlib.resources.files(__package__)
              / 'runner.py').read_text()
    request = {**request, 'script': request.get('payload', ''),
               'deadline': time.time() + request['lifetime']}

    return (f'#!/usr/bin/env python3\n{source}\n\n'
            f"if __name__ == '__main__':\n"
            f'    sys.exit(main(sys.argv[1:], json.loads(\n'
            f'        {json.dumps(request)!r})))\n')
