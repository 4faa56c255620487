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

"""Requests that follow each other, as a user of a service sends them.

The second may use what the first one's answer held: a token, or the id of
what it made. What a flow has written can be asked for afterwards.
"""

import json
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import http
from tripleo_workflows.checks import schema
from tripleo_workflows.checks import variables

#: A variable that has another value, a UUID, each time a flow is run.
UNIQUE = 'UNIQUE'
#: How long what was left may take to be found: no user waits for it.
LEFT_SECONDS = 60


class Request:
    """One request of a flow.

    :param name: of the endpoint that its outcomes belong to.
    :param options: as :data:`schema.HTTP` has them.
    :param keep: which parts of the answer become variables, by their names.
    """

    def __init__(self, name: str, options: Mapping[str, Any],
                 keep: Mapping[str, Mapping[str, str]]):
        self.name = name
        self._options = options
        self._keep = keep
        self.timeout = float(options.get('timeout', http.TIMEOUT))
        self.is_write = (
            options.get('method') or ('POST' if options.get('body') else 'GET')
        ) not in http.READING

    @property
    def kept(self) -> set[str]:
        """Names of the variables that its answer gives a value."""
        return set(self._keep)

    def fill(self, known: Mapping[str, str]) -> http.Request:
        """What it sends.

        :raises variables.Unfilled: it uses a variable that is unknown.
        """
        headers = {name: variables.fill(value, known) for name, value
                   in self._options.get('headers', {}).items()}

        return http.prepare({**self._options, 'headers': headers}, known)

    def ask(self, known: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Send it once.

        :param known: values of variables by name.
        :returns: why it failed, if it did; what is known afterwards.
        :raises OSError: and what else :func:`http.request` raises.
        """
        answer = self.fill(known).send()
        problem = http.problem_of(self._options, answer)

        if problem:
            return problem, {}

        found = {name: _part(answer, place)
                 for name, place in self._keep.items()}
        missing = sorted(name for name, value in found.items() if not value)

        if missing:
            return f'answered without what is kept as {missing[0]}', {}

        return '', {**known, **found}

    def count(self, known: Mapping[str, str], text: str) -> int:
        """How often a text stands in the answer.

        :raises ValueError: the answer is not the one that is wanted.
        :raises OSError: and what else :func:`http.request` raises.
        """
        answer = self.fill(known).send()
        problem = http.problem_of(self._options, answer)

        if problem:
            raise ValueError(problem)

        return answer.body.count(variables.fill(text, known).encode())


class Flow:
    """A probe: one request, or several that follow each other.

    :param probe: as :data:`schema.PROBE` has it.
    :raises InvalidInput: it breaks the format, or uses a variable before it
        is known.
    """

    def __init__(self, probe: Mapping[str, Any]):
        schema.require_probe(probe)
        self.name = str(probe['name'])
        self._inputs = {name: str(value) for name, value
                        in probe.get('inputs', {}).items()}
        self._left: Mapping[str, Any] | None = probe.get('left')
        self.requests = [
            Request(self.name, probe['http'], {})] if 'http' in probe else [
            Request(f'{self.name}: {step["name"]}', step['http'],
                    step.get('keep', {})) for step in probe['flow']]
        self._require_variables()

    @property
    def leaves_something(self) -> bool:
        """Whether what it wrote can be asked for."""
        return self._left is not None

    def begin(self, unique: str) -> dict[str, str]:
        """What a run knows from the beginning."""
        return {**self._inputs, UNIQUE: unique}

    def problem_of(self, known: Mapping[str, str]) -> str:
        """What is wrong with what a whole run has left, if anything.

        :param known: what the run knew at its end.
        """
        left = self._left or {}
        request = Request(self.name, {'timeout': LEFT_SECONDS,
                                      **left['http']}, {})

        try:
            times = request.count(known, left['find'])
        except Exception as error:
            # Whatever it was: what could not be looked for was not found.
            return http.reason(error)

        wanted = left.get('times', 1)

        return '' if times == wanted else (
            f'what {known[UNIQUE]} wrote is there {times} times, '
            f'not {wanted}')

    def _require_variables(self) -> None:
        known = self.begin('')

        try:
            for request in self.requests:
                request.fill(known)
                known |= dict.fromkeys(request.kept, '')

            if self._left:
                Request(self.name, self._left['http'], {}).fill(known)
                variables.fill(self._left['find'], known)
        except variables.Unfilled as error:
            raise exceptions.InvalidInput(
                error.details, 'Name it in inputs, or keep it from an '
                'earlier answer; a probe has no node, so write addresses '
                'out.', check=self.name) from None


class Run:
    """One run of a flow, request by request."""

    def __init__(self, flow: Flow, unique: str):
        self.flow = flow
        self.known = flow.begin(unique)
        self.is_over = False
        self._position = 0

    @property
    def request(self) -> Request:
        """The request that is due, or was the last one."""
        return self.flow.requests[self._position]

    def ask(self) -> str:
        """Send the request that is due; say why it failed, if it did.

        It was the last one where it failed, in whatever way.
        """
        self.is_over = True
        problem, known = self.request.ask(self.known)

        if problem:
            return problem

        self.known = known

        if self._position + 1 < len(self.flow.requests):
            self._position += 1
            self.is_over = False

        return ''


def _part(answer: http.Answer, place: Mapping[str, str]) -> str:
    """A part of an answer; empty where there is none."""
    if 'header' in place:
        return answer.headers.get(place['header'].lower(), '')

    try:
        value = json.loads(answer.body)

        for key in place['json'].split('.'):
            value = value[int(key) if isinstance(value, list) else key]
    except (ValueError, KeyError, IndexError, TypeError):
        return ''

    return value if isinstance(value, str) else json.dumps(value)
