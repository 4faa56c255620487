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

import pathlib
import sys
from typing import Any

import fixtures
import testtools

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import on_node
from tripleo_workflows.deployments.node import payload as node_payload

# A command as OpenStack's services have it, in the words of its library.
STATUS_COMMAND = """\
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck
from oslo_upgradecheck.upgradecheck import Code, Result


def good(checks):
    return Result(Code.SUCCESS)


def so_so(checks):
    return Result(Code.WARNING, 'A default changes.')


def bad(checks):
    sys.stderr.write('a line of a log')
    return Result(Code.FAILURE, 'Data is to be migrated first.')


def broken(checks):
    raise RuntimeError('no database')


class Checks(upgradecheck.UpgradeCommands):
    _upgrade_checks = tuple(
        (word, globals()[word]) for word in sys.argv[1].split(','))


sys.exit(upgradecheck.main(cfg.ConfigOpts(), 'keystone', Checks(),
                           sys.argv[2:], default_config_files=[]))
"""


class OnNodeTest(testtools.TestCase):
    """Payloads run as a node's runner runs them."""

    def setUp(self) -> None:
        super().setUp()
        self.place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def results(self, check: dict[str, Any]) -> list[contract.CheckResult]:
        script, inputs, timeout = on_node.payload(check)
        answer = node_payload.Payload(
            {'kind': 'script', 'payload': script, 'timeout': timeout,
             'environment': {name: str(value)
                             for name, value in inputs.items()}},
            {}, self.place).run(lambda: False)

        return on_node.results(check, answer, 'controller-0')

    def script(self, text: str, **options: Any) -> contract.CheckResult:
        [result] = self.results(
            {'name': 'disk', 'script': {'script': text, **options}})

        self.assertEqual(('disk', 'controller-0'),
                         (result.name, result.node))

        return result

    def upgrade_check(self, checks: str) -> list[contract.CheckResult]:
        command = self.place / 'keystone-status'
        command.write_text(STATUS_COMMAND)

        return self.results({'name': 'keystone', 'upgrade_check': {
            'command': f'{sys.executable} {command} {checks} '
                       'upgrade check'}})


class ScriptTest(OnNodeTest):
    def test_its_exit_code_is_the_result_and_its_output_the_details(
            self) -> None:
        for code in (0, 1, 2):
            result = self.script(f'echo $WORD; exit {code}',
                                 inputs={'WORD': 'seen'})

            self.assertEqual((code, 'seen'),
                             (result.result, result.details))
            self.assertEqual(code == 0, result.remedy == '')

    def test_any_other_exit_code_is_a_broken_check(self) -> None:
        result = self.script('no-such-program')

        self.assertEqual(contract.Code.BROKEN, result.result)
        self.assertIn('127', result.details)
        self.assertIn('no-such-program', result.details)

    def test_the_end_of_its_output_is_shown(self) -> None:
        result = self.script(
            'yes long | head -10000; echo the end; exit 2')

        self.assertTrue(result.details.endswith('the end'))
        self.assertLessEqual(len(result.details), 1000)

    def test_one_that_does_not_end(self) -> None:
        result = self.script('sleep 30', timeout=1)

        self.assertEqual(contract.Code.BROKEN, result.result)
        self.assertIn('did not end within 1 s', result.details)

    def test_one_that_was_not_run(self) -> None:
        for answer, words in (
                ({'status': 'unreachable'}, 'not run: unreachable'),
                ({'status': 'refused', 'error': 'A higher fence.'},
                 'A higher fence.')):
            [result] = on_node.results(
                {'name': 'disk', 'script': {'script': 'true'}}, answer, 'a')

            self.assertEqual(contract.Code.BROKEN, result.result)
            self.assertIn(words, result.details)


class UpgradeCheckTest(OnNodeTest):
    def test_each_check_of_the_command_is_a_result(self) -> None:
        results = self.upgrade_check('good,so_so,bad')

        self.assertEqual(
            [('keystone: good', contract.Code.SUCCESS, ''),
             ('keystone: so_so', contract.Code.WARNING,
              'A default changes.'),
             ('keystone: bad', contract.Code.FAILURE,
              'Data is to be migrated first.')],
            [(result.name, result.result, result.details)
             for result in results])
        self.assertEqual({'controller-0'},
                         {result.node for result in results})

    def test_one_that_breaks(self) -> None:
        [result] = self.upgrade_check('good,broken')

        self.assertEqual(('keystone', contract.Code.BROKEN),
                         (result.name, result.result))
        self.assertIn('255', result.details)
        self.assertIn('no database', result.details)

    def test_a_command_that_does_not_know_json(self) -> None:
        [result] = self.results({'name': 'old', 'upgrade_check': {
            'command': 'sh -c "exit 2" --'}})

        # Its exit code would pass for a failure that somebody may waive.
        self.assertEqual(('old', contract.Code.BROKEN),
                         (result.name, result.result))
        self.assertIn('--json', result.remedy)

    def test_other_json(self) -> None:
        for line in ('[]', '{}', '{"checks": [{}]}',
                     '{"checks": [{"check": "x", "result": 7}]}'):
            [result] = self.results({'name': 'other', 'upgrade_check': {
                'command': f"echo '{line}' #"}})

            self.assertEqual(contract.Code.BROKEN, result.result)
