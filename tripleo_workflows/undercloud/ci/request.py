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

"""What somebody asks of a run on the command line."""

import dataclasses
import pathlib

from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import scenario
from tripleo_workflows.undercloud.ci import upgrading

PREFLIGHT, DEPLOY = 'preflight', 'deploy'
AVAILABILITY, READ_BACK, VERSIONS = 'availability', 'read-back', 'versions'


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for.

    :param second: directory of the plan of the first upgrade, if it is
        another one.
    :param name: of the stack; None: what the plan says.
    :param before: environment files of the first deployment.
    :param after: environment files, each of an upgrade.
    :param before_upgrade: a shell command; empty: none.
    :param packages: lock files that the package source must have.
    :param programs: what services of the plan are.
    :param rate: requests per second.
    :param wanted: of all upgrades together.
    """

    plan: pathlib.Path
    second: pathlib.Path | None
    name: str | None
    before: tuple[pathlib.Path, ...]
    after: tuple[pathlib.Path, ...]
    before_upgrade: str
    packages: tuple[pathlib.Path, ...]
    programs: tuple[str, ...]
    rate: float
    wanted: upgrading.Wanted
    report: pathlib.Path
    keep: bool
    subnet: str
    state: undercloud_state.StateDirectory

    def cases(self) -> list[str]:
        """Names of what the run shows, in their order."""
        return [PREFLIGHT, DEPLOY,
                *scenario.titles(self.second, self.after),
                AVAILABILITY, READ_BACK, VERSIONS]

    def scenario(self) -> scenario.Scenario:
        """Read the directories and files, see :func:`scenario.read`."""
        return scenario.read(self.plan, self.second, self.name, self.before,
                             self.after)
