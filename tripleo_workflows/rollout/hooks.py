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

"""Steps that a site puts around the steps of services.

A hook stands in a plan's environment, and no template is touched::

    lifecycle_hooks:
      - name: tell-monitoring
        before: web.drain
        roles: [Controller]
        script: ...
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import lifecycle as lifecycle_format

Hook = Mapping[str, Any]

#: Where a hook stands, as its key says.
PLACES = ('before', 'after')


def attach(hooks: Sequence[Hook], service: str, role: str,
           lifecycle: lifecycle_format.Lifecycle) -> None:
    """Put the hooks of a service around its steps, in their order.

    :param hooks: ``lifecycle_hooks`` of the plan's environment; those of
        other services are passed over.
    :param lifecycle: of the service in a role; changed in place. All roles
        have the same order, and each has the steps that concern it.
    :raises InvalidInput: the service lacks the step, two hooks of a step
        have the same name, or an input is named as a secret.
    """
    for hook in hooks:
        for place in PLACES:
            wanted, _, step = hook.get(place, '').partition('.')

            if wanted == service:
                _attach(hook, place, step, service, role, lifecycle)


def _attach(hook: Hook, place: str, step: str, service: str, role: str,
            lifecycle: lifecycle_format.Lifecycle) -> None:
    if step not in lifecycle['steps']:
        raise exceptions.InvalidInput(
            f'lifecycle_hooks: the hook {hook["name"]} stands {place} '
            f'{service}.{step}, and the service has no such step.',
            f'Use one of {", ".join(sorted(lifecycle["steps"]))}.',
            service=service, field='lifecycle_hooks')

    if secret := sorted({*hook.get('inputs', {})} & {*lifecycle['secrets']}):
        raise exceptions.InvalidInput(
            f'lifecycle_hooks: the hook {hook["name"]} has an input named as '
            f'a secret of {service}: {", ".join(secret)}.',
            'Give the input another name; hooks have no secrets.',
            service=service, field='lifecycle_hooks')

    name = f'{place}-{step}-{hook["name"]}'
    around = lifecycle['hooks'].setdefault(
        step, {known: [] for known in PLACES})

    if name in around[place]:
        raise exceptions.InvalidInput(
            f'lifecycle_hooks: two hooks {place} {service}.{step} are named '
            f'{hook["name"]}.', 'Give each a name of its own.',
            service=service, field='lifecycle_hooks')

    around[place].append(name)

    if 'roles' in hook and role not in hook['roles']:
        return

    content = {key: value for key, value in hook.items()
               if key not in ('name', 'roles', *PLACES)}

    if step not in lifecycle_format.STEPS[lifecycle_format.ROLL]:
        content['on'] = lifecycle_format.runs_on(lifecycle, step)

    lifecycle['steps'][name] = content
