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

"""The light service: one role, two nodes, three steps of at most a second."""

import functools
import pathlib

from tests.faults import small_plan

PLAN = 'light'
SERVICE = 'light'
NAMES = [f'{PLAN}-node-0', f'{PLAN}-node-1']
#: The steps in their order, with what each says about running twice.
STEPS = {'stop': False, 'configure': True, 'start': False}

OWN = pathlib.Path(__file__).with_name('plan')


class Light(small_plan.SmallPlan):
    """What the harness does to the light service."""

    def __init__(self):
        super().__init__(PLAN, OWN, NAMES)

    def preview(self, token):
        """Change the parameter that rolls the service, and preview.

        :returns: the digest of the rollout.
        """
        self.cloud.set_parameters(PLAN, LightToken=token)
        rollout = self.cloud.run('tripleo.upgrade.v1.preview', plan=PLAN)

        if (rollout['services'], rollout['nodes']) != (1, len(NAMES)):
            raise AssertionError(f'The rollout is not the one that was '
                                 f'meant:\n{rollout["tree"]}')

        return rollout['digest']


@functools.cache
def deployed():
    """The light service of this run, deployed at the first call."""
    light = Light()
    light.deploy()

    return light
