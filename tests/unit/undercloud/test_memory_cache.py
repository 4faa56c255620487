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


"""Swift's cache."""

import testtools

from tripleo_workflows.undercloud import memory_cache


class MemoryCacheTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.now = 100.0
        self.cache = memory_cache.MemoryCache(2, lambda: self.now)

    def test_values_are_kept_for_their_time(self) -> None:
        self.cache.set('a', {'status': 204}, time=10)
        self.now += 9
        self.assertEqual({'status': 204}, self.cache.get('a'))
        self.now += 1
        self.assertIsNone(self.cache.get('a'))

    def test_values_without_a_time_stay(self) -> None:
        self.cache.set('a', 'text')
        self.now += 10 ** 9
        self.assertEqual('text', self.cache.get('a'))

    def test_a_reader_cannot_change_what_others_read(self) -> None:
        value = {'meta': {'key': 'value'}}
        self.cache.set('a', value)
        value['meta'].clear()
        self.cache.get('a')['meta'].clear()
        self.assertEqual({'meta': {'key': 'value'}}, self.cache.get('a'))

    def test_what_was_not_used_for_longest_makes_room(self) -> None:
        self.cache.set('a', 1)
        self.cache.set('b', 2)
        self.cache.get('a')
        self.cache.set('c', 3)
        self.assertEqual([1, None, 3],
                         self.cache.get_multi(['a', 'b', 'c'], 'a'))

    def test_deleting_what_is_not_there_is_no_error(self) -> None:
        self.cache.set_multi({'a': b'bytes'}, 'a')
        self.assertEqual('bytes', self.cache.get('a'))
        self.cache.delete('a')
        self.cache.delete('a')
        self.assertIsNone(self.cache.get('a'))

    def test_numbers_never_fall_below_zero_and_keep_their_end(self) -> None:
        self.assertEqual(3, self.cache.incr('a', 3, time=10))
        self.now += 5
        self.assertEqual(4, self.cache.incr('a', time=10))
        self.assertEqual(0, self.cache.decr('a', 9))
        self.now += 5
        self.assertIsNone(self.cache.get('a'))

    def test_every_filter_lends_the_same(self) -> None:
        caches = []

        def application(environ: dict[str, object],
                        start_response: object) -> None:
            caches.append(environ['swift.cache'])

        for _ in range(2):
            memory_cache.filter_factory({})(application)({}, print)

        self.assertIs(*caches)
