"""What the tests on real brokers share: the cluster, the relay under test, waiting."""

import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "kafka.d"))
import topics as kafka_topics  # noqa: E402 -- found through the line above

NOT_RUN = 77
LONG = os.environ.get("OUTBOX_LONG") == "1"
BINARY = os.environ["OUTBOX_RELAY"]
SEED = int(os.environ.get("OUTBOX_SEED") or random.randrange(1, 1 << 31))
RSS_MAX_KIB = 256 * 1024


def cycles(otherwise):
    return int(os.environ.get("OUTBOX_CYCLES") or otherwise)


def prove(row, n, seconds, **counts):
    """A row of docs/proof.md: printed, and appended to the file that OUTBOX_PROOF names."""
    line = {"row": row, "n": n, "entries": 0, "lost": 0, "phantom": 0, "doubled": 0,
            "reordered": 0, "altered": 0, "other": 0, "resent": 0, **counts, "seed": SEED,
            "seconds": round(seconds, 1)}
    print(json.dumps(line), flush=True)
    if os.environ.get("OUTBOX_PROOF"):
        with open(os.environ["OUTBOX_PROOF"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def say(text):
    print(f"[{time.monotonic() - START_S:6.1f} s] {text}", flush=True)


START_S = time.monotonic()


def happens(predicate, deadline_s, every_s):
    """Answers the predicate's first true value, or its last one at the deadline."""
    end_s = time.monotonic() + deadline_s
    while not (value := predicate()) and time.monotonic() < end_s:
        time.sleep(every_s)
    return value


def wait_until(what, predicate, deadline_s=60.0, every_s=0.1):
    """Answers the predicate's first true value; fails with `what` at the deadline."""
    value = happens(predicate, deadline_s, every_s)
    check(value, f"not within {deadline_s:.0f} s: {what}")
    return value


class Cluster:
    """The brokers that scripts/test started."""

    def __init__(self):
        self.bootstrap = os.environ.get("OUTBOX_TEST_BOOTSTRAP", "")
        self._dir = os.environ.get("OUTBOX_TEST_KAFKA_DIR", "")
        if not self.bootstrap or not self._dir:
            print("NOT RUN: no brokers (OUTBOX_TEST_BOOTSTRAP); scripts/test starts some")
            sys.exit(NOT_RUN)
        self.heal()

    def _run(self, *arguments):
        done = subprocess.run([ROOT / "scripts" / "kafka", *arguments, "--dir", self._dir],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"scripts/kafka {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def states(self):
        return {int(line.split()[0]): line.split()[2] for line in self._run("status").splitlines()}

    def kill(self, *numbers):
        self._run("kill", *map(str, numbers))

    def restart(self, *numbers):
        self._run("restart", *map(str, numbers))

    def pause(self, number):
        self._run("pause", str(number))

    def resume(self, number):
        self._run("resume", str(number))

    def ports(self):
        """Of each broker: client, proxy, behind the proxy, SASL."""
        return [tuple(map(int, line.split()[1:])) for line in self._run("ports").splitlines()]

    def heal(self):
        """All brokers up, whatever an earlier test left behind."""
        for number, state in self.states().items():
            if state == "paused":
                self.resume(number)
        down = [number for number, state in self.states().items() if state == "down"]
        if down:
            self.restart(*down)

    def create(self, *names, partitions=6, configs=None, assignment=None):
        with kafka_topics.Topics(self.bootstrap) as topics:
            topics.create(names, partitions, configs, assignment)
        def all_led():
            leaders = self._leaders()
            return all(name in leaders and min(leaders[name].values()) > 0 for name in names)
        wait_until(f"leaders of {names[0]}", all_led)

    def delete(self, *names):
        with kafka_topics.Topics(self.bootstrap) as topics:
            topics.delete(names)

    def grow(self, name, partitions):
        with kafka_topics.Topics(self.bootstrap) as topics:
            topics.grow(name, partitions)

    def configure(self, name, configs):
        """A topic's own settings: these, and no others."""
        with kafka_topics.Topics(self.bootstrap) as topics:
            topics.set_topic(name, configs)

    def forget_producers_after(self, expiration_ms):
        """Each broker's producer.id.expiration.ms; None: the static one again."""
        configs = {} if expiration_ms is None else {"producer.id.expiration.ms": expiration_ms}
        with kafka_topics.Topics(self.bootstrap) as topics:
            for number in self.states():
                topics.set_broker(number, configs)

    def leaders(self, topic):
        """Partition -> leader, -1 where there is none; empty: the topic is unknown."""
        return self._leaders("-t", topic).get(topic, {})

    def in_sync(self, topic):
        """Partition -> how many replicas are in sync."""
        return {p["partition"]: len(p["isrs"])
                for t in self._metadata("-t", topic) for p in t["partitions"]}

    def data(self, topic, partition):
        """Where brokers keep that partition."""
        return list(pathlib.Path(self._dir).glob(f"[0-9]*/data/{topic}-{partition}"))

    def _leaders(self, *which):
        return {topic["topic"]: {p["partition"]: p["leader"] for p in topic["partitions"]}
                for topic in self._metadata(*which) if topic["partitions"]}

    def _metadata(self, *which):
        done = subprocess.run(["kcat", "-b", self.bootstrap, "-L", "-J", *which],
                              capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)["topics"] if done.returncode == 0 else []

    def ends(self, topic, partitions):
        """Partition -> end offset, of those asked for."""
        asked = [word for p in partitions for word in ("-t", f"{topic}:{p}:-1")]
        done = subprocess.run(["kcat", "-b", self.bootstrap, "-Q", *asked],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 0, f"kcat -Q: {done.stderr.strip()}")
        ends = {}
        for line in done.stdout.splitlines():
            where, offset = line.split(" offset ")
            ends[int(where.split("[")[1].rstrip("]"))] = int(offset)
        return ends


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout_s=10):
        super().__init__("localhost", timeout=timeout_s)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Relay:
    """`outbox-relay run` on an outbox of its own. Killed and reaped at the end of the with block."""

    def __init__(self, bootstrap, directory, *flags):
        self.dir = pathlib.Path(directory)
        self.pid = None
        self.rss_peak_kib = 0
        # While it is dead a `put` of the load may hold the outbox.
        self._command = [BINARY, "run", "--dir", str(self.dir), "--bootstrap-servers", bootstrap,
                         "--open-deadline", "30s", *flags]
        self._process = None
        self._log = None

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if self._process and self._process.poll() is None:
            if failure:
                for path in ("/v1/status", "/metrics"):
                    print((self._get(path) or b"no answer").decode(), flush=True)
            self.kill()
        if failure and self._log:
            print("".join(open(self._log.name).readlines()[-40:]), flush=True)

    def start(self):
        self.spawn()
        wait_until("the relay listens", self._listens)

    def spawn(self, **environment):
        """Starts it without waiting for anything."""
        self._log = open(f"{self.dir}.log", "a")
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log,
                                         env=dict(os.environ, **environment))
        self.pid = self._process.pid

    def killed(self):
        """Has it ended by SIGKILL? Any other end is an error."""
        code = self._process.poll()
        check(code in (None, -signal.SIGKILL), f"the relay ended with {code}")
        return code is not None

    def _listens(self):
        check(self._process.poll() is None, f"the relay ended with {self._process.poll()}")
        return self._get("/livez") is not None

    def _get(self, path):
        connection = UnixConnection(self.dir / "relay.sock")
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except OSError:
            return None
        finally:
            connection.close()

    def status(self):
        answer = wait_until("an answer of the relay", lambda: self._get("/v1/status"))
        return json.loads(answer)

    def metrics(self):
        return wait_until("an answer of the relay", lambda: self._get("/metrics")).decode()

    def log(self):
        return pathlib.Path(self._log.name).read_text()

    def cpu_s(self):
        """Processor time it has used."""
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pending(self):
        return self.status()["ledger"]["pending"]

    def rss_kib(self):
        """Resident now; remembers the peak, the kernel's own."""
        fields = dict(line.split(":", 1) for line in open(f"/proc/{self.pid}/status")
                      if line.startswith("Vm"))
        self.rss_peak_kib = max(self.rss_peak_kib, int(fields["VmHWM"].split()[0]))
        return int(fields["VmRSS"].split()[0])

    def kill(self):
        self.rss_kib()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        """SIGTERM; must end well."""
        self.rss_kib()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=60)
        check(code == 0, f"after SIGTERM the relay ended with {code}")

    def drained(self, deadline_s):
        """Waits until nothing is pending."""
        def nothing_pending():
            check(self._process.poll() is None, f"the relay ended with {self._process.poll()}")
            self.rss_kib()
            return self.pending() == 0
        wait_until("nothing is pending", nothing_pending, deadline_s, every_s=0.3)


def put(directory, *flags, data=None, file=None):
    """`outbox-relay put`; answers its standard output."""
    done = subprocess.run([BINARY, "put", "--dir", str(directory), *flags], input=data, stdin=file,
                          capture_output=True, check=False)
    check(done.returncode == 0, f"put ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def disk_bytes(directory):
    return sum(path.stat().st_size for path in pathlib.Path(directory).rglob("*") if path.is_file())


def unique(name):
    return f"{name}-{os.getpid()}"


def main(test):
    """Runs one test in a temporary directory. Exit code 0, 1, or 77: not run."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="outbox-kafka-"))
    cluster = Cluster()
    try:
        test(cluster, directory)
        say("passed")
    except Exception:  # whatever it was, the brokers are needed by the next test
        traceback.print_exc()
        sys.exit(1)
    finally:
        cluster.heal()
        shutil.rmtree(directory, ignore_errors=True)
