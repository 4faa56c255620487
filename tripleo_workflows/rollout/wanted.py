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

"""The services that a cloud wants, as its stack describes them."""

import dataclasses
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tripleo_workflows import exceptions
from tripleo_workflows.rollout import hooks as site_hooks
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.stack import cloud as stack_cloud


@dataclasses.dataclass
class Service:
    """A managed service of the cloud, over all roles that run it.

    :param lifecycles: by role.
    :param nodes: all that run it, in the order of the roles.
    """

    name: str
    lifecycles: dict[str, lifecycle_format.Lifecycle] = dataclasses.field(
        default_factory=dict)
    nodes: list[stack_cloud.Node] = dataclasses.field(default_factory=list)

    @property
    def first(self) -> lifecycle_format.Lifecycle:
        """The lifecycle that rules order and policy: the first role's."""
        return next(iter(self.lifecycles.values()))

    @property
    def after(self) -> dict[str, set[str]]:
        """By own phase, the phases that come first, over all roles."""
        return lifecycle_format.after_of(self.lifecycles.values())


def services(cloud: stack_cloud.Cloud,
             policies: Mapping[str, Any] | None = None,
             hooks: Sequence[site_hooks.Hook] = ()) -> dict[str, Service]:
    """The managed services of a cloud that have nodes, by name.

    :param policies: ``lifecycle_policy.services`` of the plan environment.
    :param hooks: ``lifecycle_hooks`` of the plan environment.
    :raises InvalidInput: a lifecycle breaks its format, or a hook stands at
        a step that its service lacks.
    """
    found: dict[str, Service] = {}

    for role, role_services in cloud.role_data.items():
        nodes = sorted((node for node in cloud.nodes.values()
                        if node.role == role), key=lambda node: node.index)

        for name, role_data in role_services.items() if nodes else ():
            service = found.setdefault(name, Service(name))
            lifecycle = lifecycle_format.parse(
                name, role_data['lifecycle'], (policies or {}).get(name))
            site_hooks.attach(hooks, name, role, lifecycle)
            service.lifecycles[role] = lifecycle
            service.nodes.extend(nodes)

    return found


def refuse_unknown(cloud: stack_cloud.Cloud, known: Iterable[str],
                   plan: str, environment: Mapping[str, Any]) -> None:
    """Refuse names of services and roles that a plan does not define.

    :param known: the names of services that the plan's templates define.
    :param environment: the plan's; its policies and hooks name both.
    :raises InvalidInput: a name is not among them; names the field.
    """
    here = services(cloud)
    names = {*known, *here}

    for service in here.values():
        for others in service.after.values():
            for other in sorted(others):
                _require(other.partition('.')[0], names,
                         "service's template", plan=plan,
                         service=service.name, field='lifecycle.after')

    for name in environment['lifecycle_policy'].get('services', {}):
        _require(name, names, "plan's environment", plan=plan,
                 field='lifecycle_policy.services')

    for hook in environment['lifecycle_hooks']:
        for place in site_hooks.PLACES:
            if place in hook:
                _require(hook[place].partition('.')[0], names,
                         "plan's environment", plan=plan,
                         field='lifecycle_hooks')

        _require_roles(cloud, hook.get('roles', []), plan, 'lifecycle_hooks')

    _require_roles(cloud, environment['lifecycle_policy'].get('roles', {}),
                   plan, 'lifecycle_policy.roles')


def _require_roles(cloud: stack_cloud.Cloud, names: Iterable[str], plan: str,
                   field: str) -> None:
    if unknown := sorted(set(names) - cloud.role_data.keys()):
        raise exceptions.InvalidInput(
            f'{field}: the plan has no role named {", ".join(unknown)}.',
            f'Use one of {", ".join(cloud.role_data)}.', plan=plan,
            field=field)


def _require(name: str, names: set[str], where: str, **place: str) -> None:
    if name not in names:
        raise exceptions.InvalidInput(
            f'{place["field"]}: no template of the plan defines a service '
            f'named {name}.', f'Correct the name in the {where}.', **place)
