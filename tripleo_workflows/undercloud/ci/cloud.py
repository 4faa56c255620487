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

"""The cloud of a run: deployed once, then upgraded while it is used."""

import dataclasses
import subprocess
from collections.abc import Mapping
from typing import Any

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import probing
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.operation import report as operation_report
from tripleo_workflows.pack import sync
from tripleo_workflows.pack import workbooks
from tripleo_workflows.stack import cloud as stack_cloud
from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import clock as run_clock
from tripleo_workflows.undercloud.ci import driving
from tripleo_workflows.undercloud.ci import plans
from tripleo_workflows.undercloud.ci import scenario as run_scenario
from tripleo_workflows.undercloud.ci import session
from tripleo_workflows.undercloud.ci import upgrading
from tripleo_workflows.undercloud.ci import versions


@dataclasses.dataclass(frozen=True)
class Upgrade:
    """An upgrade that was begun.

    :param old: by service, the release that the plan wanted before.
    :param new: by service, the one that it wants now.
    """

    title: str
    probed: upgrading.ProbedUpgrade
    watch: versions.Watch
    old: Mapping[str, str]
    new: Mapping[str, str]


class Cloud:
    """A cloud on local nodes of a running undercloud.

    :param subnet: where the nodes get their addresses.
    """

    def __init__(self, state: undercloud_state.StateDirectory, subnet: str,
                 scenario: run_scenario.Scenario, clock: run_clock.Clock):
        self.clients = credentials.clients(state)
        self.driver = driving.Driver(self.clients, scenario.stack, clock)
        #: Ids of its operations by what they are called in reports.
        self.operations: dict[str, str] = {}
        #: Those that were begun, in their order.
        self.upgrades: list[Upgrade] = []
        self._state = state
        self._subnet = subnet
        self._scenario = scenario
        self._clock = clock
        self._nodes: list[local_nodes.Node] = []

    def deploy(self, title: str) -> None:
        """Make the nodes, and deploy the first plan on them.

        :raises Conflict: there is a plan of that name.
        :raises TripleoError: it went wrong.
        """
        clock, scenario = self._clock, self._scenario

        with clock.part(f'{len(scenario.nodes)} nodes that wait'):
            self._nodes = local_nodes.add(
                self._state, scenario.nodes, self._subnet)
            clock.tell(local_nodes.table(self._nodes))

        with clock.part('The workflows go into Mistral'):
            sync.synchronise(self.clients, workbooks.load())

        with clock.part('The plan goes into Swift'):
            plans.upload(self.driver, scenario.files,
                         {**self._addresses(), **scenario.parameters})

        with clock.part('The plan is deployed'):
            try:
                self.driver.workflow('tripleo.deployment.v1.deploy_plan',
                                     container=scenario.stack)
            finally:
                self._note(title)

    def _addresses(self) -> dict[str, Any]:
        content: Any = local_nodes.port_map(self._nodes)
        found: dict[str, Any] = content['parameter_defaults']

        return found

    def _note(self, title: str) -> None:
        """Remember the plan's newest operation, if it is one of ours."""
        try:
            story = operation_report.read(operation_record.Record(
                self.clients.swift, self._scenario.stack))
        except exceptions.NotFound:
            return

        operation = str(story.opened['operation'])

        if operation not in self.operations.values():
            self.operations[title] = operation

    def run_command(self, command: str) -> None:
        """Run a shell command beside the cloud.

        :raises StepFailed: it did not end with 0.
        """
        with self._clock.part('The command before the first upgrade'):
            self._clock.tell(f'$ {command}')
            done = subprocess.run(
                ['/bin/sh', '-c', command], stdin=subprocess.DEVNULL,
                env=session.environment(self._state, self._scenario.stack,
                                        self._nodes))

        if done.returncode:
            raise exceptions.StepFailed(
                f'The command before the upgrade ended with code '
                f'{done.returncode}.', 'See what it wrote above.')

    def upgrade(self, hop: run_scenario.Hop, rate: float,
                wanted: upgrading.Wanted) -> None:
        """Change the plan, and bring the cloud to it while it is used.

        :raises InvalidInput: the change leaves nothing to be done.
        :raises TripleoError: it went wrong.
        """
        old = releases(self.clients, self._scenario.stack)
        # Users go on with what they did before.
        probes = probing.probes(self.clients.heat, self._scenario.stack)

        with self._clock.part(f'The plan changes: {hop.title}'):
            digest = self._preview(hop)

        new = releases(self.clients, self._scenario.stack)
        upgrade = Upgrade(
            hop.title, upgrading.ProbedUpgrade(self.driver, probes, rate),
            versions.Watch(versions.Sampler(self._nodes, {**old, **new})),
            old, new)

        with self._clock.part(f'The cloud follows: {hop.title}, while '
                              f'{rate:g} requests a second come in'):
            self.upgrades.append(upgrade)

            try:
                with upgrade.watch:
                    upgrade.probed.run(digest, wanted)
            finally:
                self._note(hop.title)

    def _preview(self, hop: run_scenario.Hop) -> str:
        if hop.files is not None:
            plans.replace(self.driver, hop.files,
                          {**self._addresses(), **hop.parameters})
        else:
            self.driver.set_parameters(hop.parameters)

        preview = self.driver.preview()

        if not preview['services']:
            raise exceptions.InvalidInput(
                f'There is nothing to do for: {hop.title}.',
                'Set parameters by which a release, a package or a '
                'configuration of a service changes.', field='--to')

        return str(preview['digest'])

    def take_off(self) -> None:
        """Remove the cloud, its nodes and its plan from the undercloud."""
        with self._clock.part('The cloud is removed'):
            stack = self._scenario.stack
            self.driver.workflow('tripleo.deployment.v1.undeploy_plan',
                                 container=stack)
            local_nodes.remove(self._state,
                               [node.name for node in self._nodes])
            plans.delete(self.clients.swift, stack)


def releases(clients: service_clients.Clients, stack: str) -> dict[str, str]:
    """By service, the release that the stack's plan wants."""
    cloud = stack_cloud.read(clients.heat, stack,
                             stack_cloud.roles(clients.heat, stack))

    return {service: str(data['lifecycle'].get('release', ''))
            for services in cloud.role_data.values()
            for service, data in services.items()}
