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

"""The check that asks an HTTP endpoint, and the one request behind it."""

import dataclasses
import http.client
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tripleo_workflows.checks import contract
from tripleo_workflows.checks import variables

#: What is read of an answer, in bytes; the rest is not looked at.
BODY_LIMIT = 64 * 1024
#: How long a request may take where the check does not say, in seconds.
TIMEOUT = 5.0
#: Methods that change nothing.
READING = ('GET', 'HEAD', 'OPTIONS')


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    :param status: the status code.
    :param body: at most ``BODY_LIMIT`` bytes of the body.
    :param headers: by their names in lower case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Request:
    """What an HTTP check sends.

    :param timeout: for the whole exchange, in seconds.
    """

    url: str
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    timeout: float

    @property
    def is_write(self) -> bool:
        """Whether it may change something."""
        return self.method not in READING

    def send(self) -> Answer:
        """Send it once, see :func:`request`."""
        return request(self.url, self.method, self.body, self.headers,
                       self.timeout)


def request(url: str, method: str = 'GET', body: bytes | None = None,
            headers: Mapping[str, str] | None = None,
            timeout: float = TIMEOUT) -> Answer:
    """Send one request over a connection of its own.

    Redirects are not followed, proxies are not used, nothing is retried.

    :param timeout: for the whole exchange, in seconds.
    :raises TimeoutError: the exchange took longer.
    :raises OSError: the connection was refused, reset or not trusted.
    :raises http.client.HTTPException: the answer is not HTTP.
    :raises ValueError: the URL is not an HTTP URL.
    """
    deadline = time.monotonic() + timeout
    parts = urllib.parse.urlsplit(url)

    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise ValueError('it is no http or https URL with a host')

    kind = (http.client.HTTPSConnection if parts.scheme == 'https'
            else http.client.HTTPConnection)
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    target = urllib.parse.urlunsplit(
        ('', '', parts.path or '/', parts.query, ''))

    try:
        connection.connect()
        # The connection forgets its socket when the other side will close
        # it, while the answer is still to be read from it.
        sock = connection.sock
        connection.request(method, target, body,
                           {'Connection': 'close', **(headers or {})})
        sock.settimeout(remaining(deadline))
        response = connection.getresponse()
        chunks: list[bytes] = []
        size = 0

        while size < BODY_LIMIT:
            sock.settimeout(remaining(deadline))
            chunk = response.read1(BODY_LIMIT - size)

            if not chunk:
                break

            chunks.append(chunk)
            size += len(chunk)

        return Answer(response.status, b''.join(chunks),
                      {name.lower(): value for name, value
                       in response.getheaders()})
    finally:
        connection.close()


def remaining(deadline: float) -> float:
    """Seconds until a deadline on the monotonic clock.

    :raises TimeoutError: there are none.
    """
    left = deadline - time.monotonic()

    if left <= 0:
        raise TimeoutError('timed out')

    return left


def prepare(options: Mapping[str, Any],
            facts: Mapping[str, str]) -> Request:
    """The request of an HTTP check, see :func:`ask`."""
    body = variables.fill(options.get('body', ''), facts)

    return Request(
        url=variables.fill(options['url'], facts),
        method=options.get('method') or ('POST' if body else 'GET'),
        body=body.encode() or None, headers=options.get('headers', {}),
        timeout=float(options.get('timeout', TIMEOUT)))


def ask(options: Mapping[str, Any],
        facts: Mapping[str, str]) -> contract.Finding:
    """Carry out one HTTP check.

    :param options: as :mod:`tripleo_workflows.checks.schema` has them.
    :param facts: values of the variables in its url and body, by name.
    :raises variables.Unfilled: it uses a variable that is none.
    """
    asked = prepare(options, facts)
    shown = f'{asked.method} {without_secrets(asked.url)}'

    try:
        answer = asked.send()
    except ValueError as error:
        return contract.Finding(
            contract.Code.BROKEN, f'{shown} cannot be sent: {error}.',
            "Mend the check's url.")
    except (OSError, http.client.HTTPException) as error:
        return contract.Finding(
            contract.Code.FAILURE, f'{shown} got no answer: {reason(error)}.',
            'See whether the service runs and listens there.')

    problem = problem_of(options, answer)

    if problem:
        return contract.Finding(
            contract.Code.FAILURE, f'{shown} {problem}.',
            "See the service's log.")

    return contract.Finding(contract.Code.SUCCESS,
                            f'{shown} answered {answer.status}.')


def reason(error: Exception) -> str:
    """Say in a few words why a request got no answer."""
    if isinstance(error, TimeoutError):
        return 'timed out'

    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()

    return str(error) or type(error).__name__


def problem_of(options: Mapping[str, Any], answer: Answer) -> str:
    """What an answer lacks to be the one that a check wants, if anything."""
    wanted = options.get('status')

    if wanted is None and not 200 <= answer.status < 300:
        return f'answered {answer.status}, not in the 200s'

    if wanted is not None and answer.status != int(wanted):
        return f'answered {answer.status}, not {wanted}'

    contains = options.get('contains')

    if contains and str(contains).encode() not in answer.body:
        return f'answered {answer.status} without {str(contains)!r}'

    return ''


def without_secrets(url: str) -> str:
    """Drop what may be a password or a signature from a URL."""
    parts = urllib.parse.urlsplit(url)

    return urllib.parse.urlunsplit(
        (parts.scheme, parts.netloc.rpartition('@')[2], parts.path, '', ''))
