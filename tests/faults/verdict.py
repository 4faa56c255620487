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

"""What a run must have left, whatever was killed in it.

The payloads' own log on each node is the witness; the node's journal and
the record must agree with it.
"""

import collections
import dataclasses
import itertools

from tests.faults import light as light_service
from tests.faults import logs
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import compensation
from tripleo_workflows.rollout import steps as rollout_steps

#: An error that leaves a decision to the operator offers both ways.
WAYS = ('retry_failed=true', 'tripleo.operation.v1.abort')
#: The one that there is.
BATCH = '1'


@dataclasses.dataclass(frozen=True)
class Run:
    """One upgrade that was disturbed.

    :param operation: its id.
    :param digest: of its document.
    :param error: text with which it ended; empty where it succeeded.
    """

    operation: str
    digest: str
    error: str


def of(light, run):
    """What is wrong with a run, in sentences; none where nothing is."""
    wrong = []
    steps = _recorded(light, run)

    for node in light_service.NAMES:
        root = light.root(node)
        entries = logs.Journal(root).entries(run.operation)
        known = {entry['attempt'] for entry in entries}
        lines = [line for line in logs.payload_lines(root)
                 if line.attempt in known]
        wrong += [f'{node}: {sentence}' for sentence in (
            *_ran_twice(lines, entries), *_disagree(lines, entries),
            *_out_of_order(_of_unit(entries, BATCH)),
            *_unreported(node, _of_unit(entries, BATCH), steps, run.error),
            *_put_back(node, entries, steps))]

    return [*wrong, *_ending(light, run)]


def _recorded(light, run):
    fence, _ = lock.current(light.clients.mistral, light_service.PLAN)

    return light.record.batch(
        operation_record.Operation(run.operation, light_service.PLAN, fence,
                                   1, run.digest), light_service.SERVICE,
        BATCH)


def _of_unit(entries, unit):
    return [entry for entry in entries if entry['key']['batch'] == unit]


def _ran_twice(lines, entries):
    """Each attempt ends once; again only after it was interrupted."""
    started = collections.Counter(
        entry['attempt'] for entry in entries if entry['event'] == 'started')
    done = collections.Counter(
        entry['attempt'] for entry in entries if entry['event'] == 'done')

    for attempt, count in done.items():
        if count > 1:
            yield f'{attempt} was journaled as done {count} times.'

    for attempt in {line.attempt for line in lines}:
        written = [line for line in lines if line.attempt == attempt]
        begins = [line for line in written if line.event == 'begin']
        ends = [line for line in written if line.event == 'end']
        idempotent = light_service.STEPS[written[0].step]

        if len(begins) > (started[attempt] if idempotent else 1):
            yield f'{attempt} began {len(begins)} times.'

        if len(ends) > (started[attempt] if idempotent else 1):
            yield f'{attempt} came to its end {len(ends)} times.'

        for earlier, later in itertools.pairwise(begins):
            if any(line.pid == earlier.pid and line.time > later.time
                   for line in ends):
                yield f'{attempt} began again while it ran.'


def _disagree(lines, entries):
    """What is journaled as done came to its end, and did so before."""
    ended = {line.attempt: line.time for line in lines
             if line.event == 'end'}

    for entry in entries:
        if entry['event'] != 'done' or entry['result']['status'] != 'done':
            continue

        if entry['attempt'] not in ended:
            yield f'{entry["attempt"]} is called done, and did not end.'


def _out_of_order(entries):
    """No step starts before the one before it is done."""
    steps = list(light_service.STEPS)
    done = set()

    for entry in entries:
        step = entry['key']['step']

        if entry['event'] == 'done' and entry['result']['status'] == 'done':
            done.add(step)
        elif entry['event'] == 'started' and not done.issuperset(
                steps[:steps.index(step)]):
            yield f'{step} was started before an earlier step was done.'


def _unreported(node, entries, steps, error):
    """What was started is done, or the record and the error say how not."""
    results = {entry['attempt']: entry['result']['status']
               for entry in entries if entry['event'] == 'done'}
    # Of each step the last attempt counts.
    last = {entry['key']['step']: entry['attempt'] for entry in entries
            if entry['event'] == 'started'}

    for step, attempt in last.items():
        status = results.get(attempt, 'interrupted')
        recorded = steps.get(step, {}).get('nodes', {}).get(node, {}).get(
            'status')

        if status == 'interrupted' and light_service.STEPS[step]:
            yield f'{step} is idempotent, was interrupted and is not done.'
        elif recorded not in (status, rollout_steps.UNDONE):
            yield f'{step} is {status}, and the record says {recorded}.'
        elif status != 'done' and not all(
                part in error for part in (
                    f'step={step}', f'node={node}', *WAYS)):
            yield f'{step} is {status}, and the error does not say so.'
        elif status == 'interrupted' and 'interrupted' not in error:
            yield f'{step} was interrupted; the error calls it otherwise.'


def _put_back(node, entries, steps):
    """Where the record calls a batch undone, the node was put back."""
    if not any(step['nodes'].get(node, {}).get('status')
               == rollout_steps.UNDONE for step in steps.values()):
        return

    entry = steps.get(compensation.COMPENSATE, {'number': 0, 'nodes': {}})
    done = {found['key']['step'] for found in _of_unit(
        entries, f'back-{BATCH}-{entry["number"]}')
        if found['event'] == 'done' and found['result']['status'] == 'done'}

    if entry['nodes'].get(node, {}).get('status') != 'done':
        yield 'it is undone, and was not put back.'
    elif done != set(light_service.STEPS):
        yield f'it is called put back, and only {sorted(done)} are done.'


def _ending(light, run):
    """It ended as wanted, or where an operator has to decide."""
    operation = light.record.get(f'{run.operation}/operation.json')
    closed = light.record.get(f'{run.operation}/closed.json')

    if operation is None:
        yield 'The operation was never opened.'
    elif run.error:
        if closed:
            yield f'It failed and was closed all the same: {run.error}'

        if not all(way in run.error for way in WAYS):
            yield f'It stopped where nobody has to decide: {run.error}'
    else:
        yield from _unfinished(light, run, closed)


def _unfinished(light, run, closed):
    if not closed or closed['how'] != 'finished':
        yield f'It succeeded and was not closed as finished: {closed}'

    fence, _ = lock.current(light.clients.mistral, light_service.PLAN)
    wanted = light.record.document(run.digest)['services'][
        light_service.SERVICE]['nodes']
    nodes = light.record.state(fence, light_service.SERVICE)['nodes']

    for node, entry in wanted.items():
        if nodes.get(node, {}).get('revision') != entry['wanted']:
            yield f'{node}: it is not recorded with the wanted revision.'

        done = {found['key']['step'] for found
                in logs.Journal(light.root(node)).entries(run.operation)
                if found['event'] == 'done'
                and found['result']['status'] == 'done'}

        if done != set(light_service.STEPS):
            yield f'{node}: only {sorted(done)} are done.'
