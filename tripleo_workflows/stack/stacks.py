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

"""Heat stacks: find, validate, bring to a plan, wait, read outputs."""

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any

from heatclient import exc as heat_exceptions
from heatclient.v1 import client as heat_client
from keystoneauth1 import exceptions as keystone_exceptions

from tripleo_workflows import exceptions
from tripleo_workflows.stack import arguments as stack_arguments

Stack = dict[str, Any]

_POLL_SECONDS = 0.5
_DEPTH = 10
_FAILURES_SHOWN = 5
_REASON_LENGTH = 300

_PARAMETER = re.compile(
    r"Parameter '(\w+)' is invalid: (?:Invalid default \S* \()?(.*)"
    r'|[Pp]arameter \((\w+)\) (.*)')
# Heat's reason quotes the value.
_SECRET = re.compile('password|secret|key|token', re.IGNORECASE)


def find(heat: heat_client.Client, name: str) -> Stack | None:
    """What a stack is doing, without its parameters and outputs.

    :param name: the stack's name or id.
    :returns: ``id``, ``name``, ``action``, ``status`` (IN_PROGRESS,
        COMPLETE or FAILED), ``reason`` and ``marker``, the id of the newest
        event of the stack; None where there is no such stack.
    """
    stack = _state(heat, name)

    return stack and {**stack, 'marker': _marker(heat, stack)}


def get(heat: heat_client.Client, name: str) -> Stack:
    """A stack that must exist, as :func:`find` gives it.

    :raises NotFound: there is no such stack.
    """
    stack = find(heat, name)

    if stack is None:
        raise exceptions.NotFound(
            f'There is no stack named {name}.',
            'Deploy the plan first, or correct the name.', stack=name)

    return stack


def validate(heat: heat_client.Client,
             arguments: stack_arguments.HeatArguments) -> dict[str, Any]:
    """Let Heat check a plan without making anything.

    :returns: Heat's answer: the parameters, nested stacks included.
    :raises InvalidInput: Heat refuses; names the parameter if one is it.
    """
    with errors('validate the plan', stack=arguments.stack_name):
        answer: dict[str, Any] = heat.stacks.validate(
            template=arguments.template, environment=arguments.environment,
            files=arguments.files, show_nested=True)

        return answer


def bring(heat: heat_client.Client,
          arguments: stack_arguments.HeatArguments,
          timeout_minutes: int) -> str:
    """Start to create a stack, or to update it, whatever it last failed at.

    :returns: the stack's id; give it to :func:`wait`. When this returns,
        the new operation has begun.
    :raises Conflict: an operation on the stack is in progress.
    :raises InvalidInput: Heat refuses the plan.
    """
    name = arguments.stack_name
    stack = find(heat, name)
    request = {
        'stack_name': name, 'template': arguments.template,
        'environment': arguments.environment, 'files': arguments.files,
        'timeout_mins': timeout_minutes, 'disable_rollback': True}

    if stack is None:
        with errors('create the stack', stack=name):
            created: str = heat.stacks.create(**request)['stack']['id']

            return created

    # Heat restarted after a kill shows this for seconds, then FAILED; a
    # request sent before that is accepted and lost.
    if stack['status'] == 'IN_PROGRESS' or stack['action'] == 'DELETE':
        raise _busy(stack)

    stack_id: str = stack['id']
    with errors('update the stack', stack=name):
        heat.stacks.update(stack_id, **request)

    return stack_id


def delete(heat: heat_client.Client, name: str, seconds: float = 20
           ) -> str | None:
    """Start to delete a stack with its servers, whatever it last failed at.

    :param seconds: how long Heat may take to begin.
    :returns: the stack's id; None where there is no such stack. Give it to
        :func:`wait` with ``gone``; when this returns, the deletion has
        begun.
    :raises Conflict: another operation on the stack is in progress.
    """
    stack = find(heat, name)

    if stack is None:
        return None

    stack_id: str = stack['id']

    if stack['status'] == 'IN_PROGRESS':
        if stack['action'] == 'DELETE':
            return stack_id

        raise _busy(stack)

    with errors('delete the stack', stack=name):
        heat.stacks.delete(stack_id)

    # Heat answers before it has stored that it deletes.
    deadline = time.monotonic() + seconds

    while not _deletes(heat, stack_id, stack['marker']):
        if time.monotonic() > deadline:
            raise exceptions.ServiceUnavailable(
                'Heat does not begin to delete the stack.',
                'Look at the log of the orchestration service, then try '
                'again.', stack=name)

        time.sleep(_POLL_SECONDS)

    return stack_id


def _deletes(heat: heat_client.Client, stack_id: str, since: str | None
             ) -> bool:
    stack = _state(heat, stack_id)

    try:
        return stack is None or (stack['action'] == 'DELETE'
                                 and _marker(heat, stack) != since)
    except exceptions.NotFound:
        # It was gone before its events were asked for.
        return True


def _busy(stack: Stack) -> exceptions.Conflict:
    name = stack['name']

    return exceptions.Conflict(
        f'The stack {name} is in {stack["action"]}_{stack["status"]}.',
        'Wait until it has ended, then try again.', stack=name)


def wait(heat: heat_client.Client, stack_id: str, since: str | None,
         seconds: float = 25, gone: bool = False) -> dict[str, Any]:
    """Wait a slice of time for the end of an operation on a stack.

    Heat stores IN_PROGRESS and an event before it answers a create or an
    update, so a state that is not IN_PROGRESS is the new operation's
    result. A reader behind a replicated database may still see the old
    state: the newest event tells them apart, which the time of the last
    update, in whole seconds, does not for short updates.

    :param since: ``marker`` of :func:`find` from before the operation;
        None for a stack that did not exist, or to trust the state.
    :param gone: whether its end is that there is no such stack.
    :returns: ``done``, ``status`` (UNKNOWN while Heat does not answer, GONE
        without a stack) and ``reason``.
    :raises StackFailed: it ended in a failure; names what failed inside.
    :raises NotFound: there is no such stack, and that is not its end.
    """
    deadline = time.monotonic() + seconds

    while True:
        try:
            outcome = _look(heat, stack_id, since, gone)
        except exceptions.ServiceUnavailable as error:
            # A restarted Heat answers again, and then says how it ended.
            outcome = {'done': False, 'status': 'UNKNOWN',
                       'reason': error.message}

        left = deadline - time.monotonic()
        if outcome['done'] or left <= 0:
            return outcome

        time.sleep(min(_POLL_SECONDS, left))


def _look(heat: heat_client.Client, stack_id: str, since: str | None,
          gone: bool) -> dict[str, Any]:
    stack = _state(heat, stack_id)

    if stack is None and gone:
        return {'done': True, 'status': 'GONE', 'reason': ''}

    stack = stack or get(heat, stack_id)
    done = (stack['status'] != 'IN_PROGRESS'
            and (since is None or _marker(heat, stack) != since))

    if done and stack['status'] == 'FAILED':
        raise _failed(heat, stack)

    return {'done': done, 'status': stack['status'],
            'reason': stack['reason']}


def output(heat: heat_client.Client, name: str, key: str) -> Any:
    """The value of one output of a stack.

    :raises NotFound: there is no such stack, or no such output.
    """
    with errors('show an output', stack=name, output=key):
        try:
            shown = heat.stacks.output_show(name, key)['output']
        except heat_exceptions.HTTPNotFound:
            get(heat, name)
            raise exceptions.NotFound(
                f'The stack {name} has no output {key}.',
                'Add the output to the root template of the plan, then '
                'update the stack.', stack=name, output=key) from None

    if shown.get('output_error'):
        raise exceptions.StackFailed(
            f'Heat cannot compute the output {key}: '
            f'{_shorten(shown["output_error"])}',
            'Bring the stack to the plan again.', stack=name, output=key)

    return shown['output_value']


def link(row: Any, relation: str) -> str | None:
    """The ``name/id`` of a stack that a resource's row links to."""
    for entry in row.links:
        if entry['rel'] == relation:
            parts = entry['href'].split('/stacks/')[1].split('/')

            return '/'.join(parts[:2])

    return None


@contextlib.contextmanager
def errors(what: str, **where: object) -> Iterator[None]:
    """Turn Heat's errors into ours."""
    try:
        yield
    except heat_exceptions.HTTPBadRequest as error:
        raise _refused(what, _shorten(str(error)), where) from None
    except heat_exceptions.HTTPNotFound:
        raise exceptions.NotFound(
            f'Heat does not know what it needs to {what}.',
            'Bring the stack to the plan, then try again.',
            **where) from None
    except heat_exceptions.HTTPConflict as error:
        raise exceptions.Conflict(
            f'Heat cannot {what} now: {_shorten(str(error))}',
            'Wait until the operation in progress has ended, then try '
            'again.', **where) from None
    except (heat_exceptions.HTTPUnauthorized, heat_exceptions.HTTPForbidden,
            keystone_exceptions.Unauthorized):
        # Waiting does not help; who knows whose token it was explains it.
        raise
    except (heat_exceptions.BaseException, keystone_exceptions.ClientException,
            OSError) as error:
        raise exceptions.ServiceUnavailable(
            f'Heat did not {what} ({type(error).__name__}).',
            'Look at the log of the orchestration service, then try again.',
            **where) from None


def _refused(what: str, text: str, where: dict[str, object]
             ) -> exceptions.InvalidInput:
    match = _PARAMETER.search(text)

    if match is None:
        return exceptions.InvalidInput(
            f'Heat refuses to {what}: {text}',
            'Correct the templates of the plan; the log of the '
            'orchestration service may say more.', **where)

    name, reason = filter(None, match.groups())
    if _SECRET.search(name):
        reason = 'its value is invalid.'

    return exceptions.InvalidInput(
        f'Heat refuses the parameter {name}: {reason.replace(").", ".")}',
        f'Correct {name} under parameter_defaults in plan-environment.yaml, '
        'or in the environment that sets it.', parameter=name, **where)


def _state(heat: heat_client.Client, name: str) -> Stack | None:
    with errors('show the stack', stack=name):
        try:
            stack = heat.stacks.get(name, resolve_outputs=False)
        except heat_exceptions.HTTPNotFound:
            return None

    action, _, status = stack.stack_status.partition('_')
    if (action, status) == ('DELETE', 'COMPLETE'):
        return None

    return {'id': stack.id, 'name': stack.stack_name, 'action': action,
            'status': status, 'reason': stack.stack_status_reason}


def _marker(heat: heat_client.Client, stack: Stack) -> str | None:
    with errors('show the newest event', stack=stack['name']):
        events = heat.events.list(
            f'{stack["name"]}/{stack["id"]}', limit=1, sort_dir='desc',
            filters={'resource_name': stack['name']})
        newest: str | None = next((event.id for event in events), None)

    return newest


def _failed(heat: heat_client.Client, stack: Stack
            ) -> exceptions.StackFailed:
    with errors('show what failed', stack=stack['name']):
        rows = list(heat.resources.list(
            stack['id'], nested_depth=_DEPTH, filters={'status': 'FAILED'}))

    # A resource whose nested stack failed only repeats what failed in it.
    containers = {link(row, 'stack') for row in rows}
    causes = [row for row in rows if link(row, 'nested') not in containers]
    lines = [f'{row.resource_name}: {_shorten(row.resource_status_reason)}'
             for row in causes[:_FAILURES_SHOWN]]

    if len(causes) > _FAILURES_SHOWN:
        lines.append(f'and {len(causes) - _FAILURES_SHOWN} more.')

    return exceptions.StackFailed(
        f'The stack {stack["name"]} ended in {stack["action"]}_FAILED. '
        + (' '.join(lines) or _shorten(stack['reason'])),
        'Remove what stands in the way, then delete the stack again.'
        if stack['action'] == 'DELETE' else
        'Correct the plan, then bring the stack to it again; a stack that '
        'failed needs no deletion.', stack=stack['name'])


def _shorten(text: str) -> str:
    """Heat's reason as one sentence, without its prefixes."""
    line = ' '.join((text or 'no reason given').split())
    line = re.sub(r'^(ERROR: )+', '', line)

    if len(line) > _REASON_LENGTH:
        line = line[:_REASON_LENGTH].rstrip() + '…'

    return line if line.endswith(('.', '…')) else f'{line}.'
