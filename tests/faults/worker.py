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

"""A worker without an engine: one step of the light service's batch.

``python -m tests.faults.worker OPERATION STEP`` runs the code that Mistral's
action would run, with clients from the environment, and prints the answer or
the error as JSON. OPERATION is the operation, as its tasks are given it.
"""

import json
import sys

from tests.faults import light
from tripleo_workflows import clients as service_clients
from tripleo_workflows import exceptions
from tripleo_workflows.operation import record as operation_record
from tripleo_workflows.rollout import steps


def main(operation: str, step: str) -> None:
    """Carry a step as far as it gets in one slice."""
    unit = steps.Unit(
        service_clients.from_environment(),
        operation_record.Operation(**json.loads(operation)), light.SERVICE,
        '1')

    try:
        answer = unit.run(step)
    except exceptions.TripleoError as error:
        answer = {'error': str(error)}

    print(json.dumps(answer))


if __name__ == '__main__':
    main(*sys.argv[1:])
