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

"""The key of the temporary URLs by which Heat's agents get their metadata."""

import secrets

import swiftclient

KEY_HEADER = 'x-account-meta-temp-url-key'


def prepare_account(swift: swiftclient.Connection) -> None:
    """Give an account the key of its temporary URLs, if it has none.

    Heat makes one where it lacks. But of several servers that are created at
    once in a new project, each finds none and makes one. The last one stays,
    and the agents of the other servers are refused with 401 for ever.

    :param swift: of the project that has the stack.
    """
    if not swift.head_account().get(KEY_HEADER):
        swift.post_account({KEY_HEADER: secrets.token_hex(16)})
