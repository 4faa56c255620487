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

"""The check contract: what every check answers, whoever asks."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple


class Code(enum.IntEnum):
    """The result of one check, with oslo.upgradecheck's numbers."""

    #: Nothing stands in the way.
    SUCCESS = 0
    #: Something is worth a look, and the work may go on.
    WARNING = 1
    #: What was checked is not as it must be: the work must not go on.
    FAILURE = 2
    #: The check could not be carried out, so nothing is known.
    BROKEN = 255


class Finding(NamedTuple):
    """What a runner found, before it is known as which check's result."""

    result: Code
    details: str = ''
    remedy: str = ''


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """What one check found.

    :param name: the check's name, unique where it is listed.
    :param result: how it ended.
    :param details: what was seen, as a full sentence without secrets.
    :param remedy: what the reader should do next; empty on success.
    :param seconds: how long the check took.
    :param node: the node it is about; empty for a service as a whole.
    :param waived: who decided that its failure does not count, and why:
        ``{person, when, reason}``.
    """

    name: str
    result: Code
    details: str = ''
    remedy: str = ''
    seconds: float = 0.0
    node: str = ''
    waived: Mapping[str, str] | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the work must not go on."""
        return self.result >= Code.FAILURE and not self.waived

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, with the result as a plain number.

        It has ``waived`` only where the check was.
        """
        form = {
            **dataclasses.asdict(self),
            'result': int(self.result),
            'seconds': round(self.seconds, 3),
        }

        if not self.waived:
            del form['waived']

        return form
