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

"""What probers saw of an operation, in its record.

One prober's report is ``<operation>/availability/<when it began>.json``, in
the form of :meth:`checks.availability.Report.to_dict`.
"""

import time

from tripleo_workflows.checks import availability
from tripleo_workflows.operation import record as operation_record

_FOLDER = 'availability'


def store(record: operation_record.Record, operation: str,
          report: operation_record.Object) -> str:
    """Write a prober's report; a later one of the same prober replaces it.

    :returns: the object's name.
    """
    began = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(report['began']))
    name = f'{operation}/{_FOLDER}/{began}.json'
    record.put(name, report)

    return name


def verdicts(record: operation_record.Record, operation: str) -> list[str]:
    """What each prober saw, in a line; the first to begin comes first."""
    found = (record.get(name) for name in sorted(
        record.names(f'{operation}/{_FOLDER}/')))

    return [availability.verdict(report['requests'], report['failed'])
            for report in found if report]
