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


"""Everything that happened in an operation, in order of time."""

import calendar
import time
from collections.abc import Iterator

from tripleo_workflows.operation import decisions
from tripleo_workflows.operation import going_on
from tripleo_workflows.operation import report

#: How decisions are told, of each kind.
_TOLD = {decisions.HOLD: 'held', decisions.GO_ON: 'resumed',
         decisions.SKIP: 'skipped', decisions.APPROVE: 'approved',
         decisions.WAIVE: 'check {check} waived',
         decisions.CHANGE: 'changed'}


def log(story: report.Story) -> list[report.Row]:
    """Everything that happened in an operation, in order of time.

    :returns: rows of ``time`` (epoch seconds), ``what``, and where they
        apply ``service``, ``batch``, ``step``, ``node``, ``seconds``.
    """
    return sorted(_events(story), key=lambda row: row['time'])


def _events(story: report.Story) -> Iterator[report.Row]:
    opened = story.opened
    yield {'time': opened['begun'],
           'what': f'{opened["verb"]} begun by {opened["person"]} under '
                   f'fence {opened["fence"]}'}

    for decision in story.decisions.all:
        yield {'time': _epoch(decision.when), 'what': _told(decision),
               **{name: decision.details[name] for name in (
                   'service', 'step', 'node') if name in decision.details}}

    for (service, number), steps in story.batches.items():
        for step, entry in report.in_time(steps):
            where = {'service': service, 'batch': number, 'step': step}
            yield from ({**where, **event} for event in _of_step(entry))

    if story.closed:
        reason = story.closed.get('reason')
        yield {'time': _epoch(story.closed.get('when'))
               or time.time(),
               'what': f'{report.how(story.closed)} by '
                       f'{story.closed.get("person", "")}'
                       + (f': {reason}' if reason else '')}


def _told(decision: decisions.Decision) -> str:
    details = decision.details
    by = f'{decision.person}' + (
        ' (watchdog)' if details.get('by') == going_on.WATCHDOG else '')
    extras = [word.replace('_', ' ') for word in ('take_over', 'retry_failed')
              if details.get(word)] + [
        f'{name}={value}' for name, value in sorted(details.items())
        if decision.kind == decisions.CHANGE and name != 'service']
    under = (f' under fence {details["fence"]}'
             if decision.kind == decisions.GO_ON else '')
    what = f'{_TOLD[decision.kind].format(**details)} by {by}{under}'

    return ': '.join(filter(None, (
        what, ', '.join(filter(None, (*extras, decision.reason))))))


def _of_step(entry: report.Row) -> Iterator[report.Row]:
    begun = entry.get('begun', 0)
    last = begun
    yield {'time': begun, 'what': 'begun'}

    for name, known in sorted(entry.get('nodes', {}).items()):
        when = known.get('known') or (
            known.get('sent', begun) if known['status'] == 'sent'
            else begun + known.get('seconds', 0))
        last = max(last, when)
        row = {'time': when, 'node': name, 'what': known['status'],
               'seconds': known.get('seconds')}

        if known['status'] not in report.GOING:
            row['what'] = f'{known["status"]}: {report.why(known)}'

        yield row

    if 'error' in entry:
        yield {'time': last, 'what': entry['error']}


def _epoch(moment: str | None) -> float:
    return float(calendar.timegm(time.strptime(
        moment, '%Y-%m-%dT%H:%M:%SZ'))) if moment else 0.0
