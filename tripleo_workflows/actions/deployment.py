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

"""Actions that bring nodes and deployments together."""

import uuid
from typing import Any

from oslo_config import cfg

from tripleo_workflows import config
from tripleo_workflows import exceptions
from tripleo_workflows.actions import base
from tripleo_workflows.deployments import adhoc
from tripleo_workflows.deployments import enroll
from tripleo_workflows.deployments import survey
from tripleo_workflows.operation import drift


class Enroll(base.Action):
    """Hand each server's agent configuration to its waiting node.

    Input: ``plan``; ``rights``, as tripleo.operation.lock returned them. The
    configuration is a secret: it is written with mode 0600 into the directory
    that the option [tripleo] enroll_directory names, never into the result.
    Returns ``enrolled``, the servers' names, and, without the option,
    ``commands``: for each server, how a person reads its configuration from
    Heat.
    """

    def __init__(self, plan: str, rights: dict[str, Any] | None = None):
        self.plan = plan
        self.rights = rights

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return enroll.enroll(caller.clients_for(self.rights).heat,
                             self.plan,
                             cfg.CONF[config.GROUP].enroll_directory)


class Survey(base.Action):
    """Ask all nodes of a plan what they are, run and have completed.

    Input: ``plan``; ``request_id``, the same for all calls that belong
    together; ``timeout_seconds`` that the nodes have. Returns ``done``; as
    long as it is false, the action has to be called again. Then ``counts``;
    ``rows``, the nodes that drift from the record or do not answer, as many
    as fit; ``table``, the object that has all rows; ``checks``, the same as
    results of checks. It takes no lock and changes nothing.
    """

    def __init__(self, plan: str, request_id: str | None = None,
                 timeout_seconds: int = survey.TIMEOUT):
        self.plan = plan
        self.request_id = request_id
        self.timeout_seconds = timeout_seconds

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return drift.survey(caller.clients, self.plan,
                            self.request_id or uuid.uuid4().hex,
                            self.timeout_seconds)


class Config(base.Action):
    """Run a config on one server, as a software deployment.

    Input: ``server_id``; ``config``, the text; ``name``, what to call it;
    ``input_values``, a mapping or Heat's list, which travels as a secret;
    ``action``, what the variable ``deploy_action`` says;
    ``signal_transport``, TEMP_URL_SIGNAL; ``timeout``, seconds that the
    config may take; ``group``, script or ansible; ``request_id``. Returns
    ``deploy_stdout``, ``deploy_stderr``, ``deploy_status_code``,
    ``seconds`` and ``output``, the object that has all of the output. What
    takes longer than an action may answers ``done`` false and a
    ``request_id``: call it again with the same inputs and that. A status
    code other than 0 is an error, which has it and the output's end.
    """

    def __init__(self, server_id: str, config: str, name: str,
                 input_values: Any = None, action: str = 'CREATE',
                 signal_transport: str = adhoc.TRANSPORT, timeout: int = 300,
                 group: str = 'script', request_id: str | None = None):
        self.server_id = server_id
        self.config = config
        self.name = name
        self.input_values = input_values
        self.action = action
        self.signal_transport = signal_transport
        self.timeout = timeout
        self.group = group
        self.request_id = request_id

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return adhoc.on_one(
            caller.clients, self.request_id or uuid.uuid4().hex,
            adhoc.Config(self.config, self.name, self.group,
                         adhoc.values_of(self.input_values), self.action,
                         self.timeout),
            self.server_id, self.signal_transport)


class DeployOnServers(base.Action):
    """Run a config on one server, or on all of them.

    Input: ``server_name``, the whole name of one or ``all``; ``config``,
    the text; ``config_name``; ``group``, script or ansible;
    ``server_uuid``, where it is known; ``plan``, whose servers are meant,
    else those of all stacks; ``timeout_seconds`` that the config may take;
    ``request_id``, the same for all calls that belong together. Returns
    ``done``; as long as it is false, the action has to be called again.
    Then ``counts`` by status; ``rows`` (status code and the ends of stdout
    and stderr), those that are not done first, as many as fit; ``table``,
    the object that has it all; ``failed`` and ``message``.
    """

    def __init__(self, server_name: str, config: str, config_name: str,
                 group: str = 'script', server_uuid: str | None = None,
                 plan: str | None = None, timeout_seconds: int = 300,
                 request_id: str | None = None):
        self.server_name = server_name
        self.config = config
        self.config_name = config_name
        self.group = group
        self.server_uuid = server_uuid
        self.plan = plan
        self.timeout_seconds = timeout_seconds
        self.request_id = request_id

    def act(self, caller: base.Caller) -> dict[str, Any]:
        return adhoc.on_many(
            caller.clients, self.request_id or uuid.uuid4().hex,
            adhoc.Config(self.config, self.config_name, self.group,
                         timeout=self.timeout_seconds),
            self.server_name, self.server_uuid, self.plan)


class CheckInputs(base.Action):
    """Refuse inputs that the pack accepts by name but does not serve.

    Input: ``given``, the values by input; ``accepted``, for each of them the
    values that are let through because they ask for nothing. Returns
    ``without_effect``, the inputs that were given and ignored.
    """

    def __init__(self, given: dict[str, Any],
                 accepted: dict[str, list[Any]]):
        self.given = given
        self.accepted = accepted

    def act(self, caller: base.Caller) -> dict[str, Any]:
        for name, values in self.accepted.items():
            if self.given[name] not in values:
                raise exceptions.InvalidInput(
                    f'{name}: {self.given[name]!r} is not served.',
                    f'Leave it out, or give '
                    f'{" or ".join(map(repr, values))}.', field=name)

        return {'without_effect': sorted(self.accepted)}
