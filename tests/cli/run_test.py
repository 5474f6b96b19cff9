"""run, and the same commands through its socket."""

import json
import os
import signal
import subprocess
import unittest

import rig
from rig import BINARY, BUSY, FAILED, INPUT, NOT_FOUND, USAGE, RigCase, wait_until

NOWHERE = "127.0.0.1:1"


class RunTest(RigCase):
    def delivered(self, count):
        return lambda: self.status()["ledger"]["delivered"] >= count

    def test_put_through_the_relay_reaches_kafka(self):
        kafka = self.mock(t=6)
        process = self.start_run(kafka.bootstrap)
        done = self.put("--topic", "t", "--lines", "--key-delimiter", ":",
                        stdin="".join(f"k{i}:{i}\n" for i in range(500)))
        self.assertEqual(done.out, "".join(f"t {i}\n" for i in range(1, 501)))
        wait_until(self.delivered(500), "500 delivered")
        messages = self.consume(kafka, "t")
        self.assertEqual(sorted(value for _, _, value in messages),
                         sorted(str(i) for i in range(500)))
        self.assertTrue(all(key == f"k{value}" for _, key, value in messages))
        self.assertEqual(self.status()["topics"][0]["state"], "flowing")
        self.stop(process)
        for left in ("endpoint", "relay.sock"):
            self.assertFalse(os.path.exists(os.path.join(self.dir, left)))
        self.assertEqual(self.ledger()["delivered"], 500)

    def test_errors_through_the_relay_are_the_same(self):
        self.start_run(self.mock(t=6).bootstrap)
        good = '{"topic":"t","value":"v"}\n'
        done = self.put("--ndjson", stdin=good * 2 + "nonsense\n" + good, code=INPUT)
        self.assertIn("line 3: ", done.err)
        self.assertEqual(done.out, "t 1\nt 2\n")
        done = self.put("--ndjson", stdin=good * 5 + '{"topic":"!","value":""}\n' + good, code=INPUT)
        self.assertIn("line 6: ", done.err)
        self.assertEqual(len(done.out.splitlines()), 5)
        wait_until(self.delivered(7), "7 delivered")
        # The relay knows the topic's partitions by now.
        done = self.put("--topic", "t", "--partition", "99", "v", code=INPUT)
        self.assertIn("99", done.err)
        self.assertEqual(self.ledger()["appended"], 7)

    def test_a_large_binary_message_passes_through_the_socket(self):
        self.start_run(NOWHERE)
        value = bytes(range(256)) * 40_000  # 10 MiB, no UTF-8
        self.put("--topic", "t", "--lines", stdin=value.replace(b"\n", b" "))
        self.assertEqual(self.ledger()["appended"], 1)

    def test_unreachable_cluster_accepts_and_says_so(self):
        process = self.start_run(NOWHERE)
        self.put("--topic", "t", "a", "b")
        self.assertEqual(self.http("GET", "/readyz"), (200, "ready\n"))
        wait_until(lambda: "cannot reach Kafka at " + NOWHERE in self.log(), "the log names the brokers")
        self.assertEqual(self.ledger()["pending"], 2)
        self.stop(process)
        self.assertEqual(self.ledger()["pending"], 2)

    def test_a_failed_write_is_indeterminate_and_the_outbox_is_opened_again(self):
        # No file may grow beyond 1 MiB: a larger message fails half-written in the WAL.
        process = self.start_run(NOWHERE, file_bytes_max=1 << 20)
        self.put("--topic", "t", "a", "b")
        self.put("--topic", "t", "--lines", stdin="x" * (3 << 20), code=rig.INDETERMINATE)
        wait_until(lambda: "the outbox is open again" in self.log(), "it is opened again")
        wait_until(lambda: self.http("GET", "/readyz")[0] == 200, "it is ready again")
        self.assertIn("outbox_reopened_total 1", self.http("GET", "/metrics")[1])
        self.put("--topic", "t", "c")
        ledger = self.ledger()
        # The failed one may have come to be, or not; a, b and c are there.
        self.assertIn(ledger["appended"], (3, 4))
        self.stop(process)

    def test_a_second_run_is_told_who_holds_it(self):
        process = self.start_run(NOWHERE)
        done = self.cli("run", "--dir", self.dir, "--bootstrap-servers", NOWHERE,
                        "--open-deadline", "100ms", code=BUSY)
        self.assertIn(f"pid {process.pid}", done.err)
        self.assertEqual(self.http("GET", "/readyz")[0], 200)

    def test_sigkill_loses_nothing(self):
        kafka = self.mock(t=6)
        process = self.start_run(NOWHERE)
        self.put("--topic", "t", *[str(i) for i in range(200)])
        self.kill(process)
        # The socket and the endpoint file are left behind, and do no harm.
        self.assertTrue(os.path.exists(os.path.join(self.dir, "endpoint")))
        self.assertEqual(self.ledger()["pending"], 200)
        self.put("--topic", "t", "200")
        process = self.start_run(kafka.bootstrap)
        wait_until(self.delivered(201), "everything is delivered")
        self.assertEqual({int(value) for _, _, value in self.consume(kafka, "t")}, set(range(201)))
        self.stop(process)

    def test_broker_down_and_up(self):
        kafka = self.mock(t=1)
        self.start_run(kafka.bootstrap)
        self.put("--topic", "t", "a")
        wait_until(self.delivered(1), "the first is delivered")
        kafka.down()
        self.put("--topic", "t", "b", "c")
        self.assertEqual(self.http("GET", "/readyz")[0], 200)
        self.assertEqual(self.ledger()["pending"], 2)
        kafka.up()
        wait_until(self.delivered(3), "the rest is delivered")

    def test_sigterm_finishes_requests_and_second_signal_ends_at_once(self):
        process = self.start_run(NOWHERE, "--stop-deadline", "1s")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(rig.DEADLINE_S), 0)
        # A request that waits for room holds a stop up; a second signal does not wait.
        process = self.start_run(NOWHERE, "--pending-entries-max", "1", "--full-deadline", "50s")
        self.put("--topic", "t", "a")
        waiting = self.connect()
        waiting.request("POST", "/v1/messages", '{"topic":"t","value":"b"}')
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in self.log().split("stopped")[-1], "it stops")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 128 + signal.SIGTERM)
        self.assertEqual(self.ledger()["appended"], 1)

    def test_idempotency_key(self):
        self.start_run(NOWHERE)
        body = '{"topic":"t","value":"v"}'
        headers = {"Idempotency-Key": "abc"}
        self.assertEqual(json.loads(self.http("POST", "/v1/messages", body, headers)[1]),
                         {"topic": "t", "seq": 1, "repeated": False})
        self.assertEqual(json.loads(self.http("POST", "/v1/messages", body, headers)[1]),
                         {"topic": "t", "seq": 1, "repeated": True})
        self.assertEqual(self.put("--topic", "t", "--id", "abc", "v").out, "t 1\n")
        self.assertEqual(self.ledger()["appended"], 1)

    def test_http_api(self):
        self.start_run(NOWHERE)
        status, body = self.http("POST", "/v1/messages", '{"topic":"a","value":"1"}\n'
                                 '{"topic":"b","value":"2"}\n',
                                 {"Content-Type": "application/x-ndjson"})
        self.assertEqual((status, json.loads(body)["messages"]),
                         (200, [{"topic": "a", "seq": 1, "repeated": False},
                                {"topic": "b", "seq": 1, "repeated": False}]))
        status, body = self.http("POST", "/v1/messages", '{"topic":"a","value":"1"}\n{"topic":"a"}\n')
        self.assertEqual((status, json.loads(body)["error"]["line"]), (400, 2))
        self.assertEqual(self.http("POST", "/v1/messages", '{"topic":"!","value":""}')[0], 400)
        self.assertEqual(self.http("POST", "/v1/messages", b"x" * (40 << 20))[0], 413)
        self.assertEqual(self.http("DELETE", "/v1/messages")[0], 405)
        self.assertEqual(self.ledger()["appended"], 2)
        metrics = self.http("GET", "/metrics")[1]
        for line in ('outbox_appended_total{topic="a"} 1', 'outbox_pending_entries{topic="b"} 1',
                     "outbox_kafka_connected 0", "outbox_ready 1", "outbox_append_seconds_count "):
            self.assertIn(line, metrics)
        self.assertEqual(self.http("GET", "/livez")[0], 200)

    def test_full_outbox_answers_503_and_exit_code(self):
        self.start_run(NOWHERE, "--pending-entries-max", "2", "--when-full", "refuse")
        self.put("--topic", "t", "a", "b")
        self.put("--topic", "t", "c", code=rig.FULL)
        status, body = self.http("POST", "/v1/messages", '{"topic":"t","value":"c"}')
        self.assertEqual((status, json.loads(body)["error"]["code"]), (503, "kFull"))

    def test_readyz_with_idle_clients_and_blocked_appends(self):
        self.start_run(NOWHERE, "--http-write-threads", "2", "--http-read-threads", "1",
                       "--pending-entries-max", "1", "--full-deadline", "50s")
        self.put("--topic", "t", "a")
        idle = []
        for i in range(100):
            connection = self.connect()
            connection.connect()
            if i % 2:
                connection.request("GET", "/livez")
                self.assertEqual(connection.getresponse().read(), b"alive\n")
            idle.append(connection)
        for _ in range(5):
            blocked = self.connect()
            blocked.request("POST", "/v1/messages", '{"topic":"t","value":"b"}')
            idle.append(blocked)
        probe = self.connect()
        probe.timeout = 5
        probe.request("GET", "/readyz")
        self.assertEqual(probe.getresponse().read(), b"ready\n")

    def test_listen_addresses(self):
        path = self.path("other.sock")
        process = self.start_run(NOWHERE, "--listen", f"unix:{path}")
        self.assertTrue(os.path.exists(path))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.put("--topic", "t", "a")
        self.stop(process)
        process = self.start_run(NOWHERE, "--listen", "127.0.0.1:0")
        with open(os.path.join(self.dir, "endpoint"), encoding="utf-8") as endpoint:
            self.assertRegex(endpoint.read(), r"\A127\.0\.0\.1:[1-9]\d*\n\Z")
        self.assertEqual(self.put("--topic", "t", "b").out, "t 2\n")
        self.stop(process)
        for bad in ("nonsense", "unix:" + "/x" * 80, "127.0.0.1:99999"):
            self.cli("run", "--dir", self.dir, "--bootstrap-servers", NOWHERE, "--listen", bad,
                     code=USAGE)
        long = os.path.join(self.tmp, "d" * 120)
        done = self.cli("run", "--dir", long, "--bootstrap-servers", NOWHERE, code=USAGE)
        self.assertIn("--listen unix:PATH", done.err)
        self.assertFalse(os.path.exists(long))

    def test_unusable_directory(self):
        self.cli("run", "--dir", "/proc/nope", "--bootstrap-servers", NOWHERE, code=FAILED)

    def test_put_waits_for_a_relay_that_is_starting(self):
        # Whoever holds the lock first, the put ends up with the relay or before it.
        process = self.start_run(NOWHERE, wait=False)
        self.put("--topic", "t", "a")
        self.assertIsNone(process.poll(), self.log())


class DrainTest(RigCase):
    def test_drains_and_ends(self):
        kafka = self.mock(t=6)
        self.put("--topic", "t", *[str(i) for i in range(100)])
        done = self.cli("drain", "--dir", self.dir, "--bootstrap-servers", kafka.bootstrap,
                        "--max-in-flight-requests", "1", "--timeout", "60s")
        self.assertEqual(done.out, "drained: 100 delivered, 0 dead, 0 pending\n")
        self.assertEqual(len(self.consume(kafka, "t")), 100)
        self.assertEqual(self.ledger()["pending"], 0)

    def test_timeout_names_what_is_left(self):
        self.put("--topic", "t", "a")
        done = self.cli("drain", "--dir", self.dir, "--bootstrap-servers", NOWHERE, "--timeout",
                        "500ms", "--stop-deadline", "1s", code=rig.TIMEOUT)
        self.assertIn("1 of t", done.err)
        self.assertEqual(self.ledger()["pending"], 1)

    def test_waits_for_a_relay_that_runs_already(self):
        kafka = self.mock(t=1)
        self.start_run(kafka.bootstrap)
        self.put("--topic", "t", "a")
        done = self.cli("drain", "--dir", self.dir, "--bootstrap-servers", kafka.bootstrap,
                        "--timeout", "60s")
        self.assertIn("1 delivered", done.out)

    def test_nothing_there(self):
        self.cli("drain", "--dir", self.dir, "--bootstrap-servers", NOWHERE, "--timeout", "1s",
                 code=NOT_FOUND)
        self.cli("drain", "--dir", self.dir, "--bootstrap-servers", NOWHERE, "--timeout", "soon",
                 code=USAGE)

    def test_a_signal_ends_it(self):
        self.put("--topic", "t", "a")
        process = subprocess.Popen([BINARY, "drain", "--dir", self.dir, "--bootstrap-servers",
                                    NOWHERE, "--stop-deadline", "1s"], env=self.env,
                                   stderr=subprocess.PIPE)
        self.addCleanup(self._reap, process)

        def held():
            with open(os.path.join(self.dir, "holder"), encoding="utf-8") as holder:
                return str(process.pid) in holder.read()
        wait_until(held, "drain holds the outbox")
        process.send_signal(signal.SIGINT)
        self.assertIn(b"stopped by a signal", process.communicate(timeout=rig.DEADLINE_S)[1])
        self.assertEqual(process.returncode, rig.TIMEOUT)


if __name__ == "__main__":
    unittest.main()
