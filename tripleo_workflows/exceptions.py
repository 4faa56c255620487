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

"""The exception tree: what went wrong, where, and what to do about it."""


class TripleoError(Exception):
    """An error that says what happened, where, and what helps.

    :param message: what is wrong, as a full sentence without secrets.
    :param remedy: what the reader should do next, as a full sentence.
    :param where: the place, as in ``plan='overcloud', service='web'``; it
        ends the text as ``[plan=overcloud, service=web]``.
    """

    #: A stable, machine-readable name of the kind of error.
    code = 'error'
    #: Whether the same request may succeed later without a change.
    retryable = False

    def __init__(self, message: str, remedy: str = '', **where: object):
        self.message = message
        self.remedy = remedy
        self.where = {key: value for key, value in where.items()
                      if value not in (None, '')}
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [self.message]

        if self.remedy:
            parts.append(self.remedy)

        if self.where:
            pairs = ', '.join(f'{key}={value}'
                              for key, value in self.where.items())
            parts.append(f'[{pairs}]')

        return ' '.join(parts)


class InvalidInput(TripleoError):
    """An input, file or field is not what it must be; nothing changed."""

    code = 'invalid-input'


class NotFound(TripleoError):
    """A plan, stack, object or execution that was named does not exist."""

    code = 'not-found'


class NotPermitted(TripleoError):
    """The person, or the trust of an operation, lacks the right to it."""

    code = 'not-permitted'


class Conflict(TripleoError):
    """Something exists, or somebody else is at work, and we give way."""

    code = 'conflict'


class OperationInProgress(Conflict):
    """Another operation of the plan holds its lock."""

    code = 'operation-in-progress'


class FenceLost(Conflict):
    """A newer execution has taken the operation over; this one must stop."""

    code = 'fence-lost'


class DocumentOutdated(Conflict):
    """The cloud is no longer what the rollout was computed from."""

    code = 'document-outdated'


class StackFailed(TripleoError):
    """Heat ended a stack operation in a failed state."""

    code = 'stack-failed'


class StepFailed(TripleoError):
    """A step, check or gate failed on at least one node."""

    code = 'step-failed'


class DeadlineExceeded(TripleoError):
    """Something took longer than its deadline allows."""

    code = 'deadline-exceeded'


class ServiceUnavailable(TripleoError):
    """A service of the undercloud did not answer."""

    code = 'service-unavailable'
    retryable = True
