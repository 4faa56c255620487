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

"""The stage: the second sample, deployed once, whose upgrades go wrong.

There is no way back from an upgrade that was finished. So the only test that
finishes one comes, in the order of the modules, after those that need the old
release.
"""

import contextlib
import functools
import pathlib
import subprocess

import psutil
import requests

from tests import database
from tests.variants import operated
from tripleo_workflows.checks import prober
from tripleo_workflows.operation import probing
from tripleo_workflows.plan import environment
from tripleo_workflows.plan import store
from tripleo_workflows.stack import arguments
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud.ci import versions

PLAN = 'openstack'
SAMPLE = pathlib.Path('samples/openstack')
CONTROLLERS = [f'{PLAN}-controller-{number}' for number in range(3)]
FIRST, SECOND, THIRD = CONTROLLERS
DATABASE = f'{PLAN}-database-0'
KEYSTONE = 'keystone'
PORT = 15000

#: Two releases, between which the schema changes.
OLD, NEW = '28.1.0', '29.1.0'
#: How far Keystone's schema is with each, where expansions are concerned.
EXPANSIONS = 'e8725d6fa226', '742c857f1dfb'
#: The table that the second expansion changes, and any reader of it.
READ = 'SELECT COUNT(*) FROM revocation_event'
#: What a test may change; where it does not matter, either will do.
ROUNDS = 4, 5
RATE = 20.0
#: What is not well is known soon.
POLICY = {'services': {KEYSTONE: {'check_timeout': 5}}}


class Stage(operated.OperatedPlan):
    """What tests do to the cloud."""

    service = KEYSTONE
    #: The one with which a test begins.
    release = OLD

    def __init__(self):
        self._files_read = store.read_directory(SAMPLE, follow_links=True)
        super().__init__(PLAN, SAMPLE, list(dict.fromkeys(
            arguments.hostnames(PLAN, self._files_read))))

    def _files(self):
        nodes = [node for node in local_nodes.listing(self.state)
                 if node.name in self.nodes]

        content = environment.merge_parameters(
            environment.load(self._files_read), {
                **local_nodes.port_map(nodes)['parameter_defaults'],
                'KeystoneRelease': OLD})

        return {**self._files_read, environment.FILE: environment.dump(
            {**content, 'lifecycle_policy': POLICY})}

    @functools.cached_property
    def database(self):
        """The database of Keystone."""
        return database.Database(self.root(DATABASE), KEYSTONE)

    def revisions(self):
        """The migrations that Keystone's schema has come to."""
        return {*self.database.run('SELECT version_num FROM alembic_version')}

    def address(self, node):
        """The address of a node."""
        return self.cloud.node(node).address

    def set_up(self):
        """Bring it to a good state, whatever an earlier test has left."""
        self.settle()
        self.set_hooks([])
        rollout = self.preview(KeystoneApproveContract=False,
                               KeystoneRelease=self.release)

        if rollout['services']:
            self.run(rollout)

    def restore_schema(self):
        """Give the database the schema back that the old release had."""
        if set(EXPANSIONS) & self.revisions():
            self.restore()

    def backup(self):
        """The backup that was made before the new release came."""
        return (self.root(FIRST) / f'var/lib/keystone/before-{NEW}.sql')

    def restore(self):
        """Restore the backup, as the sample says that it is restored."""
        with self.backup().open() as backup:
            subprocess.run(
                ['mariadb', '--no-defaults', '-h', self.address(DATABASE),
                 '-u', 'migration', KEYSTONE], stdin=backup, check=True,
                env={'MYSQL_PWD': self.password('DatabaseMigrationPassword'),
                     'PATH': '/usr/bin:/bin'})

    def environment(self):
        """The plan's environment as it is now."""
        return environment.load(
            store.PlanStore(self.clients.swift, PLAN).read())

    def password(self, name):
        """A password of the plan."""
        return self.environment()['passwords'][name]

    def parameter(self, name, default):
        """A parameter as the plan sets it now."""
        return self.environment()['parameter_defaults'].get(name, default)

    def change(self, **parameters):
        """Preview a change of Keystone within its release."""
        now = self.parameter('KeystoneHashRounds', ROUNDS[0])

        return self.preview(KeystoneHashRounds=sum(ROUNDS) - now,
                            **parameters)

    def serving(self):
        """By controller, the releases of Keystone that listen there."""
        nodes = [self.cloud.node(name) for name in CONTROLLERS]
        found = versions.Sampler(nodes, [KEYSTONE]).look().get(KEYSTONE, {})

        return [found.get(node) for node in CONTROLLERS]

    def process(self, node):
        """The process that serves Keystone on a node, and has workers."""
        address = self.address(node)
        listening = {connection.pid for connection
                     in psutil.net_connections('tcp')
                     if connection.status == psutil.CONN_LISTEN
                     and connection.laddr == (address, PORT)}
        [master] = [process for process in map(psutil.Process, listening)
                    if process.ppid() not in listening]

        return master

    def attempt(self, node, started):
        """Where a node keeps what an attempt at a step needs and says.

        :param started: its entry of the journal.
        """
        return (self.root(node) / 'var/lib/tripleo-workflows/attempts'
                / started['attempt'])

    def switch(self, node, verb, program):
        """Start or stop a program of a node behind everybody's back."""
        subprocess.run([self.root(node) / 'bin/supervisorctl', verb, program],
                       check=True, stdout=subprocess.DEVNULL)

    def token(self, node):
        """A token that Keystone issues through a node's load balancer."""
        user = {'name': 'admin', 'domain': {'id': 'default'},
                'password': self.password('AdminPassword')}
        answer = requests.post(
            f'http://{self.address(node)}:5000/v3/auth/tokens', timeout=10,
            json={'auth': {'identity': {'methods': ['password'],
                                        'password': {'user': user}}}})

        return answer.headers['X-Subject-Token']

    def validate(self, node, token):
        """Ask the Keystone of a node itself about a token; the status."""
        return requests.get(
            f'http://{self.address(node)}:{PORT}/v3/auth/tokens', timeout=10,
            headers={'X-Auth-Token': token, 'X-Subject-Token': token}
            ).status_code

    @contextlib.contextmanager
    def probed(self, nodes=CONTROLLERS, service=''):
        """Use the cloud meanwhile, through the load balancers of nodes.

        :param service: the only one that is used; empty: all.
        :returns: the prober, which has stopped when this ends.
        """
        addresses = [f'/{self.address(node)}:' for node in nodes]
        probe = prober.Prober(
            [each for each in probing.probes(self.clients.heat, PLAN)
             if each['name'].startswith(service)
             and any(address in each['flow'][0]['http']['url']
                     for address in addresses)], RATE)
        probe.start()

        try:
            yield probe
        finally:
            probe.stop()


@functools.cache
def deployed():
    """The stage of this run, deployed at the first call."""
    stage = Stage()
    stage.deploy()

    return stage
