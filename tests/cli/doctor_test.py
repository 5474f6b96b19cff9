"""The doctor against a cluster that answers no question about settings, and against none."""

import json
import time
import unittest

from rig import FAILED, NOT_FOUND, USAGE, RigCase, wait_until

UNVERIFIED, UNSAFE = 11, 12
# A question's limit and some more.
ANSWER_S = 25


class DoctorTest(RigCase):
    def doctor(self, bootstrap, *args, code):
        began_s = time.monotonic()
        done = self.cli("doctor", "--bootstrap-servers", bootstrap, *args, code=code)
        self.assertLess(time.monotonic() - began_s, ANSWER_S)
        return done

    def findings(self, bootstrap, *args, code):
        answer = json.loads(self.doctor(bootstrap, "--json", *args, code=code).out)
        return answer, {(row["subject"], row["setting"]): row for row in answer["findings"]
                        if row["severity"] not in ("ok", "note")}

    def test_a_cluster_that_cannot_be_asked_is_unverified_and_does_not_hang(self):
        kafka = self.mock(1, orders=2)
        answer, wrong = self.findings(kafka.bootstrap, "--topic", "orders", code=UNSAFE)
        for setting in ("min.insync.replicas", "unclean.leader.election.enable", "cleanup.policy",
                        "retention.ms"):
            self.assertEqual(wrong["topic orders", setting]["severity"], "unverified")
        # What metadata tells is judged: there is one copy.
        self.assertEqual(wrong["topic orders", "replication.factor"]["severity"], "failure")
        self.assertEqual(answer["verdict"], "failure")
        _, wrong = self.findings(self.mock(3).bootstrap, code=UNVERIFIED)
        self.assertEqual({row["severity"] for row in wrong.values()}, {"unverified"})

    def test_people_get_a_table_and_the_commands(self):
        kafka = self.mock(1, orders=1)
        done = self.doctor(kafka.bootstrap, "--topic", "orders", code=UNSAFE)
        self.assertRegex(done.out, r"(?m)^failure +topic orders +replication\.factor +1 +topic")
        self.assertRegex(done.out, r"(?m)^    add brokers first: 1 are alive, 3 are needed$")
        self.assertRegex(done.err, r"\Aoutbox-relay: 1 failure, \d+ unverified, 1 warning\n\Z")

    def test_nobody_there_is_said_in_time(self):
        done = self.doctor("127.0.0.1:1", "--topic", "orders", code=FAILED)
        self.assertIn("does not answer", done.err)

    def test_the_outbox_names_its_topics_and_what_it_recorded(self):
        kafka = self.mock(1, orders=3)
        relay = self.start_run(kafka.bootstrap)
        self.put("--topic", "orders", "a")
        wait_until(lambda: self.ledger()["pending"] == 0, "it is delivered")
        self.stop(relay)
        smaller = self.mock(1, orders=2)
        _, wrong = self.findings(smaller.bootstrap, "--dir", self.dir, code=UNSAFE)
        self.assertEqual(wrong["topic orders", "partitions"]["value"], "2, recorded 3")
        self.cli("doctor", "--bootstrap-servers", smaller.bootstrap, "--dir", self.path("none"),
                 code=NOT_FOUND)

    def test_what_is_missing_or_too_much_is_refused(self):
        for args in ((), ("--bootstrap-servers", "x", "--create-topic", "t"),
                     ("--bootstrap-servers", "x", "--partitions", "3"),
                     ("--bootstrap-servers", "x", "--create-topic", "t", "--partitions", "0")):
            self.cli("doctor", *args, code=USAGE)
        kafka = self.mock(1)
        self.doctor(kafka.bootstrap, "--create-topic", "t", "--partitions", "1", code=FAILED)

    def test_a_relay_that_enforces_holds_what_it_cannot_verify(self):
        kafka = self.mock(1, orders=1)
        relay = self.start_run(kafka.bootstrap, "--preflight", "enforce")
        self.put("--topic", "orders", "a")
        wait_until(lambda: self.status()["topics"][0]["state"].startswith("held: unsafe"),
                   "the topic is held")
        self.assertEqual(self.ledger()["delivered"], 0)
        self.assertIn("unverified: min.insync.replicas", self.log())
        self.stop(relay)
        relay = self.start_run(kafka.bootstrap, "--preflight", "warn")
        wait_until(lambda: self.ledger()["pending"] == 0, "a relay that warns sends")
        self.stop(relay)


if __name__ == "__main__":
    unittest.main()
