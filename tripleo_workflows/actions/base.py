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

"""What all actions share: clients of the caller, and errors as text."""

import abc
from typing import Any

import swiftclient
from heatclient import exc as heat_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from mistral_lib import actions
from mistral_lib.actions import context as action_context
from mistralclient.api import base as mistral_base
from oslo_config import cfg

from tripleo_workflows import clients as service_clients
from tripleo_workflows import config
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock

config.register(cfg.CONF)


class Action(actions.Action):
    """An action that answers with data, or with an error and its remedy.

    Mistral rebuilds an action on its executor without calling ``__init__``,
    so that stores the inputs and nothing else.
    """

    def run(self, context: action_context.ActionContext) -> Any:
        """Carry the action out under the caller's rights."""
        try:
            return self.act(Caller(context))
        except exceptions.TripleoError as error:
            return actions.Result(error=str(error))
        except keystone_exceptions.Unauthorized:
            return actions.Result(error=str(exceptions.ServiceUnavailable(
                "The execution's token is no longer valid.",
                'Start tripleo.operation.v1.resume, or the workflow again: '
                'it works under a token of yours.')))
        except (keystone_exceptions.ClientException,
                swiftclient.ClientException, heat_exceptions.HTTPException,
                mistral_base.APIException) as error:
            return actions.Result(error=str(exceptions.ServiceUnavailable(
                f'A service refused a request: {_reason(error)}.',
                'Look at the service, then start the workflow again.')))

    @abc.abstractmethod
    def act(self, caller: 'Caller') -> Any:
        """Do the work; the value becomes the action's result."""


class Caller:
    """The person for whom an action runs, and the execution it runs in."""

    def __init__(self, context: action_context.ActionContext):
        self._security = context.security
        self._execution = context.execution
        self.clients = self._clients()

    def _clients(self) -> service_clients.Clients:
        if not (self._security.auth_token and self._security.service_catalog):
            raise exceptions.InvalidInput(
                'The execution carries no token with a catalogue.',
                'Start the workflow as a user of Keystone; cron triggers '
                'are not served yet.')

        return service_clients.from_token(
            self._security.auth_token, self._security.service_catalog,
            cfg.CONF[config.GROUP].interface)

    @property
    def person(self) -> str:
        """Name of the person, for locks and records."""
        return str(self._security.user_name or 'an unnamed user')

    def root_execution(self) -> str:
        """The top of the execution that the action runs in."""
        return lock.root_execution(self.clients.mistral,
                                   self._execution.workflow_execution_id)

    def holder(self, verb: str) -> lock.Holder:
        """The caller, as the holder of a plan's lock."""
        root = self.root_execution()

        return lock.Holder(root=root, operation=root, verb=verb,
                           person=self.person, since=lock.now())


def _reason(error: Exception) -> str:
    # Their full texts quote URLs and bodies, which may hold secrets.
    status = (getattr(error, 'http_status', None)
              or getattr(error, 'code', None)
              or getattr(error, 'error_code', None) or '')

    return f'{type(error).__name__} {status}'.strip()
