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

"""Rules about the order in which tasks run."""

from tripleo_workflows.pack import definitions
from tripleo_workflows.pack.lint import flow
from tripleo_workflows.pack.lint import rules
from tripleo_workflows.rollout import graph as rollout_graph


@rules.of_workflows
def unknown_target(subject: rules.Subject) -> rules.Found:
    """A task leads to one that does not exist, or asks for its result."""
    tasks = subject.workflow.tasks

    for transition in subject.workflow.transitions:
        if transition.target not in (*tasks, *flow.COMMANDS):
            yield transition.place, (
                f'{transition.source} leads to {transition.target}, and '
                f'there is no such task.')

    for expression in subject.expressions:
        for task in expression.tasks - tasks.keys():
            yield expression.place, (
                f'{expression.text} asks for {task}, and there is no such '
                f'task.')


@rules.of_workflows
def unreachable_task(subject: rules.Subject) -> rules.Found:
    """No way leads to a task from one that starts with the workflow."""
    unreachable = subject.workflow.tasks.keys() - subject.flow.reachable()

    for task in unreachable:
        if subject.flow.before(task) != {task}:
            yield ('tasks', task), f'Nothing leads to {task} from a start.'


@rules.of_workflows
def start_task_loop(subject: rules.Subject) -> rules.Found:
    """A task that nothing but itself leads to, which Mistral never starts.

    Put a task before it that runs std.noop.
    """
    for task in subject.workflow.tasks:
        if subject.flow.before(task) == {task}:
            yield ('tasks', task), (
                f'Only {task} itself leads to {task}, so it never starts.')


@rules.of_workflows
def join_without_branches(subject: rules.Subject) -> rules.Found:
    """A task waits for more branches than lead to it."""
    for name, task in subject.workflow.tasks.items():
        join = task.get('join')
        least = join if isinstance(join, int) else 1
        leading = len(subject.flow.before(name))

        if join and leading < least:
            yield ('tasks', name, 'join'), (
                f'{name} joins {join}, and {leading} lead to it.')


@rules.of_workflows
def fail_beside_branches(subject: rules.Subject) -> rules.Found:
    """A task orders ``fail`` while another branch may be running.

    The engine stops the other branch after its task, and a rerun then says
    SUCCESS without having run the rest. Let the task fail without an order,
    or fail after the branches have met.
    """
    beside = subject.flow.beside()

    for transition in subject.workflow.transitions:
        if transition.target == 'fail' and transition.source in beside:
            yield transition.place, (
                f'{transition.source} may fail the workflow while another '
                f'branch runs.')


@rules.of_workflows
def task_in_loop(subject: rules.Subject) -> rules.Found:
    """``task(name)`` of a task in a loop is any earlier run of it.

    Publish in the task itself what later ones need.
    """
    loops = subject.flow.loops()

    for expression in subject.expressions:
        for task in expression.tasks & loops:
            yield expression.place, (
                f'{expression.text} asks for {task}, which runs in a loop.')


@rules.of_workflows
def skipped_before_join(subject: rules.Subject) -> rules.Found:
    """A join needs what a task publishes that may be skipped.

    The engine leaves skipped tasks out when it merges the branches.
    """
    for transition in subject.workflow.transitions:
        if (transition.clause == 'on-skip'
                and 'join' in subject.workflow.tasks.get(
                    transition.target, ())):
            lost = _published(subject, transition.source) & _needed(
                subject, transition.target)

            for name in sorted(lost):
                yield transition.place, (
                    f'{name} is lost where {transition.source} is skipped, '
                    f'and needed from {transition.target} on.')


@rules.of_workflows
def too_many_tasks(subject: rules.Subject) -> rules.Found:
    """A workflow has more tasks than Mistral should carry.

    It sends the whole definition with each task. Move some of them into a
    workflow of their own.
    """
    number = len(subject.workflow.tasks)

    if number > rollout_graph.MOST_TASKS:
        yield ('tasks',), (f'{number} tasks; at most '
                           f'{rollout_graph.MOST_TASKS} are good.')


def _published(subject: rules.Subject, task: str) -> set[str]:
    content = subject.workflow.tasks[task]

    return {str(name) for key in ('publish', 'publish-on-skip')
            for name in content.get(key, ())}


def _needed(subject: rules.Subject, join: str) -> set[str]:
    """Variables that are read from a join on, or in the output."""
    tasks = {join} | subject.flow.after(join)

    return {name for expression in subject.expressions
            if _is_in(expression.place, tasks)
            for name in expression.variables}


def _is_in(place: definitions.Place, tasks: set[str]) -> bool:
    return place[0] == 'output' or (
        place[0] == 'tasks' and place[1] in tasks)
