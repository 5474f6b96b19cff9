"""Mistakes that would cost a promise: each is refused before anything is done, in one short line
that names the thing."""

import os
import unittest

from rig import USAGE, RigCase

LINE_CHARS_MAX = 400
# -X of run: what would lose, double or reorder messages, or is no property at all.
PROPERTIES = (
    "acks=0", "acks=1", "acks=-2", "request.required.acks=1", "enable.idempotence=false",
    "enable.gapless.guarantee=false", "retries=0", "message.send.max.retries=3",
    "message.timeout.ms=1000", "delivery.timeout.ms=1000", "max.in.flight=100",
    "max.in.flight.requests.per.connection=6", "queuing.strategy=lifo", "partitioner=random",
    "delivery.report.only.error=true", "produce.offset.report=false", "transactional.id=me",
    "queue.buffering.max.messages=10", "queue.buffering.max.kbytes=1", "msg_order_cmp=1",
    "dr_msg_cb=1", "metadata.broker.list=elsewhere:1",
    "compression.codec=brotli", "linger.ms=minus", "socket.timeout.ms=-5", "linger.sm=1")
# Not repeated in the answer: a slip of the shell may have put a secret there.
NO_PROPERTIES = ("group.id", "=1")
# Flags of run, and what the message must name.
FLAGS = (
    (("--max-in-flight-requests", "0"), "max-in-flight-requests"),
    (("--max-in-flight-requests", "6"), "max-in-flight-requests"),
    (("--in-flight-entries-max", "0"), "in-flight-entries-max"),
    (("--in-flight-entries-max", "many"), "in-flight-entries-max"),
    (("--in-flight-bytes-max", "-1"), "in-flight-bytes-max"),
    (("--linger", "-1s"), "linger"), (("--linger", "5"), "linger"),
    (("--watchdog", "0s"), "watchdog"), (("--compression", "brotli"), "compression"),
    (("--poison-policy", "drop"), "poison-policy"), (("--when-full", "drop"), "when-full"),
    (("--message-bytes-max", "0"), "message-bytes-max"),
    (("--write-buffer-bytes", "1"), "write-buffer-bytes"),
    (("--sync-tail-each-group", "perhaps"), "sync-tail-each-group"),
    (("--lanes-max", "0"), "lanes-max"), (("--pending-bytes-max", "1TB?"), "pending-bytes-max"),
    (("--keyless-block-entries", "0"), "keyless-block-entries"),
    (("--listen", "0.0.0.0"), "listen"), (("--log-level", "loud"), "log-level"),
    (("--acks", "all"), "--acks"), (("--bootstrap-servers", ""), "bootstrap"),
)


class MistakesTest(RigCase):
    def refused(self, named, *args):
        done = self.cli("run", "--dir", self.dir, *args, code=USAGE)
        with self.subTest(args):
            # The option's key, or its flag.
            self.assertIn(named.replace("-", "_"), done.err.replace("-", "_"))
            self.assertLess(len(done.err), LINE_CHARS_MAX)
            self.assertEqual(done.err.count("\n"), 1, done.err)
            self.assertFalse(os.path.exists(self.dir), "something was done before")

    def test_properties(self):
        self.assertGreater(len(PROPERTIES) + len(FLAGS), 40)
        for setting in PROPERTIES:
            name = setting.partition("=")[0]
            self.refused(name, "--bootstrap-servers", "127.0.0.1:1", "-X", setting)
        for setting in NO_PROPERTIES:
            self.refused("-X", "--bootstrap-servers", "127.0.0.1:1", "-X", setting)

    def test_flags(self):
        for flags, named in FLAGS:
            servers = () if flags[0] == "--bootstrap-servers" else ("--bootstrap-servers",
                                                                    "127.0.0.1:1")
            self.refused(named, *servers, *flags)

    def test_numbers_of_the_operator(self):
        """None is taken for another: -1 for all, 010 for 8."""
        self.put("--topic", "t", "v")
        for args in (["purge", "--topic", "t", "--yes", "--through"],
                     ["peek", "--topic", "t", "--count"], ["dead", "list", "--count"],
                     ["dead", "show", "t"]):
            for text in ("-1", "010", "99999999999999999999", "1x", ""):
                self.cli(*args, text, "--dir", self.dir, code=USAGE)
        self.cli("purge", "--topic", "t", "--yes", "--through", "0", "--dir", self.dir, code=USAGE)
        self.assertEqual(self.ledger()["pending"], 1)

    def test_consume_begins_nothing(self):
        inbox = self.path("inbox")
        for args in (["--workers", "-1"], ["--workers", "0"], ["--workers", "100000"],
                     ["--count", "-1"], ["--listen", "nowhere"]):
            self.cli("consume", "--bootstrap-servers", "127.0.0.1:1", "--topic", "t",
                     "--group", "g", "--dir", inbox, *args, code=USAGE)
            self.assertFalse(os.path.exists(inbox), args)

    def test_a_key_of_the_file_that_is_no_setting(self):
        for text, named in (("acks = 'all'", "acks"), ("[relay]\nlinger = '1ms'", "relay"),
                            ("in_flight_entries_max = 'x'", "in_flight_entries_max"),
                            ("linger = 5", "linger"), ("id_headers = 1", "id_headers"),
                            ("[kafka]\nretries = 0", "retries")):
            config = self.path("c.toml", text + "\n")
            self.refused(named, "--bootstrap-servers", "127.0.0.1:1", "--config", config)


if __name__ == "__main__":
    unittest.main()
