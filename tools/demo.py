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

"""Deploy a small cloud on this machine, and upgrade it while it is used.

Everything is real: Keystone, Swift, Heat and Mistral run as processes of
this user, and so does every node. At the end they are left running, to be
looked at.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.checks import availability
from tripleo_workflows.checks import http
from tripleo_workflows.operation import probing
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud.ci import clock as run_clock
from tripleo_workflows.undercloud.ci import driving
from tripleo_workflows.undercloud.ci import upgrading

PLAN = 'overcloud'
NODES = ['overcloud-controller-0', 'overcloud-controller-1',
         'overcloud-controller-2', 'overcloud-database-0',
         'overcloud-compute-0', 'overcloud-compute-1']
#: Ports of the sample's load balancer and of the web service behind it.
BALANCER_PORT = 8000
WEB_PORT = 8080
#: What the web service is upgraded to.
RELEASE = '2'
#: What the prober sends at least.
REQUESTS = 500
WRITES = 50

#: Where the undercloud lives; made anew each time.
#: Not .tox/demo, where tox keeps things of its own.
STATE = pathlib.Path('.tox/demo-cloud')
BIN = pathlib.Path(sys.executable).parent

say = run_clock.say


class Failed(exceptions.TripleoError):
    """The demo cannot go on; the message says why."""


def command(*arguments: str, show: bool = True) -> str:
    """Run one of the project's commands.

    :param show: whether its output is for the reader or for us.
    """
    if show:
        say(f'$ {shlex.join(arguments)}')

    done = subprocess.run(
        [BIN / arguments[0], *arguments[1:]], text=True,
        stdout=None if show else subprocess.PIPE)

    if done.returncode:
        raise Failed(f'{shlex.join(arguments)} ended with code '
                     f'{done.returncode}.')

    return done.stdout or ''


def ask(url: str) -> dict[str, str]:
    """Ask a web service, or a load balancer, who answers there.

    :returns: ``release`` and ``node`` of the process that answered.
    """
    try:
        answer = http.request(url)
    except OSError as error:
        raise Failed(f'{url}: {http.reason(error)}.') from None

    if answer.status != 200:
        raise Failed(f'{url} answered {answer.status}.')

    found: dict[str, str] = json.loads(answer.body)

    return found


def remove_undercloud(state: pathlib.Path) -> None:
    """Take down what an earlier demo left, and forget it."""
    command('tripleo-undercloud', 'down', '--state-dir', str(state))
    shutil.rmtree(state)


def start_undercloud(state: pathlib.Path) -> None:
    """Make an undercloud, and let all clients of ours talk to it."""
    chosen = [f'--{service}-port={port}'
              for service, port in ports.free().items()
              if port != undercloud_state.DEFAULT_PORTS[service]]
    command('tripleo-undercloud', 'up', '--state-dir', str(state), *chosen)
    os.environ |= {'OS_CLIENT_CONFIG_FILE': str(state / 'clouds.yaml'),
                   'OS_CLOUD': 'undercloud'}


def add_nodes(state: pathlib.Path, subnet: str | None) -> dict[str, str]:
    """Make nodes that wait for a cloud.

    :returns: their addresses by name.
    """
    chosen = ['--subnet', subnet] if subnet else []
    command('tripleo-undercloud', 'node', 'add', '--state-dir', str(state),
            *chosen, *NODES)
    listing = json.loads(command(
        'tripleo-undercloud', 'node', 'list', '--state-dir', str(state),
        '-f', 'json', show=False))

    return {node['name']: node['address'] for node in listing}


def upload_plan(state: pathlib.Path) -> None:
    """Upload the sample, with the addresses of the nodes."""
    nodes = state / 'nodes.yaml'
    nodes.write_text(command(
        'tripleo-undercloud', 'node', 'list', '--state-dir', str(state),
        '-f', 'environment', show=False))
    command('tripleo-workflows', 'plan', 'upload', 'samples/overcloud', PLAN,
            '-e', str(nodes))


def probed_upgrade(driver: driving.Driver, digest: str,
                   picture: pathlib.Path) -> availability.Report:
    """Carry the rollout out while a prober uses the cloud; draw both."""
    upgrade = upgrading.ProbedUpgrade(
        driver, probing.probes(driver.clients.heat, PLAN))
    report = upgrade.run(digest, upgrading.Wanted(REQUESTS, WRITES))
    picture.write_text(upgrade.picture())

    return report


def summary(clock: run_clock.Clock, report: availability.Report,
            releases: dict[str, str]) -> None:
    """Say what was measured."""
    say('\n== Summary')

    for line in clock.summary():
        say(line)

    total = report.total
    say(f'\n{report.verdict()} ({total.writes} writes; median '
        f'{total.median:.0f} ms, 99 % within {total.p99:.0f} ms, at most '
        f'{total.maximum:.0f} ms)')

    for failure in report.failures:
        say(f'  after {failure.at:.1f} s, {failure.probe}: {failure.reason}')

    for name, figures in report.endpoints.items():
        say(f'{name}: at most {figures.gap:.2f} s without an answer')

    for name, release in releases.items():
        say(f'{name}: its own process answers as release {release}')


def look_around(state: pathlib.Path, url: str) -> None:
    """Name commands that show what is running now."""
    env = shlex.join(['tripleo-undercloud', 'env', '--state-dir', str(state)])
    down = shlex.join(
        ['tripleo-undercloud', 'down', '--state-dir', str(state)])
    say(f"""
Everything is still running. To look around:
  PATH={BIN}:$PATH
  eval "$({env})"
  openstack stack list --nested
  openstack workflow execution list
  openstack object list {PLAN}
  tripleo-undercloud node list --state-dir {shlex.quote(str(state))}
  curl {url}
The upgrade as a picture: {state / 'upgrade.svg'}
To stop it:
  {down}""")


def run(clock: run_clock.Clock, state: pathlib.Path, subnet: str | None
        ) -> int:
    """Run all parts; return the exit code."""
    if state.exists():
        with clock.part('An earlier demo is taken down'):
            remove_undercloud(state)

    with clock.part('A real undercloud'):
        start_undercloud(state)

    with clock.part('Six nodes that wait'):
        addresses = add_nodes(state, subnet)

    driver = driving.Driver(service_clients.from_environment(), PLAN, clock)
    controllers = {name: address for name, address in addresses.items()
                   if 'controller' in name}
    urls = [f'http://{address}:{BALANCER_PORT}'
            for address in controllers.values()]

    with clock.part('The workflows go into Mistral'):
        command('tripleo-workflows', 'sync')

    with clock.part('A plan goes into Swift'):
        upload_plan(state)
        driver.workflow('tripleo.plan_management.v1.create_deployment_plan',
                        container=PLAN)

    with clock.part('The plan is deployed'):
        driver.workflow('tripleo.deployment.v1.deploy_plan', container=PLAN)

    with clock.part('The cloud answers through its load balancers'):
        for url in urls:
            answered = ask(url)
            say(f'{url}: release {answered["release"]} on '
                f'{answered["node"]}')

    with clock.part('A new release of the web service: what would happen'):
        driver.action('tripleo.parameters.update', container=PLAN,
                      parameters={'WebRelease': RELEASE})
        preview = driver.preview()

    with clock.part('The upgrade, while 20 requests a second come in'):
        report = probed_upgrade(driver, preview['digest'],
                                state / 'upgrade.svg')

    releases = {name: ask(f'http://{address}:{WEB_PORT}')['release']
                for name, address in controllers.items()}
    summary(clock, report, releases)
    look_around(state, urls[0])
    old = [name for name, release in releases.items() if release != RELEASE]

    if old:
        say(f'Still on the old release: {", ".join(old)}.')

    return int(bool(report.total.failed or old))


def main() -> int:
    """Run the demo; exit code 0 means that no request failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--subnet', help='loopback subnet of the nodes, where others than '
                         'the usual addresses are wanted')
    arguments = parser.parse_args()

    try:
        return run(run_clock.Clock(), STATE, arguments.subnet)
    except exceptions.TripleoError as failure:
        say(f'\nThe demo failed: {failure}')
        say(f'The undercloud was left as it is, in {STATE}; see its logs.')
        return 1


if __name__ == '__main__':
    sys.exit(main())
