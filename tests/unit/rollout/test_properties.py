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

"""What holds for every rollout, whatever the cloud."""

import copy
import dataclasses
import itertools

import hypothesis
import testtools
from hypothesis import strategies

from tests.unit.rollout import plans
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import difference
from tripleo_workflows.rollout import document as rollout_document
from tripleo_workflows.rollout import graph
from tripleo_workflows.rollout import order
from tripleo_workflows.rollout import policy
from tripleo_workflows.rollout import revision
from tripleo_workflows.stack import cloud as stack_cloud

#: The same examples each time, and so many.
holds = hypothesis.settings(
    deadline=None, database=None, derandomize=True, max_examples=60,
    suppress_health_check=list(hypothesis.HealthCheck))

NAMES = ('api', 'cache', 'database', 'engine', 'front', 'gate')
ROLES = ('Controller', 'Compute', 'Storage')
AMOUNTS = strategies.sampled_from([1, 2, 3, '10%', '34%', '50%', '100%'])


@dataclasses.dataclass
class Case:
    """A cloud before and after somebody changed its plan.

    :param before: role data by role, then by service; ``after`` likewise.
    :param counts: numbers of nodes by role, afterwards.
    """

    before: dict
    after: dict
    counts: dict
    fewer: dict
    policies: dict

    def deployed(self):
        kept = plans.Kept()
        kept.deploy(self.before, verb='deploy', **self.fewer)

        return kept

    def compute(self, kept, **more):
        return kept.compute(self.after, policies=self.policies,
                            **{**self.counts, **more})


@strategies.composite
def services(draw):
    """Role data of some services, by name, that wait for earlier ones."""
    found = {}

    for name in NAMES[:draw(strategies.integers(1, len(NAMES)))]:
        others = [other for other in found if draw(strategies.booleans())]
        phase = draw(strategies.sampled_from(['prepare', 'roll', 'finish']))
        waited = draw(strategies.sampled_from(['', '.prepare', '.roll']))
        phases = {key: content for key, content in (
            ('prepare', {'expand': plans.script()}),
            ('finish', {'contract': plans.script()}))
            if draw(strategies.booleans())}
        found[name] = plans.lifecycle(
            after=others if draw(strategies.booleans()) else {
                phase: [f'{other}{waited}' for other in others]},
            batch=draw(AMOUNTS), canary=draw(strategies.integers(0, 2)),
            initial=draw(strategies.sampled_from(
                ['all', 'bootstrap_first', 'serial'])),
            # So much that one node always finds room.
            max_unavailable=draw(strategies.sampled_from([1, 2, '100%'])),
            **phases)

    return found


@strategies.composite
def cases(draw):
    given = draw(services())
    roles = ROLES[:draw(strategies.integers(1, len(ROLES)))]
    places = {name: [role for role in roles if draw(strategies.booleans())]
              or [roles[0]] for name in given}
    changed = {name for name in given if draw(strategies.booleans())}
    gone = {name for name in given
            if draw(strategies.integers(0, 4)) == 0}
    counts = {role.lower(): draw(strategies.integers(1, 4))
              for role in roles}

    def role_data(release, without):
        return {role: {name: release(name) for name in given
                       if role in places[name] and name not in without}
                for role in roles}

    def released(name):
        content = copy.deepcopy(given[name])

        if name in changed:
            content['lifecycle']['release'] = '2'

        return content

    return Case(
        role_data(given.get, ()), role_data(released, gone), counts,
        {role: draw(strategies.integers(1, most))
         for role, most in counts.items()},
        {'roles': {roles[0]: {'max_unavailable': draw(
            strategies.integers(1, 2))}}} if draw(strategies.booleans())
        else {})


def wanted(document):
    """What is to be reached: service, node and revision."""
    return {(service, name, node['wanted'])
            for service, entry in document['services'].items()
            for name, node in entry['nodes'].items()} | {
        (service, name, difference.LEFT)
        for service, entry in document['services'].items()
        for name in entry['leaving']}


def ancestors(document):
    """By phase, all phases that have ended when it begins."""
    before = graph.phases(document)
    found = {}

    for service, entry in document['services'].items():
        own = difference.phases_of(entry)

        for earlier, later in itertools.pairwise(own):
            before[order.phase_name(service, later)].add(
                order.phase_name(service, earlier))

    for name in order.in_order(before):
        found[name] = before[name].union(*(
            found[other] for other in before[name]))

    return found


class PropertiesTestCase(testtools.TestCase):

    @holds
    @hypothesis.given(cases())
    def test_services_come_in_the_order_that_they_want(self, case):
        document = case.compute(case.deployed())
        before = ancestors(document)

        for role in case.after.values():
            for service, role_data in role.items():
                after = role_data['lifecycle']['after']
                after = after if isinstance(after, dict) else {
                    'prepare': after}

                for phase, names in after.items():
                    for name in names:
                        self.follows(before, service, phase, name)

    def follows(self, before, service, phase, name):
        other, _, waited = name.partition('.')
        own = ('prepare', 'roll', 'finish')
        later = own[own.index(phase):]
        earlier = own[:own.index(waited or 'finish') + 1]

        for first, second in itertools.product(earlier, later):
            if {f'{other}.{first}', f'{service}.{second}'} <= set(before):
                self.assertIn(f'{other}.{first}',
                              before[f'{service}.{second}'])

        # Who depends on it leaves before it is touched.
        for second in ('leave', *own) if phase != 'finish' else ():
            if {f'{service}.leave', f'{other}.{second}'} <= set(before):
                self.assertIn(f'{service}.leave',
                              before[f'{other}.{second}'])

    @holds
    @hypothesis.given(cases())
    def test_each_node_is_rolled_once(self, case):
        for entry in case.compute(case.deployed())['services'].values():
            rolled = [name for batch in entry['batches'] for name in batch]
            self.assertEqual(sorted({*rolled}), sorted(rolled))
            self.assertEqual(set(entry['nodes']), set(rolled))
            self.assertFalse(set(entry['nodes']) & set(entry['leaving']))

    @holds
    @hypothesis.given(cases(), strategies.data())
    def test_limits_are_held(self, case, data):
        kept = case.deployed()
        names = list(plans.cloud(case.after, **case.counts).nodes)
        down = data.draw(strategies.sets(strategies.sampled_from(names),
                                         max_size=1))

        try:
            document = case.compute(kept, down=sorted(down))
        except exceptions.InvalidInput as error:
            self.assertIn('max_unavailable', error.where['field'])
            self.assertTrue(down)
            return

        for entry in document['services'].values():
            self.within_limits(case, document, entry, down)

        before = ancestors(document)

        for role in case.policies.get('roles', {}):
            rolls = [f'{name}.roll' for name, entry
                     in document['services'].items()
                     if entry['batches'] and role in entry['lifecycle']]

            for one, other in itertools.combinations(rolls, 2):
                self.assertTrue(one in before[other] or other in before[one])

    def within_limits(self, case, document, entry, down):
        moved = [[name for name in batch
                  if entry['nodes'][name]['way'] != 'first']
                 for batch in entry['batches']]

        if not any(moved):
            return

        rules = next(iter(entry['lifecycle'].values()))['policy']
        total = len(entry['members'])

        for number, batch in enumerate(moved):
            out = len({*batch, *(down & {*entry['members']})})
            self.assertLessEqual(
                out, policy.amount(rules['max_unavailable'], total))
            self.assertLessEqual(
                len(batch), max(1, policy.amount(rules['batch'], total)))

            if number == 0 and rules['canary']:
                self.assertLessEqual(len(batch), rules['canary'])

            for role, limits in case.policies.get('roles', {}).items():
                here = {name for name in batch
                        if document['nodes'][name]['role'] == role}
                lost = {name for name in down
                        if name.startswith(role.lower())}
                self.assertLessEqual(len(here | lost), max(
                    limits['max_unavailable'], len(lost)))

    @holds
    @hypothesis.given(cases(), strategies.randoms())
    def test_the_order_in_which_things_are_given_means_nothing(
            self, case, random):
        kept = case.deployed()
        first = case.compute(kept)
        cloud = plans.cloud(case.after, **case.counts)
        again = rollout_document.compute(
            stack_cloud.Cloud(
                cloud.stack_id, shuffled(cloud.nodes, random),
                {role: shuffled(data, random)
                 for role, data in cloud.role_data.items()},
                cloud.unmanaged),
            rollout_document.Request(plans.PLAN, 'upgrade', case.policies),
            shuffled(kept.states, random), plans.KEY,
            shuffled(kept.lifecycles, random))

        self.assertEqual(revision.digest(first), revision.digest(again))

    @holds
    @hypothesis.given(cases(), strategies.randoms())
    def test_a_part_of_it_leaves_exactly_the_rest(self, case, random):
        kept = case.deployed()
        document = case.compute(kept)
        done = []

        for _ in range(random.randint(0, len(plans.all_units(document)))):
            done.append(random.choice([
                (service, unit) for service in document['services']
                for unit in plans.units_of(document, service)
                if (service, unit) not in done
                and plans.may_begin(document, service, unit, done)]))

        kept.carry_out(document, done)
        rest = case.compute(kept)

        self.assertEqual(wanted(document) - reached(document, done),
                         wanted(rest))

        for service, entry in document['services'].items():
            ends = entry['steps']['finish'] if (
                service, 'finish') not in done else []
            self.assertEqual(ends, rest['services'].get(service, {
                'steps': {'finish': []}})['steps']['finish'])

        kept.carry_out(rest)
        self.assertEqual({}, case.compute(kept)['services'])

    @holds
    @hypothesis.given(strategies.dictionaries(
        strategies.sampled_from(NAMES), strategies.dictionaries(
            strategies.sampled_from(['prepare', 'roll', 'finish']),
            strategies.sets(strategies.sampled_from([
                f'{name}.{phase}' for name in NAMES
                for phase in ('prepare', 'roll', 'finish')]), max_size=2))))
    def test_circles_are_refused_and_nothing_else(self, after):
        try:
            before, not_here = order.graph(after, plans.PLAN)
        except exceptions.InvalidInput as error:
            self.assertEqual('lifecycle.after', error.where['field'])
            return

        place = {name: number for number, name
                 in enumerate(order.in_order(before))}

        for service, by_phase in after.items():
            for phase, names in by_phase.items():
                for name in names:
                    if name.partition('.')[0] in after:
                        self.assertLess(place[name],
                                        place[f'{service}.{phase}'])
                    else:
                        self.assertIn(name.partition('.')[0],
                                      not_here[service])


def shuffled(things, random):
    names = list(things)
    random.shuffle(names)

    return {name: things[name] for name in names}


def reached(document, done):
    found = set()

    for service, unit in done:
        entry = document['services'][service]

        if unit == 'leave':
            found |= {(service, name, difference.LEFT)
                      for name in entry['leaving']}
        elif unit.isdigit():
            found |= {(service, name, entry['nodes'][name]['wanted'])
                      for name in entry['batches'][int(unit) - 1]}

    return found
