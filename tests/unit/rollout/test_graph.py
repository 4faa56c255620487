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

import testtools
import yaml

from tests.unit.rollout import plans
from tripleo_workflows.operation import record
from tripleo_workflows.rollout import graph

ONCE = {'prepare': {'expand': plans.script()},
        'finish': {'contract': plans.script()}}


def compiled(rollout, name='name', **options):
    """The tasks of each workflow, by the workflow's name."""
    return {part: yaml.safe_load(text)[part]['tasks'] for part, text
            in graph.compile_workflows(rollout, name, **options).items()}


def rollout_of(**services):
    return plans.Kept().compute({'Controller': services}, verb='deploy')


class GraphTestCase(testtools.TestCase):

    def test_tasks_join_where_dependencies_meet(self):
        name = graph.workflow_name(
            record.Operation('op', 'overcloud', 2, 1, 'digest'))
        tasks = compiled(rollout_of(
            haproxy=plans.lifecycle(), web=plans.lifecycle(after=['haproxy']),
            report=plans.lifecycle(after=['web', 'haproxy'])), name)[name]

        self.assertEqual({'haproxy.roll', 'web.roll', 'report.roll'},
                         set(tasks))
        self.assertNotIn('join', tasks['haproxy.roll'])
        self.assertEqual('all', tasks['report.roll']['join'])
        self.assertEqual({'web.roll', 'report.roll'},
                         set(tasks['haproxy.roll']['on-success']))
        self.assertEqual('web', tasks['web.roll']['input']['service'])

    def test_a_service_goes_through_the_phases_that_have_work(self):
        [tasks] = compiled(rollout_of(
            db=plans.lifecycle(**ONCE),
            web=plans.lifecycle(after={'finish': ['db.roll']}, **ONCE)
        )).values()

        self.assertEqual(['db.roll'], tasks['db.prepare']['on-success'])
        self.assertEqual({'db.finish', 'web.finish'},
                         set(tasks['db.roll']['on-success']))
        self.assertEqual('tripleo.rollout.v1.finish',
                         tasks['web.finish']['workflow'])
        self.assertNotIn('join', tasks['web.prepare'])

    def test_a_site_rolls_a_service_by_its_own_workflow(self):
        [tasks] = compiled(rollout_of(web=plans.lifecycle(
            workflow='my.site.web', **ONCE))).values()
        self.assertEqual(
            ['tripleo.rollout.v1.prepare', 'my.site.web',
             'tripleo.rollout.v1.finish'],
            [tasks[f'web.{phase}']['workflow']
             for phase in ('prepare', 'roll', 'finish')])

    def test_no_more_services_run_side_by_side_than_a_person_wants(self):
        rollout = rollout_of(**{
            f'service_{number}': plans.lifecycle(**ONCE)
            for number in range(5)})

        for concurrency in (1, 2, 3):
            [tasks] = compiled(rollout, concurrency=concurrency).values()
            before = {name: {other for other, task in tasks.items()
                             if name in task.get('on-success', [])}
                      for name in tasks}
            done = []

            while len(done) < len(tasks):
                ready = [name for name in sorted(tasks)
                         if name not in done and before[name] <= {*done}]
                self.assertTrue(0 < len(ready) <= concurrency, ready)
                # Whichever ends first, no more than these can run.
                done.append(ready[len(done) % len(ready)])

    def test_an_empty_rollout_is_a_workflow_that_does_nothing(self):
        self.assertEqual(
            {'name': {'nothing_to_do': {'action': 'std.noop'}}},
            compiled(rollout_of()))

    def test_nothing_is_published_or_handled(self):
        [tasks] = compiled(rollout_of(
            db=plans.lifecycle(), web=plans.lifecycle(after=['db']))).values()

        for task in tasks.values():
            self.assertLessEqual(set(task), {
                'description', 'workflow', 'input', 'join', 'on-success'})

    def test_a_large_graph_keeps_a_service_s_phases_together(self):
        services = {f's{number:02}': plans.lifecycle(
            after=[f's{number - 20:02}'] if number >= 20 else (), **ONCE)
            for number in range(40)}
        services['s20']['lifecycle']['after'] = {'roll': ['s00.roll']}
        found = compiled(rollout_of(**services))
        tasks = found.pop('name')

        self.assertEqual({'s00.prepare_to_roll', 's00.finish', 's20.prepare',
                          's20.roll_to_finish'},
                         {name for name in tasks if name[:3] in ('s00',
                                                                 's20')})
        self.assertEqual({'s00.finish', 's20.roll_to_finish'},
                         set(tasks['s00.prepare_to_roll']['on-success']))
        together = found[tasks['s01.prepare_to_finish']['workflow']]
        self.assertEqual(['s01.prepare', 's01.roll', 's01.finish'],
                         list(together))
        self.assertEqual(['s01.roll'], together['s01.prepare']['on-success'])
        self.assertEqual('tripleo.rollout.v1.roll',
                         together['s01.roll']['workflow'])
        self.assertNotIn('join', together['s01.finish'])
        self.assertEqual('all', tasks['s21.prepare_to_finish']['join'])

    def test_one_that_is_still_too_large_is_cut(self):
        services = {f's{number:03}': plans.lifecycle(
            after=[f's{number - 80:03}'] if number >= 80 else (), **ONCE)
            for number in range(160)}
        found = compiled(rollout_of(**services))
        parts = {name: found[task['workflow']] for name, task
                 in found['name'].items()}
        place = {task: name for name, tasks in parts.items()
                 for task in tasks}

        self.assertEqual(160, len(place))
        self.assertEqual(['part_1', 'part_2'], list(parts))
        self.assertEqual(['part_2'],
                         found['name']['part_1']['on-success'])
        self.assertNotIn('on-success', found['name']['part_2'])

        for tasks in found.values():
            self.assertLessEqual(len(tasks), graph.MOST_TASKS)

        for number in range(80, 160):
            self.assertLessEqual(
                place[f's{number - 80:03}.prepare_to_finish'],
                place[f's{number:03}.prepare_to_finish'])

    def test_the_parts_are_numbered_without_gaps(self):
        # What removes them goes on until a number is missing.
        found = [*compiled(rollout_of(**{
            f's{number:03}': plans.lifecycle(**ONCE)
            for number in range(120)}))]

        self.assertEqual([*(f'name.{number}' for number
                            in range(1, len(found))), 'name'], found)

    def test_not_more_run_at_once_than_there_are_threads_for(self):
        [tasks] = compiled(rollout_of(**{
            f's{number:02}': plans.lifecycle() for number in range(60)
        })).values()

        self.assertEqual(graph.AT_ONCE, most_at_once(tasks))


def most_at_once(tasks):
    """The most tasks that run together, if all take the same time."""
    waits = {name: set() for name in tasks}

    for name, task in tasks.items():
        for other in task.get('on-success', ()):
            waits[other].add(name)

    most, done = 0, set()

    while len(done) < len(tasks):
        ready = {name for name in tasks if name not in done
                 and waits[name] <= done}
        most = max(most, len(ready))
        done |= ready

    return most
