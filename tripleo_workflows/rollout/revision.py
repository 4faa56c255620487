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

"""Revisions: what a service is on a node, as one comparable word."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.rollout import lifecycle as lifecycle_format

#: What is recorded of a node whose batch was begun and has not ended.
UNFINISHED = 'unfinished'


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(',', ':'),
                      ensure_ascii=False)

    return hashlib.sha256(text.encode()).hexdigest()


def parts(lifecycle: Mapping[str, Any]) -> dict[str, str]:
    """What a revision is made of, each part by itself.

    Comparing parts tells *why* a node is rolled. Time limits are left out:
    they change how long a step may take, not what it leaves behind.
    """
    found = {'release': str(lifecycle['release'])}

    for step in lifecycle_format.REVISION_STEPS:
        content = lifecycle['roll'].get(step)
        found[step] = digest(None if content is None else [
            content['script'], content.get('inputs', {})])

    return found


def revision(service: str, service_parts: Mapping[str, str],
             facts: Mapping[str, str]) -> str:
    """The revision of a service on one node.

    :param facts: what steps learn about the node from their environment; a
        node that gets another address is rolled again.
    """
    return digest([service, dict(service_parts), dict(facts)])
