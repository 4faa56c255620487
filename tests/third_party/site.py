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

"""What a site lays beside the sample's plan, of which it touches no file."""

import pathlib

from tripleo_workflows.plan import store

HERE = pathlib.Path(__file__).parent
#: The site's workbook, for Mistral; the other files go into the plan.
WORKBOOK = HERE / 'workbook.yaml'
ROLL = 'site.edge.v1.roll'

#: Environments: one adds a service to a role of the plan, the other lets the
#: site's workflow roll a service that the plan has.
ADD_AUDIT = 'site/add-audit.yaml'
TAKE_OVER_HAPROXY = 'site/take-over-haproxy.yaml'

#: Where notes are written, below a node's root.
NOTES = 'var/log/site-notes'


def files():
    """The files that the site adds to the plan, by name."""
    return store.read_directory(HERE / 'plan')


def beside(environment, *listed, **sections):
    """A plan's environment with what the site adds to it.

    :param environment: the plan's, which stays as it is.
    :param listed: environments of the site that count after the plan's.
    :param sections: such as ``lifecycle_policy``.
    """
    return {**environment, **sections, 'environments': [
        *environment['environments'],
        *({'path': name} for name in listed)]}


def hook(name, **more):
    """A hook that notes its name on the nodes on which it runs."""
    return {'name': name, 'script': files()['site/note.sh'],
            'inputs': {'TEXT': name}, 'timeout': 30, **more}
