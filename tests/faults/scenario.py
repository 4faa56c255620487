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

"""What a seed stands for: what is killed, where, and when."""

import dataclasses
import random

from tests.faults import light

SERVICES = ('mistral', 'heat', 'swift', 'keystone')
TARGETS = (*SERVICES, 'agent', 'guardian', 'payload', 'node')
#: Targets that are there only while the node works on a step.
BRIEF = ('guardian', 'payload')

#: Between ``started`` and ``done`` in a node's journal.
JOURNAL = 'started..done'
#: Between a step's dispatch and the record of it.
DISPATCH = 'dispatch..record'
#: Between the write of a record and what follows it: the node's answer, or
#: the action's.
ANSWER = 'record..answer'
MOMENTS = (JOURNAL, DISPATCH, ANSWER)

#: Chosen so that the first three seeds are three different stories.
SALT = 18
#: The latest moment in a payload of 0.9 s.
MOST_DELAY = 0.8


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One kill, as its seed says.

    :param target: what is killed.
    :param node: whose journal is watched, and where node's parts are killed.
    :param moment: one of MOMENTS.
    :param step: of the light service.
    :param delay: seconds after ``started``, where the moment is JOURNAL.
    :param point: of the switch, for the other moments.
    :param status: of the step in the record that the point is about.
    """

    seed: int
    target: str
    node: str
    moment: str
    step: str
    delay: float
    point: str
    status: str

    def __str__(self):
        where = f' on {self.node}' if self.target not in SERVICES else ''
        when = (f'{self.delay:.2f} s after started on {self.node}'
                if self.moment == JOURNAL
                else f'held {self.point} ({self.status})')

        return (f'seed {self.seed}: kill {self.target}{where}, '
                f'{self.moment} of {self.step}, {when}')


def of_seed(seed):
    """What a seed stands for.

    Any 24 seeds from a multiple of 24 on hold each target at each moment
    once, in an order of their own, and of any three seeds from a multiple of
    three on each has another moment.
    """
    cycle, place = divmod(seed, len(TARGETS) * len(MOMENTS))
    targets = {}

    for moment in MOMENTS:
        shuffled = list(TARGETS)
        random.Random(f'{SALT}.{cycle}.{moment}').shuffle(shuffled)  # noqa: S311
        targets[moment] = shuffled

    moment = MOMENTS[place % len(MOMENTS)]
    target = targets[moment][place // len(MOMENTS)]
    draw = random.Random(f'{SALT}.{seed}')  # noqa: S311
    node = draw.choice(light.NAMES)
    step = draw.choice(list(light.STEPS))
    delay = draw.uniform(0, MOST_DELAY)
    point = draw.choice(_points(moment))
    # Who is there only while the step runs is not killed after it.
    status = ('sent' if moment != ANSWER or target in BRIEF
              else draw.choice(('sent', 'done')))

    return Scenario(seed, target, node, moment, step, delay, point, status)


def _points(moment):
    if moment == DISPATCH:
        return ('after dispatch', 'before write')

    return ('after write',)
