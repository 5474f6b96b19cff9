"""What the tests of the command line share. OUTBOX_RELAY names the binary."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from mock_kafka import MockKafka

BINARY = os.environ["OUTBOX_RELAY"]
# Longer than anything takes on a loaded machine; a test that waits this long has failed.
DEADLINE_S = 60

# The contract, as the table of exit codes has it.
OK, FAILED, USAGE, INPUT, BUSY, TIMEOUT, CORRUPTION, FULL, INDETERMINATE, NOT_FOUND = range(10)


def wait_until(condition, what, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class RigCase(unittest.TestCase):
    """A temporary directory, the binary, and relays that end with the test."""

    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="outbox-cli-")
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.dir = os.path.join(self.tmp, "o")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("OUTBOX_")}

    def path(self, name, text=None):
        path = os.path.join(self.tmp, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        return path

    def cli(self, *args, stdin=None, env=None, code=OK):
        """Runs a command; checks its exit code, and that errors are one line."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([BINARY, *args], input=data if data is not None else b"",
                              capture_output=True, timeout=DEADLINE_S,
                              env={**self.env, **(env or {})}, check=False)
        done.out = done.stdout.decode(errors="replace")
        done.err = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, code, f"{args}: {done.out}{done.err}")
        if code not in (OK, None):
            self.assertRegex(done.err, r"\A(\d{4}-.*\n)*outbox-relay: [^\n]+\n(\d{4}-.*\n)*\Z")
        return done

    def put(self, *args, **kwargs):
        return self.cli("put", "--dir", self.dir, *args, **kwargs)

    def status(self, directory=None):
        return json.loads(self.cli("status", "--dir", directory or self.dir, "--json").out)

    def ledger(self):
        ledger = self.status()["ledger"]
        self.assertTrue(ledger["balanced"], ledger)
        return ledger

    def start_run(self, bootstrap, *args, wait=True, file_bytes_max=None):
        """A relay in the background, killed at the end of the test if need be."""
        def limit():
            if file_bytes_max:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))
        log = open(self.path("run.log"), "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [BINARY, "run", "--dir", self.dir, "--bootstrap-servers", bootstrap,
             "--max-in-flight-requests", "1", *args],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env, preexec_fn=limit,
            restore_signals=False)
        self.addCleanup(self._reap, process)
        if wait:
            wait_until(lambda: process.poll() is not None or
                       os.path.exists(os.path.join(self.dir, "endpoint")), "the relay listens")
            self.assertIsNone(process.poll(), self.log())
        return process

    def log(self):
        with open(self.path("run.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    @staticmethod
    def _reap(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE_S), 0, self.log())

    def kill(self, process):
        process.kill()
        process.wait()

    def connect(self):
        connection = UnixConnection(os.path.join(self.dir, "relay.sock"))
        self.addCleanup(connection.close)
        return connection

    def http(self, method, path, body=None, headers=None):
        connection = self.connect()
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def mock(self, brokers=1, **topics):
        kafka = MockKafka(brokers)
        self.addCleanup(kafka.close)
        for name, partitions in topics.items():
            kafka.create_topic(name, partitions)
        return kafka

    def consume(self, kafka, topic):
        """All messages of a topic, by kcat: (partition, key, value)."""
        done = subprocess.run(
            ["kcat", "-b", kafka.bootstrap, "-C", "-t", topic, "-e", "-q", "-f", "%p\t%k\t%s\n"],
            capture_output=True, timeout=DEADLINE_S, check=True)
        return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]


if __name__ == "__main__":
    unittest.main()
