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

"""The undercloud and the nodes of a run."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import sys
from collections.abc import Iterator
from collections.abc import Sequence

from tripleo_workflows.undercloud import credentials
from tripleo_workflows.undercloud import embedded
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import ports
from tripleo_workflows.undercloud import state as undercloud_state
from tripleo_workflows.undercloud import supervision
from tripleo_workflows.undercloud.ci import clock as run_clock


@dataclasses.dataclass(frozen=True)
class Undercloud:
    """An undercloud that a run uses.

    :param was_there: whether anything was in its state directory before.
    :param was_up: whether it ran before.
    """

    state: undercloud_state.StateDirectory
    was_there: bool
    was_up: bool


def find(state: undercloud_state.StateDirectory) -> Undercloud:
    """See what is in a state directory; nothing is changed."""
    return Undercloud(state, state.root.exists(), state.root.exists()
                      and supervision.Supervisor(state).is_running())


def start(undercloud: Undercloud, tell: run_clock.Say) -> None:
    """Bring an undercloud up, unless it is; see :func:`embedded.up`."""
    if undercloud.was_up:
        tell(f'The undercloud in {undercloud.state.root} runs already.')
        return

    chosen = {} if undercloud.was_there else ports.free()
    embedded.up(undercloud.state, chosen, tell)


@contextlib.contextmanager
def taken_down(undercloud: Undercloud, keep: bool) -> Iterator[None]:
    """Leave an undercloud behind as it was found.

    One that was not there before is removed with all its files, one that was
    down is taken down.

    :param keep: leave it running instead.
    """
    try:
        yield
    finally:
        if not (keep or undercloud.was_up):
            embedded.down(undercloud.state)

            if not undercloud.was_there:
                shutil.rmtree(undercloud.state.root, ignore_errors=True)


def environment(state: undercloud_state.StateDirectory, stack: str,
                nodes: Sequence[local_nodes.Node]) -> dict[str, str]:
    """The variables of a command that is run beside the cloud.

    They are this process's own, in which ``OS_*`` name the undercloud and
    our programs come first in ``PATH``, with ``TRIPLEO_PLAN``,
    ``TRIPLEO_STATE_DIR`` and, for each node, its address as ``NODE_<name>``,
    in capitals and with underscores for what no variable's name may have.
    """
    ours = {name: value for name, value in os.environ.items()
            if name not in credentials.OVERRIDING}
    programs = pathlib.Path(sys.executable).parent

    return {
        **ours, **credentials.variables(state),
        'PATH': f'{programs}:{ours.get("PATH", os.defpath)}',
        'TRIPLEO_PLAN': stack, 'TRIPLEO_STATE_DIR': str(state.root),
        **{f'NODE_{node.name.upper().replace("-", "_")}': node.address
           for node in nodes}}
