"""The checker of the kafka tier must see what it is there for. Needs no brokers."""

import os
import unittest

os.environ.setdefault("OUTBOX_RELAY", "")
import read_back  # noqa: E402 -- reads the line above


def log_of(*pairs):
    log = read_back.PartitionLog(0)
    for seq, prev in pairs:
        log.take(seq, prev)
    return log


class PartitionLogTest(unittest.TestCase):
    def test_a_closed_chain(self):
        self.assertEqual(list(log_of((1, 0), (3, 1), (4, 3)).seqs), [1, 3, 4])

    def test_a_repeated_suffix(self):
        log = log_of((1, 0), (3, 1), (4, 3), (3, 1), (4, 3), (9, 4))
        self.assertEqual((list(log.seqs), log.duplicates, log.jumps), ([1, 3, 4, 9], 2, [2]))

    def test_a_repeat_within_a_repeat(self):
        log = log_of((1, 0), (2, 1), (3, 2), (2, 1), (1, 0), (2, 1), (3, 2), (4, 3))
        self.assertEqual((log.duplicates, log.jumps), (4, [2, 3]))

    def test_repeats_that_interleave(self):
        # Requests of a producer that was given up, among its successor's.
        log = log_of((1, 0), (2, 1), (3, 2), (1, 0), (3, 2), (2, 1), (4, 3), (3, 2), (5, 4))
        self.assertEqual((list(log.seqs), log.duplicates), ([1, 2, 3, 4, 5], 4))

    def test_sessions_follow_each_other(self):
        log = read_back.PartitionLog(0)
        taken = [log.take(*entry) for entry in
                 ((1, 0, "a"), (2, 1, "a"), (5, 2, "b"), (2, 1, "a"), (5, 2, "b"), (6, 5, "b"))]
        self.assertEqual(taken, [True, True, True, False, False, True])

    def test_a_topic_made_anew_may_take_one_window_in_any_order(self):
        old = log_of((1, 0), (2, 1))
        for rule in (old.rule, None):
            new = read_back.PartitionLog(0, rule or read_back.OneNumber())
            taken = [new.take(*entry) for entry in
                     ((5, 4), (6, 5), (3, 2), (4, 3), (5, 4), (4, 3), (7, 6))]
            self.assertEqual(taken, [True, True, True, True, False, False, True])
            self.assertEqual((list(new.seqs), list(new.late)), ([5, 6, 7], [3, 4]))
            with self.assertRaises(AssertionError):
                new.take(9, 8)

    def test_what_it_refuses(self):
        faults = {
            "a gap": ((1, 0), (3, 2)),
            "a wrong start": ((2, 1),),
            "a step back": ((1, 0), (4, 1), (3, 1)),
            "a duplicate that was never there": ((1, 0), (4, 1), (2, 1)),
            "what comes after its successors": ((1, 0), (4, 2), (2, 1)),
            "a repeat that names another predecessor": ((1, 0), (2, 1), (2, 0)),
        }
        for name, pairs in faults.items():
            with self.subTest(name), self.assertRaises(AssertionError):
                log_of(*pairs)


class OneNumberTest(unittest.TestCase):
    def test_a_gap_lets_late_ones_through_once(self):
        rule = read_back.OneNumber()
        kinds = [rule.takes("s", seq, prev)
                 for seq, prev in ((1, 0), (5, 4), (3, 1), (3, 1), (4, 3), (2, 1), (6, 5))]
        self.assertEqual(kinds, ["new", "new", "late", "duplicate", "late", "duplicate", "new"])


class TopicLogTest(unittest.TestCase):
    def topic(self, *logs):
        topic = read_back.TopicLog.__new__(read_back.TopicLog)
        topic.topic, topic.partitions = "t", dict(enumerate(logs))
        return topic

    def test_complete(self):
        self.topic(log_of((1, 0), (3, 1)), log_of((2, 0))).check_complete(3)
        self.topic(log_of((1, 0), (3, 1))).check_complete(3, without={2})

    def test_what_it_refuses(self):
        for logs, without in (((log_of((1, 0)),), ()),
                              ((log_of((1, 0), (2, 1)), log_of((2, 0))), ()),
                              ((log_of((1, 0), (2, 1)),), {2}),
                              ((log_of((1, 0), (2, 1), (3, 2)),), ())):
            with self.subTest(logs=logs, without=without), self.assertRaises(AssertionError):
                self.topic(*logs).check_complete(2, without)


class Murmur2Test(unittest.TestCase):
    def test_vectors_of_apache_kafka(self):
        vectors = {b"21": -973932308, b"foobar": -790332482, b"abc": 479470107,
                   b"a-little-bit-long-string": -985981536,
                   b"a-little-bit-longer-string": -1486304829}
        for data, expected in vectors.items():
            self.assertEqual(read_back.murmur2(data), expected & 0xFFFFFFFF)


if __name__ == "__main__":
    unittest.main()
