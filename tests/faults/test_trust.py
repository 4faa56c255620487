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

"""Whose rights an operation has, and what happens when they end."""

import json

import testtools

from tests import waiting
from tests.faults import people
from tests.functional import cloud as functional_cloud
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import record

PLAN = functional_cloud.PLAN
FIRE_SECONDS = 150


class PeopleTestCase(testtools.TestCase):
    """A deployed cloud, and people who come and go."""

    def setUp(self):
        super().setUp()
        self.cloud = functional_cloud.deployed()
        self.people = people.People(self.cloud.clients)
        self.alice = self.person('alice')

    def person(self, *arguments, **keywords):
        person = self.people.person(*arguments, **keywords)
        self.addCleanup(self.people.remove, person)

        return person


class TrustTestCase(PeopleTestCase):

    def previewed(self):
        """The digest of a rollout of the web service."""
        fence, _ = lock.current(self.cloud.clients.mistral, PLAN)
        kept = record.Record(self.cloud.clients.swift, PLAN)
        now = kept.state(fence, 'web')['nodes'][
            f'{PLAN}-controller-2']['release']
        self.cloud.set_parameters(WebRelease='1' if now == '2' else '2')
        digest = self.cloud.preview()['digest']

        # A test that failed must leave no open operation behind.
        self.addCleanup(self.close)

        return digest

    def close(self):
        _, holder = lock.current(self.cloud.clients.mistral, PLAN)
        kept = record.Record(self.cloud.clients.swift, PLAN)

        if (kept.get(f'{holder.operation}/operation.json')
                and not kept.get(f'{holder.operation}/closed.json')):
            self.cloud.run('tripleo.operation.v1.resume', plan=PLAN,
                           take_over=True)

    def start(self, clients, workflow, **inputs):
        return clients.mistral.executions.create(
            workflow, workflow_input={'plan': PLAN, **inputs}).id

    def upgrade(self):
        """Let alice start an upgrade, and return in the middle of it."""
        digest = self.previewed()
        clients = self.alice.clients()
        execution = self.start(clients, 'tripleo.upgrade.v1.run',
                               digest=digest)
        self.wait_for_batch(execution, 'web.1')

        return clients, execution

    def wait_for_batch(self, operation, batch):
        kept = record.Record(self.cloud.clients.swift, PLAN)
        waiting.wait_for(lambda: any(
            name.endswith(f'/{batch}.json')
            for name in kept.names(f'{operation}/')), 120)

    def assert_fails(self, pattern, execution):
        self.assertRaisesRegex(functional_cloud.ExecutionFailed, pattern,
                               self.cloud.wait, execution)

    def assert_finishes(self, execution, operation):
        summary = self.cloud.wait(execution)['summary']
        self.assertEqual((operation, 3),
                         (summary['operation'], summary['nodes']))
        self.assertEqual(0, self.cloud.preview()['services'])

    def test_the_starters_token_is_not_needed(self):
        # Swift and Heat have not seen this token, so they cannot remember
        # that it was good.
        clients, execution = self.upgrade()
        self.assertEqual(1, len(self.alice.trusts()))
        self.people.revoke(clients)

        self.assert_finishes(execution, execution)
        self.assertEqual(set(), self.alice.trusts())

    def test_nor_is_it_before_the_operation_opens(self):
        self.previewed()
        clients = self.alice.clients()
        execution = self.deploy(clients, 'UPDATE_COMPLETE')
        self.people.revoke(clients)

        self.assert_finishes(execution, execution)
        self.assertEqual(set(), self.alice.trusts())

    def test_nor_while_heat_works_with_a_trust_made_beforehand(self):
        self.previewed()
        clients = self.alice.clients()
        given = self.grant(clients)
        execution = self.deploy(clients, 'UPDATE_IN_PROGRESS', trust=given)
        self.people.revoke(clients)

        self.assert_finishes(execution, execution)
        self.assertEqual({given}, self.alice.trusts())

    def deploy(self, clients, status, **inputs):
        """Start to deploy the plan; return when the stack is so far."""
        heat = self.cloud.clients.heat
        before = heat.stacks.get(PLAN, resolve_outputs=False)
        execution = clients.mistral.executions.create(
            'tripleo.deployment.v1.deploy_plan',
            workflow_input={'container': PLAN, **inputs}).id

        def is_so_far():
            now = heat.stacks.get(PLAN, resolve_outputs=False)

            return (now.updated_time != before.updated_time
                    and now.stack_status == status)

        waiting.wait_for(is_so_far, 120)

        return execution

    def grant(self, clients):
        execution = clients.mistral.action_executions.create(
            'tripleo.operation.grant', {}, run_sync=True, save_result=True)

        return json.loads(execution.output)['result']['trust']

    def test_a_preview_leaves_no_trust_however_it_ends(self):
        self.cloud.wait(self.start(self.alice.clients(),
                                   'tripleo.upgrade.v1.preview'))
        self.assertEqual(set(), self.alice.trusts())
        self.assert_fails('verb', self.start(
            self.alice.clients(), 'tripleo.upgrade.v1.preview',
            verb='unknown'))
        self.assertEqual(set(), self.alice.trusts())

    def test_a_changed_password_does_not_matter(self):
        _, execution = self.upgrade()
        self.alice.keystone.users.update(self.alice.id, password='changed')

        self.assert_finishes(execution, execution)

    def test_a_deleted_trust_stops_it_and_another_person_goes_on(self):
        _, execution = self.upgrade()
        self.alice.delete_trusts()
        self.assert_fails('gone: it has expired, or somebody deleted it.'
                          '.*tripleo.operation.v1.resume', execution)
        bob = self.person('bob')

        self.assert_finishes(self.start(
            bob.clients(), 'tripleo.operation.v1.resume'), execution)
        self.assertEqual(set(), bob.trusts())

    def test_a_disabled_user_stops_it_and_another_person_goes_on(self):
        _, execution = self.upgrade()
        self.alice.enable(False)
        self.assert_fails(
            'the user or the project was disabled.*'
            f'tripleo.operation.v1.resume.*user={self.alice.id}', execution)
        reader = self.person('rita', role='reader')
        self.assert_fails(
            f'Swift refused a request: {reader.name} lacks a role',
            self.start(reader.clients(), 'tripleo.operation.v1.resume'))
        bob = self.person('bob')

        self.assert_finishes(self.start(
            bob.clients(), 'tripleo.operation.v1.resume'), execution)

    def test_a_trigger_works_under_its_own_trust(self):
        execution = self.triggered('tripleo.upgrade.v1.run', plan=PLAN,
                                   digest=self.previewed())
        self.assert_finishes(execution, execution)

        opened = record.Record(self.cloud.clients.swift, PLAN).get(
            f'{execution}/operation.json')
        self.assertEqual(self.alice.name, opened['person'])

    def test_a_trigger_changes_the_stack_under_a_trust_it_is_given(self):
        self.previewed()
        given = self.grant(self.alice.clients())
        execution = self.triggered('tripleo.deployment.v1.deploy_plan',
                                   container=PLAN, trust=given)
        self.assert_finishes(execution, execution)
        self.assertIn(given, self.alice.trusts())

    def triggered(self, workflow, **inputs):
        """Let a trigger of alice's fire once; return the execution."""
        trigger = self.alice.clients().mistral.cron_triggers.create(
            f'of-{self.alice.name}', workflow, inputs, pattern='* * * * *',
            count=1)

        return self.fired(trigger.id)

    def fired(self, trigger):
        """Wait for the execution that a trigger starts."""
        return waiting.wait_for(lambda: next((
            execution.id for execution
            in self.cloud.clients.mistral.executions.list(
                sort_keys='created_at', sort_dirs='desc', limit=20)
            if trigger in (execution.description or '')), None),
            FIRE_SECONDS, pause=1)


class RefusalTestCase(PeopleTestCase):
    """What others get who are handed the operation of somebody."""

    def operation(self, trustee=None):
        """An operation as it is handed to tasks, with alice's trust."""
        clients = self.alice.clients()
        keystone = people.keystone_client.Client(session=clients.session)
        [mistral] = self.alice.keystone.users.list(name='mistral')
        trust = keystone.trusts.create(
            trustee or mistral.id, self.alice.id, role_names=['member'],
            project=self.alice.project, impersonation=True)

        return {'id': 'an-operation', 'plan': PLAN, 'fence': 1, 'first': 1,
                'digest': 'none', 'trust': trust.id}

    def ask(self, person, operation):
        """Run an action of an operation as somebody; return its error."""
        execution = person.clients().mistral.action_executions.create(
            'tripleo.rollout.next_batch',
            {'operation': operation, 'service': 'web'}, run_sync=True,
            save_result=True)
        self.assertEqual('ERROR', execution.state)

        return json.loads(execution.output)['result']

    def test_another_user_is_refused(self):
        self.assertRegex(
            self.ask(self.person('bob'), self.operation()),
            f'rights of another person, {self.alice.name}.*take_over=true')

    def test_another_project_is_refused(self):
        project = self.people.project()
        operation = self.operation()
        carol = self.person('carol', project=project)
        self.assertIn('another project', self.ask(carol, operation))

    def test_its_owner_is_let_in(self):
        # What is refused then is the digest, for which there is no rollout.
        self.assertIn('No rollout of this digest',
                      self.ask(self.alice, self.operation()))

    def test_a_read_only_user_is_told_who_refused(self):
        reader = self.person('rita', role='reader')
        operation = {**self.operation(), 'trust': ''}
        self.assertRegex(self.ask(reader, operation),
                         f'Swift refused.*{reader.name} lacks a role')

    def test_a_trust_to_somebody_else_is_refused(self):
        bob = self.person('bob')
        self.assertIn('given to somebody else than this Mistral',
                      self.ask(self.alice, self.operation(bob.id)))

    def test_what_is_no_trust_is_refused(self):
        for trust in ('../users', 'x', '%2e%2e'):
            self.assertIn('trust: this is not an id', self.ask(
                self.alice, {**self.operation(), 'trust': trust}))

        self.assertIn('gone', self.ask(
            self.alice, {**self.operation(), 'trust': '0' * 32}))
