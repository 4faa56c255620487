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

"""Variables of checks, such as ``$NODE_ADDRESS``."""

import string
from collections.abc import Mapping


class Unfilled(Exception):
    """A text uses a variable that is none.

    :param details: what is wrong with it, as a sentence.
    :param remedy: what helps, as a sentence.
    """

    def __init__(self, details: str, remedy: str):
        self.details = details
        self.remedy = remedy
        super().__init__(details)


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Replace variables by their values; ``$$`` is a dollar sign.

    :raises Unfilled: a variable is unknown, or a dollar sign starts none.
    """
    try:
        return string.Template(text).substitute(facts)
    except KeyError as error:
        names = ', '.join(f'${name}' for name in sorted(facts)) or 'none'

        raise Unfilled(
            f'The check uses the unknown variable ${error.args[0]}.',
            f'Use one of {names}, or write $$ for a dollar sign.') from None
    except ValueError:
        raise Unfilled('The check has a dollar sign that starts no variable.',
                       'Write $$ for a dollar sign.') from None
