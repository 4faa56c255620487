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

"""Deliveries of the tests' own making to a real agent, and its node."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import urllib.parse
import uuid

import testtools
from oslo_config import cfg
from oslo_config import fixture as config_fixture

from tests import waiting
from tests.functional import cloud as functional_cloud
from tests.unit.deployments.node import hook
from tripleo_workflows import config
from tripleo_workflows.deployments import bundle
from tripleo_workflows.deployments import delivery
from tripleo_workflows.deployments.node import journal
from tripleo_workflows.operation import record
from tripleo_workflows.rollout import delivered
from tripleo_workflows.rollout import units
from tripleo_workflows.undercloud import node_agent
from tripleo_workflows.undercloud import node_boot

COMPUTE = f'{functional_cloud.PLAN}-compute-'


class AgentTestCase(testtools.TestCase):
    """Sends requests to a node; a store of the test's own takes answers.

    The plan is the test's own too, since nodes count fences by plan.
    """

    #: The node has ansible-core; its neighbour, number 1, has not.
    number = 0

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.store = self.useFixture(hook.Store())
        self.plan = uuid.uuid4().hex
        self.node = self.cloud.node(f'{COMPUTE}{self.number}')
        self.directory = self.node.root / 'var/lib/tripleo-workflows'
        servers = self.cloud.clients.heat.stacks.output_show(
            functional_cloud.PLAN, 'ServerIdMap')['output']['output_value']
        self.server_id = servers['server_ids']['Compute'][self.number]
        self.scratch = self.node.root / 'tmp' / self.plan
        self.scratch.mkdir()
        # A hook that cannot tell us that it has ended tries for minutes, and
        # its agent waits for it.
        self.addCleanup(waiting.wait_for, self.is_idle)

    def is_idle(self):
        return self.cloud.is_idle(self.node)

    def request(self, payload='', service='web', step='start', attempt=1,
                operation='operation', **changes):
        return {'key': {'plan': self.plan, 'operation': operation,
                        'service': service, 'batch': '1', 'step': step,
                        'node': self.node.name, 'attempt': attempt},
                'fence': 1, 'kind': 'script', 'payload': payload,
                'timeout': 60, 'idempotent': False, 'environment': {},
                'secrets_url': None, 'lifetime': 300,
                'accepted_url': f'{self.store.url}/accepted',
                'result_url': f'{self.store.url}/result',
                'output_url': f'{self.store.url}/output', **changes}

    def send(self, payload='', **changes):
        """Send a request as a software deployment."""
        heat = self.cloud.clients.heat
        signal_inputs = {
            'deploy_server_id': self.server_id,
            'deploy_signal_transport': 'TEMP_URL_SIGNAL',
            'deploy_signal_id': f'{self.store.url}/signal',
            'deploy_signal_verb': 'PUT'}
        config = heat.software_configs.create(
            name=self.plan, group='script',
            config=bundle.runner_text(self.request(payload, **changes)),
            inputs=[{'name': name, 'type': 'String', 'value': value}
                    for name, value in signal_inputs.items()])
        self.addCleanup(heat.software_configs.delete, config.id)
        deployment = heat.software_deployments.create(
            config_id=config.id, server_id=self.server_id, action='CREATE',
            status='IN_PROGRESS')
        self.addCleanup(heat.software_deployments.delete, deployment.id)

    def result(self, seconds=60):
        return self.store.results.get(timeout=seconds)

    def results(self, number):
        """So many answers, by service and step."""
        found = [self.result() for _ in range(number)]

        return {(one['key']['service'], one['key']['step']): one
                for one in found}

    def answer(self, payload='', seconds=60, **changes):
        """Send a request and wait for its answer."""
        self.send(payload, **changes)

        return self.result(seconds)

    def hook_output(self):
        """Wait for a hook to end, and return what it printed."""
        return self.store.signals.get(timeout=60)['deploy_stdout']

    def entries(self):
        return [entry for entry in journal.Journal(self.directory).entries()
                if entry['key']['plan'] == self.plan]

    def events(self):
        return [entry['event'] for entry in self.entries()]

    def guardian(self):
        """The process id of the guardian that began last."""
        return [entry['pid'] for entry in self.entries()
                if entry['event'] == 'started'][-1]

    def written(self, name):
        """The text of a file of the scratch directory, when it is there."""
        path = self.scratch / name

        return waiting.wait_for(lambda: path.exists() and path.read_text())

    def rolling(self, script, known):
        """A rollout's own sending of a step; its agents poll each second.

        :param known: how the step stands on the node; changed in place.
        """
        config.register(cfg.CONF)
        self.useFixture(config_fixture.Config(cfg.CONF)).config(
            agent_poll_seconds=1, group=config.GROUP)
        name = self.node.name
        dispatcher = delivery.Dispatcher(
            self.cloud.clients, f'{functional_cloud.PLAN}-operations')
        self.addCleanup(lambda: dispatcher.clean(
            f'{self.plan}/', known.get(name, {}).get('ids', [])))

        return delivered.DeliveredStep(
            dispatcher, record.Operation(self.plan, self.plan, 1, 1, ''),
            'web', '1', 'start', {name: units.Member(
                {'name': name, 'role': 'Compute', 'index': self.number,
                 'address': '127.0.0.1', 'server_id': self.server_id},
                {'steps': {'start': {'script': script}}, 'secrets': []},
                ('start',))},
            known, lambda member: {}, lambda: False)

    def metadata_object(self):
        """Container and name of what Heat pushes to the node."""
        enrolled = json.loads(
            (self.node.root / node_agent.ENROLLED).read_text())
        url = node_agent.sections(enrolled)['request']['metadata_url']

        return urllib.parse.urlsplit(url).path.split('/')[-2:]

    def supervisorctl(self, *arguments):
        return subprocess.run(
            [self.node.root / 'bin' / 'supervisorctl', *arguments],
            check=False, capture_output=True, text=True, timeout=60).stdout

    def kill_all(self, but=()):
        """Kill what runs on the node, but its service manager and these.

        :returns: how many processes there were.
        """
        manager = self.cloud.node(self.node.name).pid
        found = [process for process in node_boot.processes(self.node.root)
                 if process not in (manager, *but)]

        for process in found:
            kill(process)

        return len(found)


def kill(process, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def is_living(process):
    try:
        state = pathlib.Path(f'/proc/{process}/stat').read_text()
    except FileNotFoundError:
        return False

    return state.rpartition(')')[2].split()[0] != 'Z'


def descendants(process):
    """The children of a process, their children and so on."""
    children = {}

    for entry in pathlib.Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            parent = entry.read_text().rpartition(')')[2].split()[1]
            children.setdefault(int(parent), []).append(
                int(entry.parent.name))

    found = []
    wave = [process]

    while wave:
        wave = [child for one in wave for child in children.get(one, [])]
        found += wave

    return found
