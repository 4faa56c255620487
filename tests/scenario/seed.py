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

"""Fill the tables that upgrades of Keystone change.

``python -m tests.scenario.seed``, before an upgrade, as ``tripleo-undercloud
ci --before-upgrade`` runs it: what takes no time on an empty table may stop
a service on a large one.
"""

import os
import pathlib

from tests import database
from tripleo_workflows.undercloud import nodes as local_nodes
from tripleo_workflows.undercloud import state as undercloud_state

NODE = 'database-0'

#: An expansion of release 29 adds indexes here. The events are over, so that
#: no token is asked about them.
EVENTS = """
INSERT INTO revocation_event
    (user_id, project_id, audit_id, issued_before, revoked_at)
SELECT MD5(seq), MD5(seq MOD 1000), LEFT(MD5(-seq), 22),
       UTC_TIMESTAMP() - INTERVAL 1 HOUR, UTC_TIMESTAMP()
FROM seq_1_to_200000;
SELECT COUNT(*) FROM revocation_event;
"""
#: A contraction of release 24 drops one here. They are all of one project,
#: which nobody reads.
TAGS = """
INSERT INTO project
    (id, name, extra, description, enabled, domain_id, parent_id, is_domain)
VALUES ('seed', 'seed', '{}', '', 1, 'default', 'default', 0);
INSERT INTO project_tag (project_id, name)
SELECT 'seed', CONCAT('tag-', seq) FROM seq_1_to_200000;
SELECT COUNT(*) FROM project_tag;
"""


def main() -> None:
    """Fill them, and say how many rows there are."""
    state = undercloud_state.StateDirectory(
        pathlib.Path(os.environ['TRIPLEO_STATE_DIR']))
    [node] = [node for node in local_nodes.listing(state)
              if node.name == f'{os.environ["TRIPLEO_PLAN"]}-{NODE}']
    server = database.Database(node.root, 'keystone')

    for table, statements in (('revocation_event', EVENTS),
                              ('project_tag', TAGS)):
        print(f'{table}: {server.run(statements)[-1]} rows', flush=True)


if __name__ == '__main__':
    main()
