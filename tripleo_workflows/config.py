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

"""Options of the section ``[tripleo]`` in Mistral's configuration."""

from oslo_config import cfg

GROUP = 'tripleo'

OPTIONS = [
    cfg.IntOpt(
        'agent_poll_seconds',
        default=30, min=1,
        help='How often the agents on the nodes look for something new: '
             'polling_interval of os-collect-config. What no agent has taken '
             'after two such times is sent once more.'),
    cfg.StrOpt(
        'enroll_directory',
        help='Directory into which tripleo.deployment.v1.enroll writes the '
             'agent configuration of each server, as <hostname>.json with '
             'mode 0600. Unset: nothing is written, and the output names the '
             'command by which a person reads it from Heat.'),
    cfg.StrOpt(
        'interface',
        default='public',
        help='Interface of the endpoints that actions talk to.'),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give oslo-config-generator our options by section."""
    return [(GROUP, OPTIONS)]


def patience() -> float:
    """Seconds that an agent is given to take a delivery."""
    register(cfg.CONF)

    return max(5.0, 2.0 * int(cfg.CONF[GROUP].agent_poll_seconds))


def register(conf: cfg.ConfigOpts) -> None:
    """Make ``conf.tripleo`` readable; may be called more than once."""
    conf.register_opts(OPTIONS, group=GROUP)
