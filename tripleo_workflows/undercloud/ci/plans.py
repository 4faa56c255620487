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

"""The plan of a run in the object store."""

from collections.abc import Mapping
from typing import Any

import swiftclient

from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.undercloud.ci import driving
from tripleo_workflows.undercloud.ci import scenario

#: What a plan's environment got when it was made, and keeps.
KEPT = ('passwords', 'password_requests')
WORKFLOW = 'tripleo.plan_management.v1.create_deployment_plan'


def upload(driver: driving.Driver, files: scenario.Files,
           parameters: Mapping[str, Any]) -> None:
    """Make a plan of files, with parameters in its environment.

    :raises Conflict: there is a plan of that name.
    :raises WorkflowFailed: it is not well-formed.
    """
    plan = store.PlanStore(driver.clients.swift, driver.plan)
    plan.create()
    plan.write(scenario.with_parameters(files, dict(parameters)))
    driver.workflow(WORKFLOW, container=driver.plan)


def replace(driver: driving.Driver, files: scenario.Files,
            parameters: Mapping[str, Any]) -> None:
    """Put another plan in the place of a plan, which keeps its passwords.

    :raises WorkflowFailed: it is not well-formed.
    """
    plan = store.PlanStore(driver.clients.swift, driver.plan)
    stored = plan.read()
    before = environment.load(stored)
    wanted = scenario.with_parameters(
        files, dict(parameters), {name: before[name] for name in KEPT})
    plan.write(wanted, remove=stored.keys() - wanted.keys())
    driver.workflow(WORKFLOW, container=driver.plan)


def delete(swift: swiftclient.Connection, name: str) -> None:
    """Delete a plan, whose stack is gone; its record stays."""
    plan = store.PlanStore(swift, name)
    plan.write({}, remove=plan.read())
    swift.delete_container(name)
