"""consume: printed or given to a child, committed only when that is done."""

import json
import os
import subprocess
import unittest

from rig import BINARY, FAILED, OK, USAGE, RigCase

# A command that asks the process it works for how that is: at its last message.
WATCHER = """
import socket, sys
for line in sys.stdin:
    if '"last"' in line:
        for path in ("/metrics", "/readyz", "/livez", "/nothing"):
            asking = socket.socket(socket.AF_UNIX)
            asking.connect(sys.argv[1])
            asking.sendall(f"GET {path} HTTP/1.0\\r\\n\\r\\n".encode())
            with open(sys.argv[2], "ab") as seen:
                while part := asking.recv(65536):
                    seen.write(part)
    print("ok", flush=True)
"""
EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "consume.py")


class ConsumeTest(RigCase):
    def setUp(self):
        super().setUp()
        self.kafka = self.mock(brokers=1, orders=2, dead=1)

    def produce(self, *values, keys=("a", "b", "c")):
        lines = "".join(json.dumps({"topic": "orders", "key": keys[n % len(keys)], "value": value})
                        + "\n" for n, value in enumerate(values))
        self.cli("put", "--dir", self.dir, "--ndjson", "--quiet", stdin=lines.encode())
        self.cli("drain", "--dir", self.dir, "--bootstrap-servers", self.kafka.bootstrap,
                 "--max-in-flight-requests", "1", "--quiet")

    def take(self, *args, group="g", code=OK):
        return self.cli("consume", "--bootstrap-servers", self.kafka.bootstrap, "--topic", "orders",
                        "--group", group, "--partition", "0", "--partition", "1", *args, code=code)

    def test_printed_once(self):
        self.produce(*[str(n) for n in range(20)])
        stores = {"plain": [], "stored": ["--dir", self.path("inbox")]}
        for group, store in stores.items():
            first = [json.loads(line) for line in self.take(
                "--count", "20", *store, group=group).out.splitlines()]
            self.assertEqual({int(message["value"]) for message in first}, set(range(20)))
            self.assertEqual({"topic", "key", "value", "headers", "partition", "timestamp_ms",
                              "offset"}, set(first[0]))
        self.produce("again")
        for group, store in stores.items():
            second = self.take("--count", "1", *store, group=group).out.splitlines()
            self.assertEqual([json.loads(line)["value"] for line in second], ["again"])

    def test_more_than_one_answer(self):
        """What is said beyond an answer does not count for the next message."""
        self.produce("1", "2", keys=("a",))
        seen = self.path("seen")
        # One write of two answers; then a death with the second message in hand.
        child = self.path("child.sh", f"""
            while read message; do
              echo "$message" >> {seen}
              case $(wc -l < {seen}) in
                1) printf 'ok\\nok\\n' ;;
                2) exit 1 ;;
                *) echo ok ;;
              esac
            done""")
        self.take("--count", "2", "--exec", f"sh {child}")
        with open(seen, encoding="utf-8") as lines:
            values = [json.loads(line)["value"] for line in lines]
        self.assertEqual(values, ["1", "2", "2"])

    def test_a_line_without_an_end(self):
        """It is a mistake of the child, not taken into memory whole, nor shown whole."""
        self.produce("bad", "good", keys=("a",))
        child = self.path("child.sh", """
            read message
            case $message in
              *bad*) head -c 3000000 /dev/zero | tr '\\0' x ;;
              *) echo ok ;;
            esac""")
        done = self.take("--count", "1", "--attempts", "1", "--dead-letter-topic", "dead",
                         "--exec", f"sh {child}")
        self.assertIn("neither ok nor fail: xxx", done.err)
        self.assertLess(len(done.err), 2000)
        self.assertEqual(len(self.consume(self.kafka, "dead")), 1)

    def test_a_reader_that_went_away(self):
        """No message's fault: it is not given up, and the command ends."""
        self.produce("1", keys=("a",))
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [BINARY, "consume", "--bootstrap-servers", self.kafka.bootstrap, "--topic", "orders",
                 "--group", "g", "--partition", "0", "--partition", "1", "--attempts", "1",
                 "--dead-letter-topic", "dead"], stdout=full, stderr=subprocess.PIPE, check=False,
                timeout=60)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertEqual(len(self.take("--count", "1").out.splitlines()), 1)

    def test_the_example(self):
        self.produce(*[json.dumps({"total": n}) for n in range(9)])
        done = self.take("--count", "9", "--dir", self.path("inbox"), "--exec",
                            f"python3 {EXAMPLE}")
        self.assertIn("a: 9 in all", done.err)  # 0 + 3 + 6
        self.assertIn("9 consumed", done.err)

    def test_what_goes_on_failing_is_put_aside(self):
        self.produce('{"total": 1}', "no JSON", '{"total": 2}', keys=("a",))
        done = self.take("--count", "2", "--attempts", "2", "--dead-letter-topic", "dead",
                         "--exec", f"python3 {EXAMPLE}")
        self.assertIn("a: 3 in all", done.err)
        self.assertRegex(done.err, r"dead letter: orders/[01] offset 1: .*JSONDecodeError")
        self.assertIn("2 consumed, 0 duplicates dropped, 1 dead letters", done.err)
        self.assertEqual([value for _, _, value in self.consume(self.kafka, "dead")],
                         ["no JSON"])

    def test_a_child_that_dies_is_started_again_and_its_message_comes_again(self):
        self.produce("x")
        mark = self.path("mark")
        done = self.take("--count", "1", "--exec",
                            f"read m; test -e {mark} && echo ok || {{ touch {mark}; exit 1; }}")
        self.assertIn("1 consumed", done.err)

    def test_it_can_be_watched(self):
        self.produce("1", "2", "last", keys=("a",))
        script, listens, seen = self.path("watch.py", WATCHER), self.path("in.sock"), self.path("seen")
        self.take("--count", "3", "--listen", f"unix:{listens}", "--exec",
                  f"python3 {script} {listens} {seen}")
        with open(seen, encoding="utf-8") as file:
            told = file.read()
        for line in ("outbox_inbox_received_total 3", "outbox_inbox_processed_total 2",
                     "outbox_inbox_healthy 1", "ready", "alive", "404"):
            self.assertIn(line, told)
        self.assertRegex(told, r'outbox_inbox_position\{topic="orders",partition="[01]"\} 2')
        self.assertFalse(os.path.exists(listens), "the socket's file stays behind")

    def test_mistakes_are_named(self):
        self.assertIn("enable.auto.commit",
                      self.take("-X", "enable.auto.commit=true", code=USAGE).err)
        self.assertIn("--exec", self.take("--ndjson", "--exec", "x", code=USAGE).err)
        self.assertIn("nowhere", self.take("--listen", "nowhere", code=USAGE).err)
        self.assertIn("--from", self.take("--from", "nowhere", code=USAGE).err)


if __name__ == "__main__":
    unittest.main()
