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

"""Claims: names that only one contender can take.

A claim is a Mistral environment, because its name is the one unique key of
the undercloud: of many simultaneous creations exactly one succeeds. A claim
guards against accidents, not against members of the project, who may delete
it. Numbered claims ``<series>.<n>`` give distinct numbers; contenders meet at
the name that follows the highest one.
"""

import json
from typing import Any

from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base
from mistralclient.api.v2 import client as mistral_client

from tripleo_workflows import exceptions

Holder = dict[str, Any]


def take(mistral: mistral_client.Client, name: str, holder: Holder) -> bool:
    """Try to take a claim.

    :param holder: what others may learn about the owner; no secrets.
    :returns: whether it is ours. After a lost connection the claim is read
        back and compared, for the request may have been carried out.
    """
    try:
        mistral.environments.create(
            name=name, scope='private', variables=holder,
            description='A claim of tripleo-workflows; do not edit.')
        return True
    except mistral_base.APIException as error:
        if error.error_code == 409:
            return False
        raise exceptions.ServiceUnavailable(
            f'Mistral refused to store a claim ({error.error_code}).',
            'Look at the workflow service, then try again.',
            claim=name) from None
    except keystone_exceptions.ConnectFailure:
        return read(mistral, name) == holder


def read(mistral: mistral_client.Client, name: str) -> Holder | None:
    """Who holds a claim, or None where nobody does."""
    try:
        environment = mistral.environments.get(name)
    except mistral_base.APIException as error:
        if error.error_code == 404:
            return None
        raise exceptions.ServiceUnavailable(
            f'Mistral does not show a claim ({error.error_code}).',
            'Look at the workflow service, then try again.',
            claim=name) from None

    return _variables(environment)


def numbers(mistral: mistral_client.Client, series: str) -> list[int]:
    """The numbers taken in a series that are still there, in order."""
    prefix = f'{series}.'
    found = [environment.name.removeprefix(prefix)
             for environment in mistral.environments.list(
                 name=f'has:{prefix}')
             if environment.name.startswith(prefix)]

    return sorted(int(number) for number in found if number.isdigit())


def highest(mistral: mistral_client.Client, series: str) -> int:
    """The highest number taken in a series, 0 where none ever was."""
    return max(numbers(mistral, series), default=0)


def drop(mistral: mistral_client.Client, name: str) -> None:
    """Remove a claim that nobody needs any more, if it is there."""
    try:
        mistral.environments.delete(name)
    except mistral_base.APIException as error:
        if error.error_code != 404:
            raise


def _variables(environment: Any) -> Holder:
    variables = environment.variables

    return dict(json.loads(variables) if isinstance(variables, str)
                else variables)
