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

"""What actions and workflows answer in one case."""

import json
from typing import Any

import yaml
from mistral_lib import actions as mistral_actions

from tripleo_workflows.pack.rehearsal import cases
from tripleo_workflows.pack.rehearsal import engine

#: Actions that do nothing outside of the engine.
_HARMLESS = ('std.noop', 'std.echo', 'std.fail', 'std.test_dict')


class Scripts:
    """The scripts of a case while it runs.

    :ivar problems: what did not go by them, as sentences.
    """

    def __init__(self, case: cases.Case):
        self._actions = case.actions
        self._workflows = case.workflows
        #: How many calls each answer has been given to, by its identity.
        self._given: dict[int, int] = {}
        self.problems: list[str] = []

    def answer(self, call: engine.Call) -> Any:
        """The result for a call of the engine; None: it is to run."""
        if call.workflow in self._workflows:
            return self._result(self._workflows[call.workflow], 'workflow',
                                call.workflow, '', call.workflow_input)

        if call.action in self._actions:
            return self._result(self._actions[call.action], 'action',
                                call.action, call.task, call.given)

        if call.action in _HARMLESS:
            return None

        return self._problem(
            f'The task {call.task} of {call.workflow} calls {call.action}, '
            f'which has no script, with {_inline(call.given)}.')

    def finish(self) -> None:
        """Note what was scripted and never called."""
        for kind, scripts in (('action', self._actions),
                              ('workflow', self._workflows)):
            for name, script in scripts.items():
                answers = script if isinstance(script, list) else [script]
                left = sum(1 for answer in answers
                           if id(answer) not in self._given)

                if left:
                    self.problems.append(
                        f'The {kind} {name} was not called for {left} of '
                        f'{len(answers)} answers.')

    def _result(self, script: cases.Script, kind: str, name: str, task: str,
                given: dict[str, Any]) -> Any:
        answer = self._next(script, task)

        if answer is None:
            return self._problem(
                f'The {kind} {name} is called once more than it has '
                f'answers{f", by the task {task}" if task else ""}, with '
                f'{_inline(given)}.')

        self._given[id(answer)] = self._given.get(id(answer), 0) + 1

        for key, value in answer.input.items():
            if key not in given or given[key] != value:
                self.problems.append(
                    f'The {kind} {name} is given {key}: '
                    f'{_inline(given.get(key))} instead of '
                    f'{_inline(value)}.')

        return (mistral_actions.Result(data=answer.result)
                if answer.error is None
                else mistral_actions.Result(error=answer.error))

    def _next(self, script: cases.Script, task: str) -> cases.Answer | None:
        once = isinstance(script, list)
        answers = script if isinstance(script, list) else [script]

        return next((answer for answer in answers
                     if answer.task in ('', task)
                     and not (once and id(answer) in self._given)), None)

    def _problem(self, text: str) -> Any:
        self.problems.append(text)

        return mistral_actions.Result(error=text)


def stand_in(name: str, script: cases.Script, inputs: list[Any]) -> str:
    """A workflow that answers as a script says, and takes given inputs."""
    answers = script if isinstance(script, list) else [script]
    outputs = {key for answer in answers if isinstance(answer.result, dict)
               for key in answer.result}
    errors = {key for answer in answers if isinstance(answer.error, dict)
              for key in answer.error}
    asked = {key for answer in answers for key in answer.input}
    known = {given if isinstance(given, str) else next(iter(given))
             for given in inputs}
    workflow: dict[str, Any] = {
        'input': [*inputs, *sorted(asked - known)],
        'tasks': {'scripted': {
            'action': 'std.noop',
            'publish': {'answer': '<% task().result %>'},
            'publish-on-error': {'answer': '<% task().result %>'}}}}

    for key, names in (('output', outputs), ('output-on-error', errors)):
        if names:
            workflow[key] = {
                name: f"<% $.answer.get('{name}') %>"
                for name in sorted(names)}

    if not workflow['input']:
        del workflow['input']

    return json.dumps({'version': '2.0', name: workflow})


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10 ** 6,
                          allow_unicode=True)

    return text.removesuffix('...\n').strip()
