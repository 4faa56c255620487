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

"""What is done to a plan as lines for people, while it is done."""

import time
from collections.abc import Iterator

from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

POLL_SECONDS = 1.0
#: Errors after which services may answer again.
_ERRORS = (exceptions.ServiceUnavailable, mistral_base.APIException,
           keystone_exceptions.ClientException,
           heat_exceptions.BaseException, OSError)


def follow(clients: service_clients.Clients, plan: str, execution_id: str
           ) -> Iterator[str]:
    """Tell what an execution does to a plan, see :class:`Watch`."""
    return Watch(clients, plan, execution_id).lines()


class Watch:
    """Follows what is done to a plan, across executions and lost connections.

    Where another execution goes on with the operation, that one is followed
    from then on.

    :param execution: the root execution to begin with; empty: that of the
        plan's open operation. Later the one that was followed last.
    :raises NotFound: no execution is given, and no operation is open.
    """

    def __init__(self, clients: service_clients.Clients, plan: str,
                 execution: str = ''):
        self._clients = clients
        self._plan = plan
        self._record = operation_record.Record(clients.swift, plan)
        self._operation = ''
        self._fence = 0
        self._seen: dict[str, str] = {}
        self._told: set[str] = set()
        #: What the operation waited for when it was last looked at.
        self.waits: holding.Waiting | None = None
        self.execution = execution or self._open_one()

    def _open_one(self) -> str:
        _, holder, opened = lifetime.find(self._clients, self._record)

        if opened is None:
            raise lifetime.nothing_open(self._plan)

        return (holder.root if holder
                and holder.operation == opened['operation']
                else str(opened['root']))

    def lines(self) -> Iterator[str]:
        """Tell what happens, until the last execution ends.

        :returns: lines such as ``web.2 drain overcloud-controller-1 done
            0.4 s`` and, before there are steps, the state of the stack.
        """
        lost = ended = False

        while not ended:
            try:
                # All of a look is told, or nothing.
                lines, ended = self._look()
            except _ERRORS as error:
                if not _may_pass(error):
                    raise

                if not lost:
                    yield (f'connection lost ({type(error).__name__}), '
                           f'trying again')

                lost = True
            else:
                if lost:
                    yield 'connected again'

                lost = False
                yield from lines

            if not ended:
                time.sleep(POLL_SECONDS)

    def _look(self) -> tuple[list[str], bool]:
        # The state is read first, so that nothing is missed at the end; the
        # lock after it, since whoever goes on takes it first.
        state = lock.state_of(self._clients.mistral, self.execution)
        fence, holder = lock.current(self._clients.mistral, self._plan)
        known = set(self._told)

        try:
            lines = [*self._news(fence, holder), *self._hold(state)]
        except Exception:
            self._told = known
            self._seen.clear()
            raise

        if (holder and holder.operation == self._operation
                and holder.root != self.execution):
            self.execution, self._fence = holder.root, fence

            return [*lines, f'execution {holder.root} of {holder.person} '
                            f'goes on under fence {fence}'], False

        if state in lock.HOLDING_STATES:
            return lines, False

        return [*lines, f'execution {self.execution} {state}'], True

    def _news(self, fence: int, holder: lock.Holder | None) -> Iterator[str]:
        if not self._operation:
            yield from self._stack()
            self._find_operation(fence, holder)

        if self._operation:
            yield from self._steps()

    def _stack(self) -> Iterator[str]:
        try:
            stack = self._clients.heat.stacks.get(self._plan,
                                                  resolve_outputs=False)
        except heat_exceptions.HTTPNotFound:
            return

        yield from self._once(f'stack {self._plan} {stack.stack_status}')

    def _find_operation(self, fence: int, holder: lock.Holder | None) -> None:
        if holder and holder.root == self.execution and self._record.get(
                f'{holder.operation}/operation.json'):
            self._operation, self._fence = holder.operation, fence

    def _hold(self, state: str) -> Iterator[str]:
        self.waits = None

        if state != 'PAUSED':
            return

        if not self._operation:
            yield from self._once(f'execution {self.execution} is PAUSED')
            return

        hold = decisions.read(self._record, self._operation).held()
        self.waits = holding.waiting(self._record, self._operation,
                                     self._fence)
        yield from self._once(
            f'the operation is {holding.describe(hold)}' if hold
            else f'the operation waits for {self.waits.what}' if self.waits
            else f'execution {self.execution} is PAUSED')

    def _steps(self) -> Iterator[str]:
        prefix = f'{self._operation}/{self._fence}/'

        for name, etag in sorted(self._record.names(prefix).items()):
            if self._seen.get(name) == etag:
                continue

            self._seen[name] = etag

            if not operation_record.batch_of(name):
                continue

            batch = name.removeprefix(prefix).removesuffix('.json')
            steps = self._record.get(name) or {}

            for step, entry in report.in_time(steps):
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


def _may_pass(error: Exception) -> bool:
    """Whether an error is of a service that may answer again."""
    status = (getattr(error, 'http_status', None)
              or getattr(error, 'error_code', None)
              or getattr(error, 'code', None))

    return not isinstance(status, int) or status >= 500
