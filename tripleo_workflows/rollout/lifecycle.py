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

"""The lifecycle that a composable service carries in its ``role_data``.

What templates write is checked against :mod:`.schema` and brought into one
form, in which every step of the service stands under ``steps`` by its name.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.checks import schema as checks_schema
from tripleo_workflows.rollout import policy
from tripleo_workflows.rollout import schema

Lifecycle = dict[str, Any]

#: The phases of a service, in their order.
LEAVE, PREPARE, ROLL, FINISH = PHASES = ('leave', 'prepare', 'roll', 'finish')

#: What a batch ends with, before its revisions are recorded.
GATE = 'gate'
#: Steps that make no sense on a node where nothing of the service runs.
LEAVING_STEPS = ('drain', 'stop')
#: Steps that are lists of checks.
CHECK_STEPS = ('check', 'verify', GATE)
#: Steps that decide what a service is on a node, and so its revision.
REVISION_STEPS = ('package', 'configure', 'start')
#: Steps that a node goes through whose service takes its configuration over
#: without a restart.
RELOAD_STEPS = ('configure', 'reload', 'verify')

STEPS = {
    LEAVE: (*LEAVING_STEPS, 'remove'),
    PREPARE: schema.PREPARE_STEPS,
    ROLL: (*schema.ROLL_STEPS, GATE),
    FINISH: schema.FINISH_STEPS,
}
#: Steps that follow the release: they are left out where it stays.
RELEASE_STEPS = ('backup', 'expand', 'migrate', 'contract')
#: Steps that every node of the service carries out, unless they say ``on``.
ON_ALL = ('stage', 'cleanup')
#: Steps before which no node that serves may run the old release.
AFTER_OLD = ('migrate', 'contract')

#: How a node that is rolled comes to its revision.
FIRST, WHOLE, RELOAD = 'first', 'whole', 'reload'


def parse(service: str, given: Mapping[str, Any],
          overrides: Mapping[str, Any] | None = None) -> Lifecycle:
    """A service's lifecycle, checked and with its defaults filled in.

    :param given: the value of ``role_data.lifecycle``, resolved by Heat.
    :param overrides: of its policy, out of the plan environment.
    :returns: ``steps`` (all of them by name, ``gate`` and ``remove`` too),
        ``after`` (names of other services' phases by own phase) and the
        other keys of the format.
    :raises InvalidInput: it breaks the format; the text names the field.
    """
    content = _with_on(dict(given))
    schema.require(service, content)
    steps = {**content.get(PREPARE, {}), **content.get(ROLL, {}),
             **content.get(FINISH, {}),
             **{key: content[key] for key in (GATE, 'remove')
                if key in content}}
    _refuse_secrets_of_checks(service, steps, content.get('secrets', []))

    return {
        'release': str(content['release']),
        'from': (sorted(map(str, content['from'])) if 'from' in content
                 else None),
        'reversible': content.get('reversible', True),
        'after': _after(content.get('after', [])),
        'policy': policy.of_service(content.get('policy', {}),
                                    overrides or {}),
        'secrets': sorted(content.get('secrets', [])),
        'sets': sorted(content.get('sets', [])),
        'probe': list(content.get('probe', [])),
        'workflow': content.get('workflow', ''),
        'steps': {name: _step(step, content.get('sets', []))
                  for name, step in steps.items()},
        'hooks': {},
    }


def _refuse_secrets_of_checks(service: str, steps: Mapping[str, Any],
                              secrets: list[str]) -> None:
    # A document holds checks as they are.
    for step in (step for step in CHECK_STEPS if step in steps):
        for check in steps[step]:
            inputs = check[checks_schema.kind_of(check)].get('inputs', {})
            found = sorted(inputs.keys() & {*secrets})

            if found:
                raise exceptions.InvalidInput(
                    f'lifecycle.secrets: the check {check["name"]} takes '
                    f'{", ".join(found)}, and checks cannot have secrets.',
                    'Let a step write it to a file on the node that the '
                    'check reads.', service=service, step=step,
                    field='lifecycle.secrets')


def _with_on(content: Any) -> Any:
    # YAML reads the word "on", unless it is quoted, as the truth.
    if isinstance(content, Mapping):
        return {'on' if key in (True, 'true') else key: _with_on(value)
                for key, value in content.items()}

    if isinstance(content, list):
        return [_with_on(value) for value in content]

    return content


def _after(given: list[str] | Mapping[str, list[str]]) -> dict[str, list[str]]:
    by_phase = given if isinstance(given, Mapping) else {PREPARE: given}

    return {phase: sorted(name if '.' in name else f'{name}.{FINISH}'
                          for name in names)
            for phase, names in sorted(by_phase.items())}


def _step(content: Any, sets: Iterable[str]) -> Any:
    if isinstance(content, list):
        return content

    inputs = {name: sorted(value, key=str)
              if name in sets and isinstance(value, list) else value
              for name, value in content.get('inputs', {}).items()}

    return {**content, 'inputs': inputs} if inputs else dict(content)


def after_of(lifecycles: Iterable[Mapping[str, Any]]
             ) -> dict[str, set[str]]:
    """What a service waits for in any of its roles, by its own phase."""
    found: dict[str, set[str]] = {}

    for lifecycle in lifecycles:
        for phase, names in lifecycle['after'].items():
            found.setdefault(phase, set()).update(names)

    return found


def secrets_of(lifecycle: Mapping[str, Any], step: str) -> dict[str, Any]:
    """The inputs of a step that are secret, by name."""
    content = lifecycle['steps'].get(step)

    if not isinstance(content, Mapping):
        return {}

    return {name: value for name, value in content.get('inputs', {}).items()
            if name in lifecycle['secrets']}


def without_secrets(lifecycle: Mapping[str, Any]) -> Lifecycle:
    """A lifecycle that may be stored: secret inputs have no value."""
    steps = {}

    for step, content in lifecycle['steps'].items():
        if secrets_of(lifecycle, step):
            content = {**content, 'inputs': {
                name: None if name in lifecycle['secrets'] else value
                for name, value in content['inputs'].items()}}

        steps[step] = content

    return {**lifecycle, 'steps': steps}


def kind_of(content: Mapping[str, Any]) -> str:
    """What a step runs on its nodes, as in ``script``."""
    return next(kind for kind in schema.KINDS if kind in content)


def steps_of(lifecycle: Mapping[str, Any], way: str) -> list[str]:
    """The steps of a roll that a node goes through, in their order.

    :param way: ``first``, where nothing of the service runs there yet;
        ``reload``, where a changed configuration is taken over without a
        restart; ``whole`` otherwise.
    """
    if way == RELOAD:
        wanted: Iterable[str] = (*RELOAD_STEPS, GATE)
    else:
        left_out = ('reload', *(LEAVING_STEPS if way == FIRST else ()))
        wanted = (step for step in STEPS[ROLL] if step not in left_out)

    return [step for step in wanted if step in lifecycle['steps']]


def sequence(lifecycle: Mapping[str, Any], step: str) -> list[str]:
    """A step between the hooks that were put around it, in their order."""
    around = lifecycle['hooks'].get(step, {})

    return [*around.get('before', []), step, *around.get('after', [])]


def is_in_revision(step: str) -> bool:
    """Whether a step, or the step that a hook stands at, makes a revision."""
    place, _, rest = step.partition('-')

    return (rest.partition('-')[0] if place in ('before', 'after') and rest
            else step) in REVISION_STEPS


def runs_on(lifecycle: Mapping[str, Any], step: str) -> str:
    """Where a step of ``prepare`` or ``finish`` is carried out.

    :returns: ``all`` or ``bootstrap``.
    """
    content = lifecycle['steps'][step]
    usual = 'all' if step in ON_ALL else 'bootstrap'

    if isinstance(content, Mapping):
        return str(content.get('on', usual))

    return ('all' if any(check.get('on') == 'all' for check in content)
            else usual)


def checks_on_nodes(checks: Iterable[Mapping[str, Any]]
                    ) -> list[Mapping[str, Any]]:
    """The checks of a step that nodes carry out themselves."""
    return [check for check in checks
            if checks_schema.kind_of(check) in checks_schema.RUN_ON_NODES]
