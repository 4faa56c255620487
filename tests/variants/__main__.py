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

"""Let rollouts go wrong in every way that is to be survived.

``python -m tests.variants [stestr's arguments]``. The undercloud lives in
``.tox/undercloud``, as that of the functional tests.
"""

import sys

from tests.functional import __main__ as functional

#: Those that every run of tox has, with its seeds.
FEW = ('test_an_unhealthy_canary_stops_its_service|'
       'test_mistral_is_killed_in_roll')


def main(arguments: list[str]) -> int:
    """Run the tests; return stestr's exit code."""
    with functional.undercloud():
        return functional.run_tests('tests/variants', arguments)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
