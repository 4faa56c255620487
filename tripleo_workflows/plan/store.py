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

"""Plans in Swift: a container of text files for each."""

import concurrent.futures
import contextlib
import hashlib
import os
import pathlib
import queue
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import TypeVar

import swiftclient
from keystoneauth1 import exceptions as keystone_exceptions

from tripleo_workflows import exceptions

#: Marks a container as a plan, for us and for the predecessor's clients.
USAGE_HEADER = 'x-container-meta-usage-tripleo'

_NAME = re.compile('^[a-zA-Z0-9-]+$')
_SKIPPED = {'.git', '.tox', '__pycache__'}
_THREADS = 6

_T = TypeVar('_T')


class PlanStore:
    """The files of one plan."""

    def __init__(self, swift: swiftclient.Connection, plan: str):
        self.plan = plan
        self._swift = swift

    def exists(self) -> bool:
        """Whether there is a container of that name that is a plan."""
        headers = self._head()

        return headers is not None and headers.get(USAGE_HEADER) == 'plan'

    def create(self) -> None:
        """Make the plan's container, empty.

        :raises InvalidInput: the name is not one that a stack may have.
        :raises Conflict: a container of that name exists.
        """
        if not _NAME.match(self.plan):
            raise exceptions.InvalidInput(
                f'{self.plan!r} is not a name for a plan.',
                'Use letters, digits and dashes only.', field='plan')

        if self._head() is not None:
            raise exceptions.Conflict(
                f'A container named {self.plan} exists already.',
                'Choose another name, or delete the plan first.',
                plan=self.plan)

        with self._errors('create the plan'):
            self._swift.put_container(self.plan, {USAGE_HEADER: 'plan'})

    def adopt(self) -> None:
        """Mark a container that somebody else made as a plan.

        :raises NotFound: there is no such container.
        """
        if self._head() is None:
            raise self._missing()

        with self._errors('mark the plan'):
            self._swift.post_container(self.plan, {USAGE_HEADER: 'plan'})

    def read(self) -> dict[str, str]:
        """All text files of the plan by name.

        Objects that are not UTF-8 text are no templates and left out.

        :raises NotFound: there is no such plan.
        """
        names = list(self._hashes())
        texts = self._each(names, self._get)

        return {name: text for name, text in zip(names, texts, strict=True)
                if text is not None}

    def read_file(self, name: str) -> str:
        """One file of the plan.

        :raises NotFound: there is no such plan, or no such file.
        """
        with self._errors('read'):
            text = self._get(self._swift, name)

        if text is None:
            raise exceptions.NotFound(
                f'The plan has no {name}.', 'Upload the plan again.',
                plan=self.plan, file=name)

        return text

    def write(self, files: Mapping[str, str], remove: Iterable[str] = ()
              ) -> list[str]:
        """Store files, of which only the changed ones are sent.

        :param files: contents by name; files not named stay as they are.
        :param remove: names of files to delete, where they exist.
        :returns: names of the files that were sent.
        :raises NotFound: there is no such plan.
        """
        stored = self._hashes()
        changed = sorted(
            name for name, text in files.items()
            if stored.get(name) != _md5(text))
        gone = sorted(set(remove) & stored.keys() - files.keys())

        self._each(changed, lambda swift, name: swift.put_object(
            self.plan, name, files[name].encode(),
            content_type='text/plain; charset=UTF-8'))
        self._each(gone, self._delete)

        return changed

    def _head(self) -> Mapping[str, str] | None:
        with self._errors('look for the plan'):
            try:
                headers: Mapping[str, str] = self._swift.head_container(
                    self.plan)

                return headers
            except swiftclient.ClientException as error:
                if error.http_status == 404:
                    return None
                raise

    def _hashes(self) -> dict[str, str]:
        with self._errors('list the plan'):
            try:
                _, rows = self._swift.get_container(
                    self.plan, full_listing=True)
            except swiftclient.ClientException as error:
                if error.http_status == 404:
                    raise self._missing() from None
                raise

        return {row['name']: row['hash'] for row in rows}

    def _missing(self) -> exceptions.NotFound:
        return exceptions.NotFound(
            f'There is no plan named {self.plan}.',
            'Upload it with "tripleo-workflows plan upload DIRECTORY '
            f'{self.plan}", or correct the name.', plan=self.plan)

    def _get(self, swift: swiftclient.Connection, name: str) -> str | None:
        try:
            _, body = swift.get_object(self.plan, name)
            text: str = body.decode()

            return text
        except UnicodeDecodeError:
            return None
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                # Deleted since the listing, or listed late after a delete.
                return None
            raise

    def _delete(self, swift: swiftclient.Connection, name: str) -> None:
        try:
            swift.delete_object(self.plan, name)
        except swiftclient.ClientException as error:
            if error.http_status != 404:
                raise

    def _each(self, names: list[str],
              work: Callable[[swiftclient.Connection, str], _T]) -> list[_T]:
        """Do the same for many objects, over a few connections at once."""
        if not names:
            return []

        idle: queue.Queue[swiftclient.Connection] = queue.Queue()
        count = min(_THREADS, len(names))

        with self._errors('read or write the plan'):
            for _ in range(count):
                idle.put(_connection(self._swift))

            def one(name: str) -> _T:
                swift = idle.get()
                try:
                    return work(swift, name)
                finally:
                    idle.put(swift)

            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                try:
                    return list(pool.map(one, names))
                finally:
                    while not idle.empty():
                        idle.get().close()

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except swiftclient.ClientException as error:
            # Its text may hold a TempURL or a token: only the status is ours.
            raise exceptions.ServiceUnavailable(
                f'Swift did not let us {what} '
                f'(status {error.http_status}).',
                'Look at the object store and at your rights in the '
                'project, then try again.', plan=self.plan) from None
        except (keystone_exceptions.ClientException, OSError) as error:
            raise exceptions.ServiceUnavailable(
                f'Swift cannot be reached to {what} '
                f'({type(error).__name__}).',
                'Look at the object store, then try again.',
                plan=self.plan) from None


def read_directory(path: str | os.PathLike[str],
                   follow_links: bool = False) -> dict[str, str]:
    """The files of a directory, as a plan's files by name.

    :param path: the directory; version control's and Python's own files in
        it are skipped.
    :param follow_links: whether its links may lead to files elsewhere. Who
        says so trusts whoever made the directory with all files here.
    :raises NotFound: it is not a directory.
    :raises InvalidInput: a link leads where it must not, a file is not text,
        or it is empty.
    """
    root = pathlib.Path(path).resolve()

    if not root.is_dir():
        raise exceptions.NotFound(
            f'{path} is not a directory.',
            'Name the directory that holds overcloud.j2.yaml.')

    files = {}
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(set(subdirectories) - _SKIPPED)
        here = pathlib.Path(directory)

        for name in [*subdirectories, *names]:
            _refuse_link(root, here / name, follow_links)

        for name in sorted(names):
            if not name.endswith(('.pyc', '.pyo')) and name not in _SKIPPED:
                file = here / name
                files[file.relative_to(root).as_posix()] = _read(file)

    if not files:
        raise exceptions.InvalidInput(
            f'{path} holds no files.',
            'Name the directory that holds overcloud.j2.yaml.')

    return files


def _refuse_link(root: pathlib.Path, file: pathlib.Path,
                 follow_links: bool) -> None:
    if not file.is_symlink():
        return

    # A linked directory would be skipped in silence by the walk.
    if file.is_dir():
        problem = 'is a link to a directory'
        remedy = 'Replace the link by the files that it stands for.'
    elif not follow_links and not file.resolve().is_relative_to(root):
        problem = 'is a link out of the plan'
        remedy = ('Replace the link by the file that it stands for, or take '
                  'what such links lead to with --follow-links.')
    else:
        return

    raise exceptions.InvalidInput(f'{file} {problem}.', remedy,
                                  file=file.relative_to(root).as_posix())


def _read(file: pathlib.Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        raise exceptions.InvalidInput(
            f'{file} is not UTF-8 text, and a plan holds nothing else.',
            'Remove the file, or move it out of the directory.',
            file=file.name) from None
    except OSError as error:
        raise exceptions.InvalidInput(
            f'{file} cannot be read: {error.strerror}.',
            'Make it a readable file, or remove it.',
            file=file.name) from None


def _md5(text: str) -> str:
    # Swift's listing has no other digest of an object.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _connection(swift: swiftclient.Connection) -> swiftclient.Connection:
    """Another connection with the same rights, for another thread."""
    if not (swift.url and swift.token):
        swift.get_auth()

    verify: Any = getattr(swift.session, 'verify', None)

    return swiftclient.Connection(
        preauthurl=swift.url, preauthtoken=swift.token,
        retries=swift.retries, timeout=swift.timeout,
        cacert=verify if isinstance(verify, str) else swift.cacert,
        insecure=verify is False or swift.insecure)
