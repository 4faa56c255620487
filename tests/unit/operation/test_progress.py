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

import types
from unittest import mock

from keystoneauth1 import exceptions as keystone_exceptions
from mistralclient.api import base as mistral_base

from tests.unit.operation import test_decisions
from tripleo_workflows import exceptions
from tripleo_workflows.operation import lock
from tripleo_workflows.operation import progress

PLAN = test_decisions.PLAN


class WatchTestCase(test_decisions.DecisionsTestCase):
    """What happens between two looks is in ``self.happens``, in order."""

    def setUp(self):
        super().setUp()
        self.clients.heat = types.SimpleNamespace(stacks=types.SimpleNamespace(
            get=lambda *arguments, **keywords: types.SimpleNamespace(
                stack_status='UPDATE_COMPLETE')))
        self.states['first'] = 'RUNNING'
        self.happens = []
        patch = mock.patch.object(progress.time, 'sleep', self.sleep)
        patch.start()
        self.addCleanup(patch.stop)

    def sleep(self, seconds):
        self.happens.pop(0)()

    def end(self, execution='first', state='SUCCESS'):
        self.states[execution] = state

    def step(self, fence=1, **nodes):
        self.record.put(f'first/{fence}/web.1.json', {
            'stop': {'begun': 1, 'nodes': {
                name: {'status': status, 'seconds': 0.4}
                for name, status in nodes.items()}}})

    def goes_on(self):
        """Bob goes on: he takes the lock, then ends what was before."""
        lock.acquire(self.clients.mistral, PLAN, lock.Holder(
            'second', 'first', 'upgrade', 'bob', 'now'), take_over=True)
        self.states.update(first='CANCELLED', second='RUNNING')

    def watch(self, execution=''):
        self.watched = progress.Watch(self.clients, PLAN, execution)

        return list(self.watched.lines())

    def test_each_thing_is_told_once(self):
        self.step(a='sent')
        self.happens = [lambda: self.step(a='done', b='sent'), self.end]
        self.assertEqual([
            'stack overcloud UPDATE_COMPLETE',
            'web.1 stop a sent 0.4 s', 'web.1 stop a done 0.4 s',
            'web.1 stop b sent 0.4 s', 'execution first SUCCESS'],
            self.watch())

    def test_nothing_is_open(self):
        self.record.put('first/closed.json', {'how': 'finished'})
        self.assertRaises(exceptions.NotFound, self.watch)

    def test_an_execution_that_has_no_operation_is_followed(self):
        self.states['preview'] = 'ERROR'
        self.assertEqual(['stack overcloud UPDATE_COMPLETE',
                          'execution preview ERROR'], self.watch('preview'))

    def test_who_goes_on_is_followed(self):
        self.step(a='done')
        self.happens = [
            self.goes_on, lambda: self.step(2, a='done', b='done'),
            lambda: self.end('second')]
        self.assertEqual([
            'web.1 stop a done 0.4 s',
            'execution second of bob goes on under fence 2',
            'web.1 stop b done 0.4 s', 'execution second SUCCESS'],
            self.watch()[1:])
        self.assertEqual('second', self.watched.execution)

    def test_a_hold_is_told_and_waited_for(self):
        def hold():
            self.decide('hold', reason='lunch', fence=1)
            self.states['first'] = 'PAUSED'

        self.happens = [hold, lambda: None, self.goes_on,
                        lambda: self.end('second')]
        told = [line for line in self.watch() if 'held' in line]
        self.assertEqual(1, len(told))
        self.assertIn('the operation is held by bob', told[0])
        self.assertIn('lunch', told[0])

    def test_what_it_waits_for_is_told(self):
        self.record.put('first/1/waiting.json', {
            'what': 'approval of web.contract', 'since': 'now'})
        self.states['first'] = 'PAUSED'
        self.happens = [self.end]
        self.assertIn('the operation waits for approval of web.contract',
                      self.watch())

    def test_a_stock_pause_is_told(self):
        self.states['first'] = 'PAUSED'
        self.happens = [self.end]
        self.assertIn('execution first is PAUSED', self.watch())

    def test_a_paused_preview_is_told(self):
        self.states['preview'] = 'PAUSED'
        self.happens = [lambda: self.end('preview')]
        self.assertIn('execution preview is PAUSED', self.watch('preview'))

    def test_one_that_is_cancelled_for_good_is_the_end(self):
        self.happens = [lambda: self.end(state='CANCELLED')]
        self.assertEqual('execution first CANCELLED', self.watch()[-1])

    def test_a_lost_connection_loses_nothing(self):
        get = self.clients.swift.get_object

        def refuse(*arguments, **keywords):
            raise keystone_exceptions.ConnectFailure('refused')

        def lose():
            self.step(a='done')
            self.clients.swift.get_object = refuse

        def find():
            self.clients.swift.get_object = get

        self.happens = [lose, lambda: None, find, self.end]
        self.assertEqual([
            'connection lost (ConnectFailure), trying again',
            'connected again',
            'web.1 stop a done 0.4 s', 'execution first SUCCESS'],
            self.watch()[1:])

    def test_a_refusal_is_no_lost_connection(self):
        def refuse(execution_id):
            raise mistral_base.APIException(403, 'Forbidden')

        self.clients.mistral.executions.get = refuse
        self.assertRaises(mistral_base.APIException, self.watch)

    def test_an_error_of_the_server_is_one(self):
        get = self.clients.mistral.executions.get

        def break_down(execution_id):
            self.clients.mistral.executions.get = get
            raise mistral_base.APIException(503, 'Not now')

        self.clients.mistral.executions.get = break_down
        self.happens = [lambda: None, self.end]
        self.assertEqual(['connection lost (APIException), trying again',
                          'connected again'], self.watch()[:2])
