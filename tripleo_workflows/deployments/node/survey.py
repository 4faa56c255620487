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

Entries = typing.Dict[str, history.Entry]  # noqa: UP006


def survey(entries: list[history.Entry], server: str, node: str
           ) -> dict[str, typing.Any]:
    """The answer to a survey, from the journal and the living guardians.

    :param server: the id of the server that the node is.
    :param node: the name by which it was asked.
    """
    done = history.newest(entries, history.DONE)
    started = history.newest(entries, history.STARTED)
    completed = history.completions(entries)
    plans: dict[str, typing.Any] = {}

    for plan in dict.fromkeys(entry['key']['plan'] for entry in entries):
        fence, operation = history.fence_of(entries, plan)
        plans[plan] = {'fence': fence, 'operation': operation,
                       'services': {}}

    for (plan, name), newest in history.services(entries).items():
        completion = completed.get((plan, name))
        completes = completion['completes'] if (
            completion and completion['server'] == server) else {}
        plans[plan]['services'][name] = {
            **{part: newest['key'][part]
               for part in ('operation', 'batch', 'step', 'attempt')},
            'fence': newest['fence'],
            'status': _status(newest['attempt'], done, started),
            **{part: completes.get(part)
               for part in ('revision', 'release', 'parts')},
            'time': newest['time']}

    running = [
        {**{part: entry['key'][part] for part in (
            'plan', 'operation', 'service', 'step', 'attempt')},
         'seconds': round(time.monotonic() - entry['monotonic'], 3)}
        for attempt, entry in started.items()
        if _status(attempt, done, started) == RUNNING]

    return {'server_id': server, 'node': node, 'plans': plans,
            'running': running, 'clock': round(time.time(), 3)}


def _status(attempt: str, done: Entries, started: Entries) -> str:
    """``accepted``, ``running``, ``interrupted`` or how it ended."""
    if attempt in done:
        return str(done[attempt]['result']['status'])

    if attempt not in started:
        return history.ACCEPTED

    return INTERRUPTED if attempts.guardian_of(attempt) is None else RUNNING
