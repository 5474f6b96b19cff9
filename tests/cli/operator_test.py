"""status, peek, dead and purge: the same with a relay, without one, and beside an embedder."""

import json
import subprocess
import unittest

import rig
from rig import BINARY, BUSY, NOT_FOUND, RigCase, wait_until

NOWHERE = "127.0.0.1:1"


class OperatorTest(RigCase):
    def json_lines(self, *args):
        return [json.loads(line) for line in self.cli(*args, "--dir", self.dir, "--json").out
                .splitlines()]

    def check_peek_and_purge(self):
        """With five pending entries of topic t."""
        rows = self.json_lines("peek", "--topic", "t", "--from", "2", "--count", "2")
        self.assertEqual([(row["seq"], row["message"]["value"]) for row in rows],
                         [(2, "two\n"), (3, "three")])
        shown = self.cli("peek", "--dir", self.dir, "--topic", "t").out
        self.assertRegex(shown, r"SEQ +TIME +KEY +BYTES +VALUE\n")
        self.assertIn("two\\n\n", shown)
        self.cli("peek", "--dir", self.dir, "--topic", "absent", code=NOT_FOUND)
        done = self.cli("purge", "--dir", self.dir, "--topic", "t", "--through", "2", "--yes")
        self.assertEqual(done.out, "purged 2 entries of t, 1 to 2\n")
        record = self.json_lines("purge", "--topic", "t", "--yes")[0]
        self.assertEqual((record["from"], record["through"], record["count"]), (3, 5, 3))
        self.assertIn("pid ", record["who"])
        ledger = self.ledger()
        self.assertEqual((ledger["appended"], ledger["pending"], ledger["purged"]), (5, 0, 5))
        self.cli("purge", "--dir", self.dir, "--topic", "absent", "--yes", code=NOT_FOUND)

    def fill(self):
        self.put("--ndjson", stdin="".join(
            json.dumps({"topic": "t", "value": value}) + "\n"
            for value in ("one", "two\n", "three", "\x1b[2J", "five")))

    def test_peek_and_purge_without_a_relay(self):
        self.fill()
        shown = self.cli("status", "--dir", self.dir).out
        self.assertRegex(shown, r"t +5 +0 +5 +0 +1 +5 +\S+ +no relay\n")
        self.assertIn("appended 5 = delivered 0 + pending 5 + dead 0 + requeued 0 + purged 0  "
                      "(balanced)", shown)
        self.check_peek_and_purge()

    def test_peek_and_purge_through_a_relay(self):
        self.start_run(NOWHERE)
        self.fill()
        self.check_peek_and_purge()

    def test_a_long_list_is_read_in_pages(self):
        self.put("--ndjson", "--quiet", stdin="".join(f'{{"topic":"t","value":"{n}"}}\n'
                                                      for n in range(2_500)))
        rows = self.json_lines("peek", "--topic", "t", "--from", "11", "--count", "2200")
        self.assertEqual([row["seq"] for row in rows], list(range(11, 2_211)))
        rows = self.json_lines("peek", "--topic", "t", "--from", "2300", "--count", "2200")
        self.assertEqual([row["seq"] for row in rows], list(range(2_300, 2_501)))

    def test_what_peek_shows_put_takes(self):
        self.put("--ndjson", stdin='{"topic":"t","key_base64":"/w==","value":null,"headers":'
                                   '[{"name":"a","value":"1"},{"name":"a","value_base64":"/w=="}]}')
        row = self.json_lines("peek", "--topic", "t")[0]["message"]
        self.put("--ndjson", stdin=json.dumps(row))
        rows = self.json_lines("peek", "--topic", "t")
        self.assertEqual(rows[0]["message"], rows[1]["message"])

    def test_pause_and_resume(self):
        kafka = self.mock(t=1)
        self.start_run(kafka.bootstrap)
        self.put("--topic", "t", "a")
        wait_until(lambda: self.ledger()["delivered"] == 1, "the first is delivered")
        self.cli("pause", "--dir", self.dir, "--topic", "t")
        self.put("--topic", "t", "b")
        wait_until(lambda: self.status()["topics"][0]["state"] == "paused", "it is paused")
        self.assertEqual(self.ledger()["pending"], 1)
        self.cli("resume", "--dir", self.dir, "--topic", "t")
        wait_until(lambda: self.ledger()["delivered"] == 2, "the second is delivered")

    def make_dead(self, kafka):
        """Entry 1 dies: Kafka refuses the record twice, the second time alone. Entry 2 arrives."""
        self.put("--topic", "t", "--key", "k", "--header", "h=1", "poison")
        kafka.refuse_records(2)
        process = self.start_run(kafka.bootstrap)
        wait_until(lambda: self.status()["ledger"]["dead"] == 1, "entry 1 is dead")
        self.put("--topic", "t", "fine")
        wait_until(lambda: self.status()["ledger"]["delivered"] == 1, "entry 2 is delivered")
        return process

    def check_dead(self):
        listed = self.json_lines("dead", "list")
        self.assertEqual([(row["message"]["topic"], row["seq"]) for row in listed], [("t", 1)])
        self.assertTrue(listed[0]["reason"])
        self.assertEqual(self.json_lines("dead", "list", "--topic", "other"), [])
        self.assertRegex(self.cli("dead", "list", "--dir", self.dir).out, r"\nt +1 +\d{4}-")
        shown = self.cli("dead", "show", "--dir", self.dir, "t", "1").out
        self.assertRegex(shown, r"key +k\nheader +h = 1\nvalue +poison\n\Z")
        self.cli("dead", "show", "--dir", self.dir, "t", "2", code=NOT_FOUND)
        self.assertEqual(self.cli("dead", "requeue", "--dir", self.dir, "t", "1").out, "t 3\n")
        self.assertEqual(self.json_lines("dead", "show", "t", "1")[0]["requeued_as"], 3)
        self.cli("dead", "drop", "--dir", self.dir, "t", "7", "--yes", code=NOT_FOUND)

    def test_dead_letters_through_a_relay(self):
        kafka = self.mock(t=6)
        self.make_dead(kafka)
        self.check_dead()
        wait_until(lambda: self.ledger()["delivered"] == 2, "the requeued one is delivered")
        self.assertEqual(sorted(value for _, _, value in self.consume(kafka, "t")),
                         ["fine", "poison"])
        ledger = self.ledger()
        self.assertEqual((ledger["appended"], ledger["dead"], ledger["requeued"]), (3, 0, 1))

    def test_dead_letters_without_a_relay(self):
        self.stop(self.make_dead(self.mock(t=6)))
        self.assertEqual(self.ledger()["dead"], 1)
        self.check_dead()
        self.assertEqual(self.ledger()["pending"], 1)

    def test_a_dead_letter_is_given_up(self):
        self.make_dead(self.mock(t=6))
        self.cli("dead", "drop", "--dir", self.dir, "t", "1", "--yes")
        self.assertEqual(self.json_lines("dead", "list"), [])
        ledger = self.ledger()
        self.assertEqual((ledger["dead"], ledger["purged"]), (0, 1))

    def test_beside_a_holder_that_has_no_socket(self):
        self.put("--topic", "t", "a")
        holder = subprocess.Popen([BINARY, "put", "--dir", self.dir, "--topic", "t", "--lines"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env)
        self.addCleanup(self._reap, holder)
        holder.stdin.write(b"b\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), b"t 2\n")
        self.assertEqual(self.ledger()["appended"], 2)
        self.assertEqual(len(self.json_lines("peek", "--topic", "t")), 2)
        self.assertEqual(self.json_lines("dead", "list"), [])
        done = self.put("--topic", "t", "--open-deadline", "100ms", "c", code=BUSY)
        self.assertIn(f"pid {holder.pid}", done.err)
        done = self.cli("purge", "--dir", self.dir, "--topic", "t", "--yes", code=BUSY,
                        env={"OUTBOX_OPEN_DEADLINE": "100ms"})
        self.assertIn(f"pid {holder.pid}", done.err)
        holder.communicate(timeout=rig.DEADLINE_S)


if __name__ == "__main__":
    unittest.main()
