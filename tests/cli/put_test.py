"""put without a relay: what is printed is durable, what is wrong is named."""

import json
import os
import subprocess
import unittest

import rig
from rig import BINARY, BUSY, FAILED, INPUT, USAGE, RigCase


class PutTest(RigCase):
    def peek(self, topic, count=100):
        out = self.cli("peek", "--dir", self.dir, "--topic", topic, "--count", str(count),
                       "--json").out
        return [json.loads(line)["message"] for line in out.splitlines()]

    def test_values_are_taken_as_they_are(self):
        values = ["a", "[1,2,3]", "", "status", "{}", "-", '"q"', "a b"]
        operands = ["-x", "++", "--", "--topic"]
        done = self.put("--topic", "t", *values, "--", *operands)
        self.assertEqual(done.out, "".join(f"t {i}\n" for i in range(1, 13)))
        self.assertEqual([m["value"] for m in self.peek("t")], values + operands)

    def test_key_headers_partition(self):
        self.put("--topic", "t", "--key", "[k]", "--header", "a=1", "--header", "a=b=c",
                 "--header", "e=", "--partition", "3", "v")
        self.put("--topic", "t", "--key=", "v")
        first, second = self.peek("t")
        self.assertEqual(first["key"], "[k]")
        self.assertEqual(first["partition"], 3)
        self.assertEqual(first["headers"], [{"name": "a", "value": "1"},
                                            {"name": "a", "value": "b=c"},
                                            {"name": "e", "value": ""}])
        self.assertEqual(second["key"], "")
        self.assertNotIn("headers", second)

    def test_quiet_prints_nothing(self):
        self.assertEqual(self.put("--topic", "t", "--quiet", "a").out, "")
        self.assertEqual(self.ledger()["appended"], 1)

    def test_lines_keep_their_bytes(self):
        self.put("--topic", "t", "--lines", stdin=b"a\r\n\n\xff\nlast")
        messages = self.peek("t")
        self.assertEqual([m.get("value") for m in messages], ["a\r", "", None, "last"])
        self.assertEqual(messages[2]["value_base64"], "/w==")

    def test_key_delimiter(self):
        done = self.put("--topic", "t", "--lines", "--key-delimiter", "::",
                        stdin="k::v::w\n::x\nno delimiter\nk::never\n", code=INPUT)
        self.assertIn("line 3: there is no key delimiter", done.err)
        self.assertEqual([(m["key"], m["value"]) for m in self.peek("t")],
                         [("k", "v::w"), ("", "x")])

    def test_ndjson_everything(self):
        line = {"topic": "t", "key": "k", "value": "v\u00e9", "headers": {"h": "1", "n": None},
                "partition": 2, "timestamp_ms": 1700000000000}
        lines = [line, {"topic": "u", "value": None}, {"topic": "u", "value_base64": "AP8="}]
        self.put("--ndjson", stdin="\n".join(json.dumps(each) for each in lines))
        self.assertEqual(self.peek("t"), [line])
        tombstone, binary = self.peek("u")
        self.assertIsNone(tombstone["value"])
        self.assertEqual(binary["value_base64"], "AP8=")

    def test_ndjson_stops_at_the_first_bad_line(self):
        bad = {'{"topic":"t","value":"v"': "not valid JSON", '{"topic":"t"}': '"value" is missing',
               '{"topic":"t","value":"v","partition":-1}': "is negative",
               '{"topic":"t","value":"v","partition":1e99}': "partition",
               '{"topic":"t","value":"v","vlaue":1}': "did you mean value?",
               '{"topic":"t","topic":"t","value":""}': "stands twice",
               '{"topic":"t","value_base64":"%"}': "not valid base64",
               '{"topic":"no topic!","value":"v"}': "topic"}
        appended = 0
        for line, why in bad.items():
            good = '{"topic":"t","value":"v"}\n'
            done = self.put("--ndjson", stdin=good * 2 + "\n" + line + "\n" + good, code=INPUT)
            self.assertIn("line 4: ", done.err)
            self.assertIn(why, done.err)
            self.assertEqual(done.out, f"t {appended + 1}\nt {appended + 2}\n")
            appended += 2
            self.assertEqual(self.ledger()["appended"], appended)

    def test_ndjson_invalid_utf8(self):
        done = self.put("--ndjson", stdin=b'{"topic":"t","value":"\xff"}\n', code=INPUT)
        self.assertIn("line 1: not valid JSON", done.err)

    def test_what_the_store_refuses_names_its_line(self):
        self.put("--topic", "t", "--quiet", "x")
        lines = [json.dumps({"topic": "t", "value": str(i)}) for i in range(1, 700)]
        lines[436] = json.dumps({"topic": "t", "value": "x" * 3000})
        done = self.put("--ndjson", "--message-bytes-max", "2KiB", stdin="\n".join(lines),
                        code=INPUT)
        self.assertIn("line 437: ", done.err)
        self.assertEqual(done.out, "".join(f"t {i}\n" for i in range(2, 438)))
        self.assertEqual(self.ledger()["appended"], 437)

    def test_oversize_and_invalid_topic(self):
        self.assertIn("VALUE 2: ", self.put("--topic", "t", "--message-bytes-max", "1KiB", "a",
                                            "x" * 2000, code=INPUT).err)
        for topic in ("a b", ".", "x" * 250):
            self.put("--topic", topic, "v", code=INPUT)
        self.assertEqual(self.ledger()["appended"], 1)

    def test_misuse(self):
        for args in (["v"], ["--topic", "t"], ["--topic", "t", "--lines", "v"],
                     ["--topic", "t", "--lines", "--ndjson"], ["--ndjson", "--key", "k"],
                     ["--topic", "t", "--header", "novalue", "v"],
                     ["--topic", "t", "--key-delimiter", ":", "v"],
                     ["--topic", "t", "--partition", "-1", "v"],
                     ["--topic", "t", "--partition", "x", "v"], ["--topic", "t", "++", "v"]):
            self.put(*args, code=USAGE)
        self.assertFalse(os.path.exists(self.dir))

    def test_id_makes_a_retry_a_no_op(self):
        self.put("--topic", "t", "--id", "one", "v")
        self.assertEqual(self.put("--topic", "t", "--id", "one", "v").out, "t 1\n")
        self.put("--topic", "t", "--id", "two", "v", "v")
        self.assertEqual(self.put("--topic", "t", "--id", "two", "v", "v").out, "t 2\nt 3\n")
        # A file that was cut off half-way, given again whole.
        lines = [f"line {i}\n" for i in range(50)]
        self.put("--topic", "l", "--lines", "--id", "f", stdin="".join(lines[:20]))
        done = self.put("--topic", "l", "--lines", "--id", "f", stdin="".join(lines))
        self.assertEqual(done.out, "".join(f"l {i}\n" for i in range(1, 51)))
        self.assertEqual(self.ledger()["appended"], 53)

    def test_each_line_is_durable_before_the_next_is_awaited(self):
        process = subprocess.Popen([BINARY, "put", "--dir", self.dir, "--topic", "t", "--lines"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env)
        self.addCleanup(self._reap, process)
        for i in range(1, 4):
            process.stdin.write(b"x\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), f"t {i}\n".encode())
        process.kill()
        process.communicate()
        self.assertEqual(self.ledger()["appended"], 3)

    def test_closed_output_is_one_line(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run([BINARY, "put", "--dir", self.dir, "--topic", "t", "a"],
                              stdout=write_end, stderr=subprocess.PIPE, env=self.env, check=False)
        os.close(write_end)
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stderr.decode(), r"\Aoutbox-relay: cannot write to standard output.*1 "
                                               r"entries are durable[^\n]*\n\Z")

    def test_two_puts_at_once_the_second_waits(self):
        first = subprocess.Popen([BINARY, "put", "--dir", self.dir, "--topic", "t", "--lines"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env)
        self.addCleanup(self._reap, first)
        first.stdin.write(b"x\n")
        first.stdin.flush()
        self.assertEqual(first.stdout.readline(), b"t 1\n")
        held = self.put("--topic", "t", "--open-deadline", "300ms", "y", code=BUSY)
        self.assertIn(f"pid {first.pid}", held.err)
        second = subprocess.Popen([BINARY, "put", "--dir", self.dir, "--topic", "t", "y"],
                                  stdout=subprocess.PIPE, env=self.env)
        self.addCleanup(self._reap, second)
        self.assertEqual(first.communicate(timeout=rig.DEADLINE_S)[0], b"")
        self.assertEqual(second.communicate(timeout=rig.DEADLINE_S)[0], b"t 2\n")
        self.assertEqual(second.returncode, 0)

    def test_unusable_directory(self):
        self.cli("put", "--dir", "/proc/nope", "--topic", "t", "v", code=FAILED)
        self.cli("put", "--dir", self.path("file", "x"), "--topic", "t", "v", code=FAILED)
        self.cli("put", "--topic", "t", "v", code=USAGE)

    def test_large_input_streams(self):
        count = 30_000
        done = self.put("--topic", "t", "--lines", stdin="x" * 50 + ("\n" + "x" * 50) * (count - 1))
        self.assertEqual(len(done.out.splitlines()), count)
        self.assertEqual(self.ledger()["appended"], count)


if __name__ == "__main__":
    unittest.main()
