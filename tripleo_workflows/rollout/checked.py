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

"""A step of a unit that is a list of checks."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import gate
from tripleo_workflows.checks import on_node
from tripleo_workflows.checks import runner as check_runner
from tripleo_workflows.checks import waivers
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments import fanout
from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import units

POLL_SECONDS = 0.4
#: How much longer than its own time a node may take to answer a check.
ANSWER_SECONDS = 60
#: More rounds than a list of checks is asked under one fence.
ROUNDS = 1_000_000

Entry = dict[str, Any]
Results = list[contract.CheckResult]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a list of checks is asked.

    :param step: ``check``, ``verify`` or ``gate``.
    :param bootstrap: the member on which a check of the service as a whole
        runs, where it runs on a node.
    """

    operation: operation_record.Operation
    service: str
    unit: str
    step: str
    members: units.Members
    bootstrap: units.Member


def policy_of(step: str, rules: Mapping[str, Any], is_canary: bool
              ) -> gate.Policy:
    """How long the checks of a step are asked.

    Only the gate of a canary soaks, and whether a service may be changed is
    asked once.

    :param rules: the policy of the service.
    """
    return gate.Policy(
        rules['soak'] if is_canary and step == lifecycle_format.GATE else 0,
        rules['on_flap'], 0 if step == 'check' else rules['check_timeout'])


def carry_out(dispatcher: delivery.Dispatcher, place: Place,
              policy: gate.Policy, entry: Entry,
              decided: decisions.Decisions, until: float) -> None:
    """Ask until all checks pass, or the slice or the checks' time is over.

    :param policy: see :func:`policy_of`.
    :param entry: of the step in the record; changed in place. A node for
        which a check has not passed in time ends there as ``failed``.
    :param until: epoch seconds.
    """
    if entry.get('asked_under') != place.operation.fence:
        # Whoever goes on asks again: that does no harm.
        entry.update(asked_under=place.operation.fence, gate=None, round=1,
                     asked={})

        for name in place.members:
            entry['nodes'].pop(name, None)

    while True:
        results = ask(dispatcher, place, entry, until)

        if results is not None:
            results = waivers.apply(results, decided.waived)
            entry['checks'] = [result.to_dict() for result in results]
            entry['gate'] = gate.look(entry['gate'], results, time.time(),
                                      policy)
            _note(place, entry, results)

            if entry['gate']['decision'] != gate.WAITING:
                return

        if time.time() > until:
            return

        time.sleep(POLL_SECONDS)


def _note(place: Place, entry: Entry, results: Results) -> None:
    failed = {result.node: result for result in results if result.is_failure}
    everywhere = failed.get('') or (
        next(iter(failed.values()), None) if place.step
        != 'verify' else None)
    ended = {gate.WAITING: 'sent', gate.FAILED: 'failed'}
    decision = entry['gate']['decision']

    for name in place.members:
        bad = everywhere or failed.get(name)
        waits = decision == gate.WAITING and place.step != 'verify'
        known: Entry = {'status': ended.get(decision, 'done')
                        if bad or waits else 'done',
                        'seconds': round(time.time() - entry['begun'], 3)}

        if bad and decision == gate.FAILED:
            known.update(check=bad.name, remedy=bad.remedy,
                         error=entry['gate']['reason'] if bad.node in (
                             '', name) and len(failed) == 1 else
                         f'Check {bad.name} did not pass: {bad.details}')

        entry['nodes'][name] = known


def ask(dispatcher: delivery.Dispatcher, place: Place, entry: Entry,
        until: float) -> Results | None:
    """Ask all checks once.

    :param entry: has ``round`` and what was ``asked`` in it; changed in
        place.
    :param until: epoch seconds.
    :returns: None where nodes have not answered yet.
    """
    results: Results = []
    _clean_up(dispatcher, place, entry)

    for asked, checks, members in _lists(place):
        here = [check for check in checks
                if check_runner.is_asked_from_here(check)]
        facts = (difference.facts_of(members[asked].facts) if asked else {})
        results += check_runner.run_all(here, facts)

    for number, (check, members) in enumerate(_on_nodes(place)):
        found = _ask_nodes(dispatcher, place, entry, f'{number}', check,
                           members, until)

        if found is None:
            return None

        results += found

    entry.update(round=entry['round'] + 1, asked={}, spent=[
        ids for asked in entry['asked'].values()
        for node in asked['nodes'].values() for ids in node['ids']])

    return results


def _clean_up(dispatcher: delivery.Dispatcher, place: Place, entry: Entry
              ) -> None:
    """Remove what the round before has sent, now that another one begins.

    There may be hundreds of them. The last one is left to the unit, because
    to remove something wakes the nodes, and the next step waits for them.
    """
    if entry.get('spent'):
        dispatcher.clean(
            f'{place.operation.id}/deliveries/{place.service}.{place.unit}.'
            f'{place.step}-', entry.pop('spent'))


def _lists(place: Place) -> list[tuple[
        str, list[Mapping[str, Any]], units.Members]]:
    """Whom the checks of the step are about: a node, or all together."""
    if place.step == 'verify':
        return [(name, member.lifecycle['steps']['verify'], {name: member})
                for name, member in place.members.items()]

    return [('', place.bootstrap.lifecycle['steps'][place.step],
             place.members)]


def _on_nodes(place: Place) -> list[tuple[Mapping[str, Any], units.Members]]:
    found: dict[str, tuple[Mapping[str, Any], units.Members]] = {}
    bootstrap = {str(place.bootstrap.facts['name']): place.bootstrap}

    for asked, checks, members in _lists(place):
        for check in lifecycle_format.checks_on_nodes(checks):
            everywhere = bool(asked) or check.get('on') == 'all'
            kept = found.setdefault(check['name'], (check, {}))[1]
            kept.update(members if everywhere else bootstrap)

    return list(found.values())


def _ask_nodes(dispatcher: delivery.Dispatcher, place: Place, entry: Entry,
               number: str, check: Mapping[str, Any],
               members: units.Members, until: float) -> Results | None:
    payload = on_node.payload(check)
    asked = entry['asked'].setdefault(number, {
        'nodes': {}, 'deadline': time.time() + payload.timeout
        + ANSWER_SECONDS})
    step = delivery.Step(
        plan=place.operation.plan, operation=place.operation.id,
        service=place.service, batch=place.unit,
        step=f'{place.step}-{number}', fence=place.operation.fence,
        payload=payload.script, attempt=_attempt(place, entry),
        timeout=payload.timeout, idempotent=True, changes=False,
        environment={name: str(value) for name, value
                     in payload.inputs.items()})
    ended = fanout.advance(dispatcher, step, [
        delivery.Target(name, member.facts['server_id'],
                        difference.facts_of(member.facts))
        for name, member in members.items()], asked['nodes'],
        asked['deadline'], until)

    if not ended:
        return None

    return [result for name, node in asked['nodes'].items()
            for result in on_node.results(check, node.get('answer', {
                'status': 'unreachable',
                'error': 'The node did not answer.'}), name)]


def _attempt(place: Place, entry: Entry) -> int:
    # A node runs an attempt once, and each round is to be a new question.
    return int(place.operation.fence * ROUNDS + entry['round'])
