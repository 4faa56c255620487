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

"""What a node tells about itself: its services, their revisions, its work."""

from __future__ import annotations

import time
import typing

from tripleo_workflows.deployments.node import attempts
from tripleo_workflows.deployments.node import history

RUNNING = 'running'
INTERRUPTED = 'interrupted'


def survey(entries: list[history.Entry], server: str, node: str
           ) -> dict[str, typing.Any]:
    """The answer to a survey, from the journal and the living guardians.

    :param server: the id of the server that the node is.
    :param node: the name by which it was asked.
    """
    plans: dict[str, typing.Any] = {}

    for plan, name in dict.fromkeys(
            history.service(entry) for entry in entries
            if entry['event'] != history.ABORT):
        known = plans.setdefault(plan, {'services': {}})
        known['services'][name] = _service(entries, plan, name, server)

    for plan in {entry['key']['plan'] for entry in entries}:
        fence, operation = history.fence_of(entries, plan)
        plans.setdefault(plan, {'services': {}}).update(
            fence=fence, operation=operation)

    return {'server_id': server, 'node': node, 'plans': plans,
            'running': _running(entries), 'clock': round(time.time(), 3)}


def status_of(entries: list[history.Entry], attempt: str) -> str:
    """``accepted``, ``running``, ``interrupted`` or how it ended."""
    done = history.last(entries, history.DONE, attempt)

    if done:
        return str(done['result']['status'])

    if not history.last(entries, history.STARTED, attempt):
        return history.ACCEPTED

    return INTERRUPTED if attempts.guardian_of(attempt) is None else RUNNING


def _service(entries: list[history.Entry], plan: str, name: str, server: str
             ) -> dict[str, typing.Any]:
    newest = next(entry for entry in reversed(entries)
                  if history.service(entry) == (plan, name)
                  and entry['event'] != history.ABORT)
    completion = history.completion(entries, plan, name, server)
    completes = completion['completes'] if completion else {}
    key = newest['key']

    return {**{part: key[part]
               for part in ('operation', 'batch', 'step', 'attempt')},
            'fence': newest['fence'],
            'status': status_of(entries, newest['attempt']),
            **{part: completes.get(part)
               for part in ('revision', 'release', 'parts')},
            'time': newest['time']}


def _running(entries: list[history.Entry]) -> list[dict[str, typing.Any]]:
    running = []

    for entry in entries:
        attempt = entry['attempt']

        if entry['event'] == history.STARTED and (
                history.last(entries, history.STARTED, attempt) is entry
                and status_of(entries, attempt) == RUNNING):
            running.append({
                **{part: entry['key'][part] for part in (
                    'plan', 'operation', 'service', 'step', 'attempt')},
                'seconds': round(time.monotonic() - entry['monotonic'], 3)})

    return running
