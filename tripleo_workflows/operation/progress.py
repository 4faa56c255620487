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

"""An execution of ours as lines for people, while it runs."""

import time
from collections.abc import Iterator

from heatclient import exc as heat_exceptions

from tripleo_workflows import clients as service_clients
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record

POLL_SECONDS = 1.0


def follow(clients: service_clients.Clients, plan: str, execution_id: str
           ) -> Iterator[str]:
    """Tell what an execution does to a plan, until it ends.

    :returns: lines such as ``web.2 drain overcloud-controller-1 done 0.4 s``
        and, before there are steps, the state of the stack.
    """
    observer = _Observer(clients, plan, execution_id)

    while True:
        # The state is read first, so that nothing is missed at the end.
        state = lock.state_of(clients.mistral, execution_id)
        yield from observer.news()

        if state not in lock.HOLDING_STATES:
            yield f'execution {execution_id} {state}'
            return

        time.sleep(POLL_SECONDS)


class _Observer:
    """Remembers what was told already."""

    def __init__(self, clients: service_clients.Clients, plan: str,
                 execution_id: str):
        self._clients = clients
        self._plan = plan
        self._execution = execution_id
        self._record = operation_record.Record(clients.swift, plan)
        self._prefix = ''
        self._seen: dict[str, str] = {}
        self._told: set[str] = set()

    def news(self) -> Iterator[str]:
        if not self._prefix:
            yield from self._stack()
            self._find_operation()

        if self._prefix:
            yield from self._steps()

    def _stack(self) -> Iterator[str]:
        try:
            stack = self._clients.heat.stacks.get(self._plan,
                                                  resolve_outputs=False)
        except heat_exceptions.HTTPNotFound:
            return

        yield from self._once(f'stack {self._plan} {stack.stack_status}')

    def _find_operation(self) -> None:
        fence, holder = lock.current(self._clients.mistral, self._plan)

        if holder and holder.root == self._execution and self._record.get(
                f'{holder.operation}/operation.json'):
            self._prefix = f'{holder.operation}/{fence}/'

    def _steps(self) -> Iterator[str]:
        for name, etag in sorted(self._record.names(self._prefix).items()):
            if self._seen.get(name) == etag:
                continue

            self._seen[name] = etag

            if not operation_record.batch_of(name):
                continue

            batch = name.removeprefix(self._prefix).removesuffix('.json')
            steps = self._record.get(name) or {}

            # JSON objects are stored sorted; people read them in time.
            for step, entry in sorted(
                    steps.items(),
                    key=lambda item: item[1].get('begun', 0)):
                for node, known in sorted(entry['nodes'].items()):
                    seconds = (f' {known["seconds"]:.1f} s'
                               if 'seconds' in known else '')
                    yield from self._once(
                        f'{batch} {step} {node} {known["status"]}{seconds}',
                        f'{batch} {step} {node} {known["status"]}')

    def _once(self, line: str, key: str = '') -> Iterator[str]:
        if (key or line) not in self._told:
            self._told.add(key or line)
            yield line
