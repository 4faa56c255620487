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

import xml.etree.ElementTree

import testtools

from tripleo_workflows.rollout import drawing

SVG = '{http://www.w3.org/2000/svg}'


def texts(picture):
    root = xml.etree.ElementTree.fromstring(picture)  # noqa: S314

    return [element.text for element in root.iter(f'{SVG}text')]


def titled(picture):
    """Rectangles by their titles: where they begin and how wide they are."""
    root = xml.etree.ElementTree.fromstring(picture)  # noqa: S314

    return {title.text: (float(rect.get('x')), float(rect.get('width')),
                         rect.get('fill'))
            for rect in root.iter(f'{SVG}rect')
            if (title := rect.find(f'{SVG}title')) is not None}


class DrawingTestCase(testtools.TestCase):

    def test_bars_lie_where_their_times_are(self):
        picture = drawing.svg(drawing.Chart('A title', [
            drawing.Bar('web', 'drain', 100, 101),
            drawing.Bar('web', 'stop', 101, 104)]))
        bars = titled(picture)
        drain, stop = bars['drain: 1.0 s'], bars['stop: 3.0 s']

        self.assertEqual(drawing.LEFT, drain[0])
        self.assertAlmostEqual(drain[0] + drain[1], stop[0], 0)
        self.assertAlmostEqual(3 * drain[1], stop[1], 0)
        self.assertNotEqual(drain[2], stop[2])
        self.assertIn('A title', texts(picture))

    def test_lanes_and_kinds_are_named(self):
        found = texts(drawing.svg(drawing.Chart('', [
            drawing.Bar('web', 'drain', 0, 1),
            drawing.Bar('a hook', 'my hook', 1, 2)])))

        self.assertIn('web', found)
        self.assertIn('a hook', found)
        self.assertIn('drain', found)
        self.assertNotIn('stop', found)

    def test_what_is_guessed_says_so(self):
        picture = drawing.svg(drawing.Chart('', [
            drawing.Bar('web', 'drain', 0, 1, guessed=True)]))

        self.assertIn('drain: time not known', titled(picture))
        self.assertIn('time not known', texts(picture))

    def test_what_is_critical_and_final_is_in_the_legend(self):
        bars = [drawing.Bar('web', 'drain', 0, 1)]
        plain = texts(drawing.svg(drawing.Chart('', bars, [
            drawing.Frame('web', '1', 0, 1)])))
        found = texts(drawing.svg(drawing.Chart('', bars, [
            drawing.Frame('web', '1', 0, 1, critical=True)], marks=[
                drawing.Mark('web', 0, 'point of no return')])))

        self.assertNotIn('critical path', plain)
        self.assertIn('critical path', found)
        self.assertIn('point of no return', found)

    def test_text_cannot_break_out_of_the_picture(self):
        picture = drawing.svg(drawing.Chart('<a> & "b"', [
            drawing.Bar('<web>', 'x', 0, 1, '<&>')], notes=['<note>']))

        self.assertIn('<a> & "b"', texts(picture))
        self.assertIn('<&>: 1.0 s', titled(picture))
        self.assertIn('<note>', texts(picture))

    def test_failed_requests_stand_on_those_that_succeeded(self):
        requests = [(0.1, False), (0.2, False), (0.3, True)]
        picture = drawing.svg(drawing.Chart('', [
            drawing.Bar('web', 'drain', 0, 2)], requests=requests))
        root = xml.etree.ElementTree.fromstring(picture)  # noqa: S314
        found = {(rect.get('fill'), rect.get('height'))
                 for rect in root.iter(f'{SVG}rect')}

        self.assertIn((drawing.FAILED, '20.0'), found)
        self.assertIn((drawing.COLOURS['start'], '40.0'), found)
        self.assertIn('requests per second', texts(picture))

    def test_nothing_is_a_picture_too(self):
        self.assertIn('empty', texts(drawing.svg(drawing.Chart('empty', []))))
