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
from tripleo_workflows import exceptions
from tripleo_workflows.rollout import lifecycle

ALL_STEPS = {step: plans.script() for step in (
    'reload', 'start', 'stop', 'undrain', 'drain', 'configure', 'package')}


class ParseTestCase(testtools.TestCase):

    def test_defaults_are_filled_in(self):
        parsed = lifecycle.parse('web', {'release': 2})
        self.assertEqual('2', parsed['release'])
        self.assertEqual(1, parsed['policy']['batch'])
        self.assertEqual((None, True, {'prepare': []}, ''), (
            parsed['from'], parsed['reversible'], parsed['after'],
            parsed['workflow']))
        self.assertEqual([], lifecycle.steps_of(parsed, lifecycle.WHOLE))

    def test_releases_are_words(self):
        parsed = lifecycle.parse('web', {'release': 3, 'from': [2, '1']})
        self.assertEqual(('3', ['1', '2']), (parsed['release'],
                                             parsed['from']))

    def test_a_list_of_services_is_what_must_have_finished(self):
        parsed = lifecycle.parse('web', {'release': '1',
                                         'after': ['mysql', 'cache']})
        self.assertEqual({'prepare': ['cache.finish', 'mysql.finish']},
                         parsed['after'])

    def test_a_mapping_names_phases(self):
        parsed = lifecycle.parse('web', {'release': '1', 'after': {
            'finish': ['compute.roll'], 'roll': ['mysql']}})
        self.assertEqual({'finish': ['compute.roll'],
                          'roll': ['mysql.finish']}, parsed['after'])

    def test_the_plan_overrides_a_policy(self):
        parsed = lifecycle.parse(
            'web', {'release': '1', 'policy': {'batch': 2, 'soak': 3}},
            {'batch': 5})
        self.assertEqual((5, 3), (parsed['policy']['batch'],
                                  parsed['policy']['soak']))

    def test_the_word_on_may_stand_without_quotes(self):
        # YAML reads it as the truth, and JSON makes a word of that.
        given = yaml.safe_load('''
            release: 1
            prepare:
              expand: {on: all, script: x}
            finish:
              cleanup: {true: bootstrap, script: x}
            ''')
        self.assertIn(True, given['prepare']['expand'])
        given['finish']['cleanup']['true'] = given['finish']['cleanup'].pop(
            True)
        parsed = lifecycle.parse('web', given)

        self.assertEqual('all', lifecycle.runs_on(parsed, 'expand'))
        self.assertEqual('bootstrap', lifecycle.runs_on(parsed, 'cleanup'))

    def test_where_steps_run_unless_they_say(self):
        parsed = lifecycle.parse('web', {
            'release': '1',
            'prepare': {'check': [plans.http()], 'stage': plans.script(),
                        'backup': plans.script(), 'expand': plans.script()},
            'finish': {'migrate': plans.script(), 'contract': plans.script(),
                       'cleanup': plans.script()}})
        self.assertEqual(['stage', 'cleanup'], [
            step for step in parsed['steps']
            if lifecycle.runs_on(parsed, step) == 'all'])

    def test_what_is_given_stays_as_it_is(self):
        given = {'release': '1', 'sets': ['HOSTS'], 'roll': {
            'start': {'script': 'x', 'inputs': {'HOSTS': ['b', 'a']}}}}
        lifecycle.parse('web', given)
        self.assertEqual(['b', 'a'],
                         given['roll']['start']['inputs']['HOSTS'])


class StepsTestCase(testtools.TestCase):

    def steps(self, way):
        return lifecycle.steps_of(lifecycle.parse('web', {
            'release': '1', 'roll': {**ALL_STEPS, 'verify': [plans.http()]},
            'gate': [plans.http()]}), way)

    def test_a_node_without_the_service_is_not_drained(self):
        self.assertEqual(['package', 'configure', 'start', 'verify',
                          'undrain', 'gate'], self.steps(lifecycle.FIRST))

    def test_the_whole_way(self):
        self.assertEqual(['drain', 'stop', 'package', 'configure', 'start',
                          'verify', 'undrain', 'gate'],
                         self.steps(lifecycle.WHOLE))

    def test_a_reload_leaves_the_node_in_service(self):
        self.assertEqual(['configure', 'reload', 'verify', 'gate'],
                         self.steps(lifecycle.RELOAD))


class SecretsTestCase(testtools.TestCase):

    def test_a_stored_lifecycle_has_no_values_of_secrets(self):
        parsed = lifecycle.parse('web', {
            'release': '1', 'secrets': ['PASSWORD'], 'roll': {
                'start': {'script': 'x', 'inputs': {'PASSWORD': 'hunter2',
                                                    'PORT': 80}}}})
        bare = lifecycle.without_secrets(parsed)

        self.assertEqual({'PASSWORD': 'hunter2'},
                         lifecycle.secrets_of(parsed, 'start'))
        self.assertEqual({'PASSWORD': None, 'PORT': 80},
                         bare['steps']['start']['inputs'])
        self.assertNotIn('hunter2', str(bare))
        # Whoever needs the values still has them.
        self.assertIn('hunter2', str(parsed))


    def test_checks_cannot_have_secrets(self):
        check = {'name': 'logs in', 'script': {
            'script': 'true', 'inputs': {'PASSWORD': 'hunter2'}}}
        error = self.assertRaises(
            exceptions.InvalidInput, lifecycle.parse, 'web',
            {'release': '1', 'secrets': ['PASSWORD'],
             'roll': {'verify': [check]}})

        self.assertIn('logs in takes PASSWORD', str(error))
        self.assertNotIn('hunter2', str(error))


class SchemaTestCase(testtools.TestCase):

    def refused(self, content):
        error = self.assertRaises(
            exceptions.InvalidInput, lifecycle.parse, 'web',
            {'release': '1', **content})
        self.assertEqual('web', error.where['service'])
        self.assertTrue(error.remedy)

        return error.where['field']

    def test_the_release_is_required(self):
        error = self.assertRaises(exceptions.InvalidInput, lifecycle.parse,
                                  'web', {})
        self.assertEqual('lifecycle', error.where['field'])
        self.assertIn('release', str(error))

    def test_an_error_names_the_field(self):
        script = plans.script()

        for field, content in (
                ('release', {'release': ['1']}),
                ('from', {'from': '1'}),
                ('from.0', {'from': [{}]}),
                ('reversible', {'reversible': 'yes'}),
                ('after', {'after': 'mysql'}),
                ('after', {'after': {'deploy': ['mysql']}}),
                ('policy', {'policy': {'batches': 1}}),
                ('policy.batch', {'policy': {'batch': 0}}),
                ('policy.batch', {'policy': {'batch': '0%'}}),
                ('policy.batch', {'policy': {'batch': '101%'}}),
                ('policy.initial', {'policy': {'initial': 'none'}}),
                ('policy.canary', {'policy': {'canary': -1}}),
                ('policy.soak', {'policy': {'soak': '30 s'}}),
                ('policy.on_flap', {'policy': {'on_flap': 'ignore'}}),
                ('policy.max_failures', {'policy': {'max_failures': -1}}),
                ('policy.max_unavailable',
                 {'policy': {'max_unavailable': 'half'}}),
                ('policy.unreachable', {'policy': {'unreachable': 'wait'}}),
                ('policy.check_timeout', {'policy': {'check_timeout': 0}}),
                ('secrets', {'secrets': ['A', 'A']}),
                ('sets', {'sets': 'HOSTS'}),
                ('probe', {'probe': []}),
                ('prepare', {'prepare': {'drain': script}}),
                ('prepare.expand.on',
                 {'prepare': {'expand': {**script, 'on': 'some'}}}),
                ('prepare.check', {'prepare': {'check': script}}),
                ('roll', {'roll': {'restart': script}}),
                ('roll.start', {'roll': {'start': {'inputs': {}}}}),
                ('roll.start', {'roll': {'start': {
                    'script': 'x', 'playbook': 'y'}}}),
                ('roll.start', {'roll': {'start': {**script, 'on': 'all'}}}),
                ('roll.start.script', {'roll': {'start': {'script': ''}}}),
                ('roll.start.timeout',
                 {'roll': {'start': {**script, 'timeout': 0}}}),
                ('roll.start.idempotent',
                 {'roll': {'start': {**script, 'idempotent': 1}}}),
                ('roll.start.inputs',
                 {'roll': {'start': {**script, 'inputs': {'A-B': 1}}}}),
                ('roll.verify', {'roll': {'verify': []}}),
                ('gate', {'gate': []}),
                ('finish.contract.approve',
                 {'finish': {'contract': {**script, 'approve': 'me'}}}),
                ('finish', {'finish': {'start': script}}),
                ('remove', {'remove': {}}),
                ('workflow', {'workflow': ''}),
                ('', {'upgrade_tasks': []})):
            self.assertEqual(f'lifecycle.{field}'.rstrip('.'),
                             self.refused(content), content)

    def test_a_value_that_may_be_secret_is_not_quoted(self):
        error = self.assertRaises(
            exceptions.InvalidInput, lifecycle.parse, 'web', {
                'release': '1', 'roll': {'start': plans.script(
                    inputs={'PASSWORD': {'hunter2': 1}})}})
        self.assertNotIn('hunter2', str(error))
        self.assertEqual('lifecycle.roll.start.inputs.PASSWORD',
                         error.where['field'])
