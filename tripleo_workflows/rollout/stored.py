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

"""The lifecycles of what was rolled, kept for the way back.

A node that is put back, and a service that leaves a node, go by the steps
with which they came, not by those of the templates of today.
"""

from collections.abc import Iterable

from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import lifecycle as lifecycle_format
from tripleo_workflows.rollout import revision


def save(record: operation_record.Record,
         lifecycle: lifecycle_format.Lifecycle) -> str:
    """Keep a lifecycle, which has no values of secrets.

    :returns: its digest, by which :func:`load` finds it.
    """
    digest = revision.digest(lifecycle)
    name = _name(digest)

    if record.get(name) is None:
        record.put(name, lifecycle)

    return digest


def load(record: operation_record.Record, digest: str | None
         ) -> lifecycle_format.Lifecycle:
    """A lifecycle that was kept.

    :raises NotFound: there is none of this digest.
    """
    found = record.get(_name(digest)) if digest else None

    if found is None:
        raise exceptions.NotFound(
            'The steps with which the service came to its nodes are not in '
            'the record.', 'Remove the service from these nodes by hand, '
            'then abort and preview again.', plan=record.plan,
            lifecycle=digest)

    return found


def load_all(record: operation_record.Record, digests: Iterable[str]
             ) -> dict[str, lifecycle_format.Lifecycle]:
    """Those of some lifecycles that are there, by their digests."""
    found = {digest: record.get(_name(digest)) for digest in digests}

    return {digest: lifecycle for digest, lifecycle in found.items()
            if lifecycle is not None}


def _name(digest: str) -> str:
    return f'state/lifecycles/{digest}.json'
