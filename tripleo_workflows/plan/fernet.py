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

"""Rotation of the Fernet keys that Keystone's tokens are made with.

A key is a file whose name is a number. Number 0 is the *staged* key, which
opens tokens and makes none yet. The highest number is the *primary* key, which
makes them; those between open what they once made. A rotation makes the staged
key the primary one, under the next number, and stages a new one. Nodes that
have the new set and nodes that do not yet open each other's tokens, provided
that all of them had the staged key before.
"""

import copy
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.plan import passwords

KEYS = 'KeystoneFernetKeys'
#: Parameter that says how many keys are kept.
MOST = 'KeystoneFernetMaxActiveKeys'

_USUAL = 5
#: The staged one, the primary one, and the one before.
_LEAST = 3


def keys(environment: Mapping[str, Any]) -> dict[int, str]:
    """The keys of a plan by their numbers; secret.

    :param environment: as :func:`plan.environment.load` gives it.
    :raises InvalidInput: there are none to rotate, or they are no keys.
    """
    if KEYS in environment['parameter_defaults']:
        raise _refusal('are set under parameter_defaults, which counts first',
                       'Change them there, or remove them there.')

    if KEYS not in environment['passwords']:
        raise _refusal('are not among the passwords of the plan',
                       'Run tripleo.parameters.generate_passwords.')

    try:
        found = {_number(path): str(file['content']) for path, file
                 in environment['passwords'][KEYS].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        found = {}

    if not found or min(found) != 0:
        raise _refusal(
            'are not files with a content, whose names are numbers from 0 on',
            'Correct them under passwords in plan-environment.yaml.')

    return found


def rotate(environment: passwords.Environment, most: Any, request_id: str
           ) -> tuple[passwords.Environment, dict[str, Any]]:
    """Make the staged key the primary one, and stage a new one.

    :param environment: as :func:`plan.environment.load` gives it.
    :param most: how many keys are kept, at least 3; None: 5. The oldest ones
        beyond are purged.
    :param request_id: of a rotation; one that was done is not done again.
    :returns: a changed copy; and ``primary``, ``staged`` and ``purged``,
        paths of the files that the request has changed and removed.
    :raises InvalidInput: see :func:`keys`; or ``most`` is no number.
    """
    # Another action may have rotated passwords under the same id.
    request = f'{KEYS} {request_id}'
    done = environment['password_requests'].get(request)

    if done is not None:
        return environment, done

    known = keys(environment)
    changed = copy.deepcopy(environment)
    files = changed['passwords'][KEYS]
    paths = {_number(path): path for path in files}
    staged, following = paths[0], max(known) + 1
    primary = paths[following] = f'{staged.removesuffix("0")}{following}'
    files[primary] = files[staged]
    files[staged] = {'content': passwords.fernet_key()}

    beyond = max(0, len(paths) - _most(most))
    purged = [paths[number] for number in sorted(paths)[1:1 + beyond]]

    for path in purged:
        del files[path]

    rotation = {'primary': primary, 'staged': staged, 'purged': purged}
    passwords.remember(changed, request, rotation)

    return changed, rotation


def _number(path: str) -> int:
    return int(path.rpartition('/')[2])


def _most(given: Any) -> int:
    try:
        return max(_LEAST, int(given or _USUAL))
    except (TypeError, ValueError):
        raise exceptions.InvalidInput(
            f'The parameter {MOST} must be a number.',
            'Correct it where the plan sets it.', parameter=MOST) from None


def _refusal(problem: str, remedy: str) -> exceptions.InvalidInput:
    return exceptions.InvalidInput(f'{KEYS} {problem}.', remedy,
                                   parameter=KEYS)
