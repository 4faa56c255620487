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

from tests.unit.rollout import plans
from tripleo_workflows.rollout import tree

CHECK = [plans.http()]


class TreeTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.kept = plans.Kept()

    def lines(self, before, after, **more):
        """The tree of what comes after something, line by line."""
        self.kept.deploy({'Controller': before})

        return self.shown({'Controller': after}, **more)

    def shown(self, services, **more):
        return tree.tree(self.kept.compute(services, **more),
                         'd' * 64).splitlines()

    def test_a_batch_says_once_why_its_nodes_are_touched(self):
        lines = self.lines({'web': plans.lifecycle()},
                           {'web': plans.lifecycle('2', batch=2)})

        self.assertEqual('Rollout dddddddddddd: upgrade of plan overcloud, '
                         '1 service, 3 nodes', lines[0])
        self.assertEqual('└─ web 1 → 2', lines[1])
        self.assertEqual('   ├─ batch 1: controller-0, controller-1 '
                         '(release 1 → 2)', lines[2])
        self.assertIn('   ├─ batch 2: controller-2 (release 1 → 2)', lines)

    def test_it_says_what_a_batch_goes_through(self):
        lines = self.lines(
            {'web': plans.lifecycle()},
            {'web': plans.lifecycle('2', gate=[*CHECK, plans.http('again')],
                                    roll={'verify': CHECK})})

        self.assertIn('   └─ each batch: drain, stop, package, start, verify '
                      '(1 check), gate (2 checks)', lines)

    def test_it_tells_about_the_canary_and_what_may_fail(self):
        lines = self.lines(
            {'web': plans.lifecycle()},
            {'web': plans.lifecycle('2', canary=1, soak=30, max_failures=1)})

        self.assertIn('   ├─ batch 1 (canary, soaks 30 s): controller-0 '
                      '(release 1 → 2)', lines)
        self.assertIn('   └─ goes on while no more than 1 of its nodes fail',
                      lines)

    def test_it_tells_where_there_is_no_way_back(self):
        finish = {'contract': plans.script('c', point_of_no_return=True,
                                           approve=True)}
        before = {'db': plans.lifecycle(), 'web': plans.lifecycle()}
        lines = self.lines(before, {
            'db': plans.lifecycle('2', finish=finish),
            'web': plans.lifecycle('2', reversible=False)})

        self.assertIn('│  └─ finish: contract (needs approval, point of no '
                      'return), bootstrap on controller-0', lines)
        self.assertIn('No way back after: db.contract, web.roll', lines)

    def test_it_tells_what_is_retired_and_what_goes_after_that(self):
        lines = self.lines(
            {'web': plans.lifecycle(), 'report': plans.lifecycle(
                after=['web'])}, {'web': plans.lifecycle('2')})

        self.assertIn('├─ report 1, retired', lines)
        self.assertIn('│  └─ leave controller-0, controller-1, controller-2: '
                      'the service is no longer wanted there', lines)
        self.assertIn('└─ web 1 → 2, after report.leave', lines)

    def test_it_tells_what_stays(self):
        services = {'Controller': {'web': plans.lifecycle()}}
        self.kept.deploy(services)
        del self.kept.states['web']['nodes']['controller-1']
        lines = self.shown(services)

        self.assertIn('   ├─ batch 1: controller-1 (not rolled yet)', lines)
        self.assertIn('   └─ stays on controller-0, controller-2: has what '
                      'is wanted', lines)

    def test_it_tells_what_the_selection_leaves_undone(self):
        lines = self.lines({'web': plans.lifecycle()},
                           {'web': plans.lifecycle('2')},
                           selected={'nodes': ['controller-0']})

        self.assertIn('Left undone by the selection: web on controller-1, '
                      'controller-2', lines)

    def test_it_tells_whom_it_goes_without(self):
        lines = self.lines({'web': plans.lifecycle()},
                           {'web': plans.lifecycle('2', unreachable='skip')},
                           down=['controller-2'])

        self.assertIn('   └─ left out controller-2: does not answer', lines)
        self.assertIn('Not answering: controller-2', lines)

    def test_a_site_s_own_workflow_is_named(self):
        lines = self.lines({'web': plans.lifecycle()}, {
            'web': plans.lifecycle('2', workflow='my.site.web')})

        self.assertIn('   └─ each batch: workflow my.site.web', lines)

    def test_times_are_told_as_far_as_they_are_known(self):
        self.kept.deploy({'Controller': {'web': plans.lifecycle()}})
        self.kept.states['web']['seconds'] = {'drain': 2.0, 'start': 3.0}
        lines = self.shown({'Controller': {'web': plans.lifecycle('2')}})

        self.assertIn('   ├─ batch 1: controller-0 (release 1 → 2), about '
                      '5 s', lines)
        self.assertIn('About 15 s; critical path: web.roll', lines)

    def test_many_nodes_are_counted(self):
        text = '\n'.join(self.shown(
            {'Controller': {'web': plans.lifecycle()}}, controller=20))

        self.assertIn('controller-7 and 12 more (not rolled yet)', text)
        self.assertNotIn('controller-8', text)

    def test_nothing_to_do_is_said(self):
        services = {'web': plans.lifecycle()}
        lines = self.lines(services, services)

        self.assertEqual('└─ nothing to do: every node has what is wanted',
                         lines[1])
        self.assertIn('Without a lifecycle, left alone: legacy', lines)

    def test_a_long_tree_keeps_whole_lines(self):
        self.assertEqual('äb\nc\n… the document has the rest',
                         tree.shortened('äb\nc\nd', 6))
        self.assertEqual('äb\nc', tree.shortened('äb\nc', 6))
