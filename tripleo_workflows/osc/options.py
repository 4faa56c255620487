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

"""Arguments and options that several commands have."""

import argparse


def plan(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the plan that a command is about."""
    parser.add_argument('plan', metavar='<plan>', help='Name of the plan')

    return parser


def window(parser: argparse._ActionsContainer) -> None:
    """Add the maintenance window of an operation."""
    parser.add_argument(
        '--not-before', metavar='<time>', default='',
        help='Begin nothing before, as in 2026-11-25T02:00:00Z')
    parser.add_argument(
        '--not-after', metavar='<time>', default='',
        help='Begin nothing that may take longer than until then')
