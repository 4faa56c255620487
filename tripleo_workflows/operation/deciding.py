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

"""What a person decides about an open operation without going on with it."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import holding
from tripleo_workflows.operation import lifetime
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report

#: Names that an error offers.
MOST_NAMES = 20

_RESUME = 'To go on with it, start tripleo.operation.v1.resume.'
_RUNS = ('The operation runs: the decision counts for what has not begun. If '
         'the operation stops all the same, start '
         'tripleo.operation.v1.resume.')


def pause(clients: service_clients.Clients, plan: str, person: str,
          reason: str = '') -> dict[str, Any]:
    """Hold an operation: what runs on nodes ends, nothing is begun.

    :returns: ``operation``, ``execution`` and its ``state`` then, and
        ``running``, rows of service, batch, step and nodes that have not
        answered yet.
    :raises NotFound: no operation of the plan is open.
    """
    found = _Open(clients, plan)
    found.decide(decisions.HOLD, person, reason, fence=found.fence)
    state = holding.pause_execution(clients.mistral, found.root)

    return {'operation': found.operation, 'execution': found.root,
            'state': state, 'running': list(report.running(
                report.read(found.record, found.operation)))}


def skip(clients: service_clients.Clients, plan: str, person: str,
         service: str, node: str, reason: str) -> dict[str, Any]:
    """Leave a service alone on a node, which counts as failed there.

    :returns: see :func:`approve`.
    :raises NotFound: no operation of the plan is open.
    :raises InvalidInput: the document knows no such node, or there is no
        reason.
    """
    _require_reason(reason)
    found = _Open(clients, plan)
    entry = require_service(found.record, found.opened, service)
    nodes = dict.fromkeys((*entry['nodes'], *entry.get('members', [])))
    _require(node, nodes, 'node', f'The operation does not roll {service} '
                                  f'on a node of this name.')
    found.decide(decisions.SKIP, person, reason, service=service, node=node)

    return found.answer()


def approve(clients: service_clients.Clients, plan: str, person: str,
            service: str, step: str, reason: str = '') -> dict[str, Any]:
    """Approve of a step that is not carried out before somebody does.

    :returns: ``operation``; ``goes_on``, whether it can be gone on with at
        once; and ``message``, what becomes of the decision.
    :raises NotFound: no operation of the plan is open.
    :raises InvalidInput: the service has no such step, or it needs no
        approval.
    """
    found = _Open(clients, plan)
    entry = require_service(found.record, found.opened, service)
    _require(step, _to_approve(entry), 'step',
             f'No step of {service} of this name needs an approval.')
    found.decide(decisions.APPROVE, person, reason, service=service,
                 step=step)

    return found.answer()


def waive(clients: service_clients.Clients, plan: str, person: str,
          check: str, reason: str) -> dict[str, Any]:
    """Let an operation go on although a check of this name fails.

    :returns: see :func:`approve`.
    :raises NotFound: no operation of the plan is open.
    :raises InvalidInput: no check is named, or there is no reason.
    """
    _require_reason(reason)

    if not check:
        raise exceptions.InvalidInput(
            'No check is named.', 'Give the name that its failure shows.',
            field='check')

    found = _Open(clients, plan)
    found.decide(decisions.WAIVE, person, reason, check=check)

    return found.answer()


def require_service(record: operation_record.Record,
                    opened: Mapping[str, Any], service: str
                    ) -> dict[str, Any]:
    """What an operation's document says about a service.

    :raises InvalidInput: it does not know the service.
    """
    services = record.document(opened['digest'])['services']
    _require(service, services, 'service',
             'The operation has no service of this name.')

    return dict(services[service])


class _Open:
    """The open operation of a plan, and how it stands."""

    def __init__(self, clients: service_clients.Clients, plan: str):
        self._clients = clients
        self.record = operation_record.Record(clients.swift, plan)
        self.fence, holder, opened = lifetime.find(clients, self.record)

        if opened is None:
            raise lifetime.nothing_open(plan)

        self.opened = opened
        self.operation: str = opened['operation']
        self.root: str = (holder.root if holder
                          and holder.operation == self.operation
                          else opened['root'])

    def decide(self, kind: str, person: str, reason: str, **details: Any
               ) -> None:
        decisions.decide(self._clients, self.record.plan, self.operation,
                         kind, person, reason, **details)

        if self.record.get(f'{self.operation}/closed.json'):
            decisions.forget_claims(self._clients, self.record.plan,
                                    self.operation)
            raise lifetime.nothing_open(self.record.plan)

    def answer(self) -> dict[str, Any]:
        """What becomes of a decision: see :func:`approve`."""
        obstacle = self._obstacle()

        return {'operation': self.operation, 'goes_on': not obstacle,
                'message': f'It was recorded. {obstacle}'.strip()}

    def _obstacle(self) -> str:
        hold = decisions.read(self.record, self.operation).held()

        if hold:
            return f'The operation is {holding.describe(hold)}. ' + _RESUME

        state = lock.state_of(self._clients.mistral, self.root)

        if state not in holding.STOPPED_STATES:
            return (_RUNS if state in lock.HOLDING_STATES else '')

        waits = holding.waiting(self.record, self.operation, self.fence)

        return '' if waits and state == 'PAUSED' else (
            f'The execution of the operation was {state.lower()} with '
            f"Mistral's own commands. {_RESUME}")


def _to_approve(entry: Mapping[str, Any]) -> Iterator[str]:
    for lifecycle in entry['lifecycle'].values():
        for step, content in lifecycle['steps'].items():
            if isinstance(content, Mapping) and content.get('approve'):
                yield step


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise exceptions.InvalidInput(
            'A reason is missing.', 'Say why, for those who read the record.',
            field='reason')


def _require(name: str, known: Any, field: str, problem: str) -> None:
    names = sorted(set(known))

    if name not in names:
        shown = ', '.join(names[:MOST_NAMES]) or 'none'
        more = f' and {len(names) - MOST_NAMES} more' * (
            len(names) > MOST_NAMES)

        raise exceptions.InvalidInput(
            problem, f'Give one of: {shown}{more}.', field=field, value=name)
