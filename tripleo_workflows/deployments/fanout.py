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

"""One step to many nodes, without a batch or an operation around it."""

import time
from collections.abc import Collection
from collections.abc import Iterable
from typing import Any

from tripleo_workflows import config
from tripleo_workflows.deployments import delivery

#: Seconds between two looks, unless looking itself takes long.
POLL_SECONDS = 0.4
#: Answers that are fetched before the time is looked at again.
AT_ONCE = 200

#: By node: ``sent`` (epoch seconds of the last sending, and ``first_sent``),
#: ``times``, ``ids`` of what was sent, ``accepted``, once it said so, and
#: ``answer`` and when it was ``known``, once there is one.
Nodes = dict[str, dict[str, Any]]


def advance(dispatcher: delivery.Dispatcher, step: delivery.Step,
            targets: Iterable[delivery.Target], nodes: Nodes,
            deadline: float, until: float,
            required: Collection[str] | None = None) -> bool:
    """Send a step where it is missing and take what nodes answer.

    It may be called again, by any worker, with what it left in ``nodes``;
    what is lost of that is sent again, which a node does not mind.

    :param nodes: how far each node is; changed in place.
    :param deadline: epoch seconds after which no answer is waited for.
    :param until: epoch seconds at which to stop for now.
    :param required: names that are waited for; None for all.
    :returns: whether all that are waited for have answered, or the deadline
        is over.
    """
    by_name = {target.name: target for target in targets}

    for name in by_name:
        nodes.setdefault(name, {'times': 0, 'ids': []})

    while _missed(nodes, required):
        waiting = _waiting(nodes)
        _send(dispatcher, step, [by_name[name] for name in waiting], nodes,
              until)
        begun = time.time()
        accepted, ended = dispatcher.answered(step)

        for name in accepted & nodes.keys():
            nodes[name]['accepted'] = True

        late = time.time() >= min(until, deadline)
        looked = time.time()
        # The listing is a hint; at the end all are asked for by name.
        _take(dispatcher, step, nodes,
              waiting if late else [name for name in waiting
                                    if name in ended][:AT_ONCE], ended)

        if not _missed(nodes, required):
            break

        if late:
            return time.time() >= deadline

        # Where there is more to do, nothing is waited for.
        if not ended.keys() & {*_waiting(nodes)} and (
                not dispatcher.remove_some(
                    node for node in nodes.values() if 'answer' in node)):
            time.sleep(max(POLL_SECONDS, 8 * (looked - begun)))

    return True


def _waiting(nodes: Nodes) -> list[str]:
    return [name for name, node in nodes.items() if 'answer' not in node]


def _missed(nodes: Nodes, required: Collection[str] | None) -> bool:
    return any(required is None or name in required
               for name in _waiting(nodes))


def _send(dispatcher: delivery.Dispatcher, step: delivery.Step,
          targets: Iterable[delivery.Target], nodes: Nodes, until: float
          ) -> None:
    begun = time.time()
    due = [target for target in targets
           if _is_due(nodes[target.name], begun)]
    sent = dispatcher.send(step, due, until)
    # Many take a while: the nodes' time begins when the last was sent to.
    now = round(time.time(), 3)

    for name, ids in sent.items():
        node = nodes[name]
        node.setdefault('first_sent', round(begun, 3))
        node.update(sent=now, times=node['times'] + 1,
                    ids=[*node['ids'], ids])


def _is_due(node: dict[str, Any], now: float) -> bool:
    return not node['times'] or (
        'accepted' not in node
        # What no hook has taken is sent again, ever more rarely.
        and now > node['sent'] + config.patience() * 2 ** (node['times'] - 1))


def _take(dispatcher: delivery.Dispatcher, step: delivery.Step,
          nodes: Nodes, names: Iterable[str], listed: delivery.Listed
          ) -> None:
    for name, answer in dispatcher.answers(step, names, listed).items():
        nodes[name]['answer'] = answer
        nodes[name]['known'] = round(time.time(), 3)
