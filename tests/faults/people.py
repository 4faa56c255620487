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

"""Users and projects of Keystone that tests make and remove again."""

import dataclasses
import uuid

from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client as keystone_client

from tripleo_workflows import clients as service_clients

DOMAIN = 'default'


@dataclasses.dataclass(frozen=True)
class Person:
    """A user with a role in a project.

    :param project: id of the project.
    """

    keystone: keystone_client.Client
    url: str
    name: str
    id: str
    password: str
    project: str

    def clients(self) -> service_clients.Clients:
        """Clients with a token that nothing has seen before."""
        return service_clients.Clients(keystone_session.Session(v3.Password(
            self.url, user_id=self.id, password=self.password,
            project_id=self.project)))

    def enable(self, enabled: bool) -> None:
        """Disable the user, or enable it again."""
        self.keystone.users.update(self.id, enabled=enabled)

    def trusts(self) -> set[str]:
        """Ids of the trusts to Mistral that the user gave and that live.

        Heat makes others for itself and keeps them.
        """
        [mistral] = self.keystone.users.list(name='mistral')

        return {trust.id for trust in self.keystone.trusts.list(
                    trustor_user=self.id)
                if trust.trustee_user_id == mistral.id}

    def delete_trusts(self) -> None:
        """Delete all trusts of the user to Mistral."""
        mine = keystone_client.Client(session=self.clients().session)

        for trust in self.trusts():
            mine.trusts.delete(trust)


class People:
    """Makes users as the administrator, and removes them.

    :param clients: the administrator's.
    """

    def __init__(self, clients: service_clients.Clients):
        self._session = clients.session
        self._keystone = keystone_client.Client(session=clients.session)

    def project(self) -> str:
        """Make a project and return its id."""
        return self._keystone.projects.create(uuid.uuid4().hex, DOMAIN).id

    def home(self) -> str:
        """Id of the administrator's own project."""
        return self._session.get_project_id()

    def person(self, name: str, role: str = 'member', project: str = ''
               ) -> Person:
        """Make a user with a role in a project.

        :param project: its id; empty: the administrator's.
        """
        password = uuid.uuid4().hex
        user = self._keystone.users.create(
            f'{name}-{uuid.uuid4().hex[:8]}', domain=DOMAIN,
            password=password)
        person = Person(self._keystone, self._session.auth.auth_url,
                        user.name, user.id, password,
                        project or self.home())
        self.permit(person, role, person.project)

        return person

    def permit(self, person: Person, role: str, project: str) -> None:
        """Give a user a role in another project too."""
        [found] = self._keystone.roles.list(name=role)
        self._keystone.roles.grant(found, user=person.id, project=project)

    def revoke(self, clients: service_clients.Clients) -> None:
        """Revoke the token of somebody's clients."""
        self._keystone.tokens.revoke_token(clients.session.get_token())

    def remove(self, person: Person) -> None:
        """Delete a user, and with it what they trusted others with."""
        self._keystone.users.delete(person.id)
