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

"""A payload's output, without secrets and within bounds."""

import json
import os
import pathlib

import fixtures
import testtools

from tripleo_workflows.deployments.node import output


class OutputTest(testtools.TestCase):

    def capture(self, chunks, secrets=None):
        log = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'log')
        reader, writer = os.pipe()
        capture = output.Capture(log, output.Redactor(secrets or {}))

        with os.fdopen(reader, 'rb') as stream:
            ends = capture.read(stream)

            for chunk in chunks:
                os.write(writer, chunk)

            os.close(writer)
            capture.finish()

        return ends, log.read_bytes()

    def test_a_secret_is_found_wherever_reads_end(self):
        secret = b'correct horse'

        for cut in range(len(secret) + 1):
            redactor = output.Redactor({'NAME': secret.decode()})
            self.assertEqual(len(secret) - 1, redactor.reach)
            ends, log = self.capture(
                [b'it is ' + secret[:cut], secret[cut:] + b'.\n'],
                {'NAME': secret.decode()})
            self.assertEqual(b'it is [redacted].\n', log)
            self.assertEqual('it is [redacted].\n', ends.text())

    def test_other_forms_of_a_secret_are_found(self):
        secret = 'first "line"\nsecond line\n'
        redactor = output.Redactor({'KEY': secret})

        for form in (secret, json.dumps(secret), repr(secret),
                     '  first "line"\n  second line\n'):
            redacted = redactor.text(form)
            self.assertNotIn('first', redacted)
            self.assertNotIn('second', redacted)

    def test_no_secrets_change_nothing(self):
        data = bytes(range(256))
        self.assertEqual(data, self.capture([data])[1])

    def test_an_empty_secret_changes_nothing(self):
        self.assertEqual(b'abc', self.capture([b'abc'], {'NAME': ''})[1])

    def test_ends_are_small_whatever_the_bytes(self):
        for data in (b'x', b'\0', b'\xff', '☺'.encode(), b'"', b'\n'):
            ends = output.Ends()

            for _ in range(100):
                ends.add(data * 1000)

            body = json.dumps(ends.text(), ensure_ascii=False).encode()
            self.assertLess(len(body), 17 * 1024, data)
            self.assertEqual(100000 * len(data), ends.size)

    def test_both_ends_are_kept(self):
        ends = output.Ends()
        ends.add(b'begin' + b'x' * 100000)
        ends.add(b'end')
        text = ends.text()
        self.assertTrue(text.startswith('begin'))
        self.assertTrue(text.endswith('end'))
        self.assertIn('bytes left out', text)

    def test_short_output_is_whole(self):
        ends = output.Ends()
        ends.add('é'.encode() * 5000)
        self.assertEqual('é' * 5000, ends.text())

    def test_the_log_is_bounded(self):
        self.useFixture(fixtures.MonkeyPatch(
            f'{output.__name__}.LOG_BYTES', 10))
        ends, log = self.capture([b'0123456', b'789abcdef'])
        self.assertEqual(b'0123456789', log)
        self.assertEqual('0123456789abcdef', ends.text())

    def test_a_log_that_cannot_be_written_costs_nothing_else(self):
        reader, writer = os.pipe()
        capture = output.Capture(pathlib.Path('/dev/full'),
                                 output.Redactor({}))

        with os.fdopen(reader, 'rb') as stream:
            ends = capture.read(stream)
            os.write(writer, b'output')
            os.close(writer)
            capture.finish()

        self.assertEqual('output', ends.text())
