"""Debian's package index through the outbox, with kill -9 of the relay and of a broker."""

import json
import subprocess
import sys
import threading

import read_back
import rig
from rig import check, say, wait_until

PARTITIONS = 6
WINDOW_ENTRIES = 2_000
PACKAGES_MIN = 10_000
# How far put may go on beyond the line at which something is killed.
AHEAD_LINES = 4_000


def package_index(path, topic):
    """Writes the index as NDJSON; answers the messages."""
    index = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout
    ndjson = subprocess.run([rig.ROOT / "scripts" / "packages-to-ndjson", topic], input=index,
                            capture_output=True, check=True).stdout
    path.write_bytes(ndjson)
    messages = [json.loads(line) for line in ndjson.decode().split("\n") if line]
    check(len(messages) >= PACKAGES_MIN,
          f"apt-cache dumpavail lists {len(messages)} packages: run apt-get update")
    return messages


class Feeder(threading.Thread):
    """Puts the whole file, again and again under the same ids until it went through."""

    def __init__(self, path, directory, relay_up):
        super().__init__(daemon=True)
        self.attempts = 0
        self.answers = []   # "TOPIC SEQ" of each line, of the attempt under way
        self.failure = None
        self._allowed = 0
        self._path = path
        self._directory = directory
        self._relay_up = relay_up

    def run(self):
        while self._relay_up.wait():
            self.attempts += 1
            self.answers = []
            with open(self._path, "rb") as lines:
                put = subprocess.Popen([rig.BINARY, "put", "--dir", self._directory, "--ndjson",
                                        "--id", "import"], stdin=lines, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
                for answer in put.stdout:
                    self.answers.append(answer)
                    self._hold(len(self.answers))
            error = put.stderr.read()
            if put.wait() == 0:
                return
            if self._relay_up.is_set() and put.returncode not in (1, 8):
                self.failure = f"put ended with {put.returncode}: {error}"
                return

    def _hold(self, count):
        # put blocks when nobody reads its answers: so it is still at work at the next kill.
        wait_until("the test goes on", lambda: count < self._allowed, 240, every_s=0.005)

    def go_on_to(self, count):
        self._allowed = count + AHEAD_LINES

        def enough():
            check(not self.failure, self.failure)
            check(self.is_alive(), "put ended too early")
            return len(self.answers) >= count
        wait_until(f"{count} messages are durable", enough, 120, every_s=0.005)

    def finish(self):
        self._allowed = sys.maxsize
        self.join(120)
        check(not self.is_alive(), "put did not end")
        check(not self.failure, self.failure)


def kill_and_restart(relay, relay_up):
    relay_up.clear()
    relay.kill()
    relay.start()
    relay_up.set()


def delivered(relay, count):
    wait_until(f"{count} delivered", lambda: relay.status()["ledger"]["delivered"] >= count, 120)


def feed_with_kills(cluster, relay, feeder, relay_up, count):
    """Three kills of the relay and two of a broker, one pair at the same time."""
    feeder.start()
    feeder.go_on_to(count // 8)
    kill_and_restart(relay, relay_up)
    say("relay killed and restarted")
    feeder.go_on_to(count // 4)
    cluster.kill(2)
    say("broker 2 killed")
    feeder.go_on_to(count // 2)
    kill_and_restart(relay, relay_up)
    say("relay killed and restarted, broker 2 still down")
    delivered(relay, count // 4)
    cluster.restart(2)
    say("broker 2 restarted")
    feeder.go_on_to(count * 5 // 8)
    cluster.kill(2)
    delivered(relay, count // 2)
    cluster.restart(2)
    say("broker 2 killed and restarted")
    feeder.go_on_to(count * 3 // 4)
    kill_and_restart(relay, relay_up)
    say("relay killed and restarted")
    feeder.finish()


def test(cluster, directory):
    topic = rig.unique("packages")
    messages = package_index(directory / "packages.ndjson", topic)
    cluster.create(topic, partitions=PARTITIONS, configs={"min.insync.replicas": "2"})
    relay_up = threading.Event()
    outbox = directory / "outbox"
    with rig.Relay(cluster.bootstrap, outbox, "--in-flight-entries-max",
                   str(WINDOW_ENTRIES)) as relay:
        relay.start()
        relay_up.set()
        feeder = Feeder(directory / "packages.ndjson", outbox, relay_up)
        feed_with_kills(cluster, relay, feeder, relay_up, len(messages))
        say(f"{len(messages)} messages durable after {feeder.attempts} runs of put")
        relay.drained(120)
        ledger = relay.status()["ledger"]
        relay.stop()
    check(ledger["delivered"] == ledger["appended"] == len(messages), f"ledger: {ledger}")
    check(ledger["balanced"], f"ledger: {ledger}")
    check([answer.split() for answer in feeder.answers] ==
          [[topic, str(i + 1)] for i in range(len(messages))],
          "put did not answer each line with its sequence number")
    judge(cluster, topic, messages)


def judge(cluster, topic, messages):
    def intact(record):
        sent = messages[record.seq - 1]
        key = sent["key"].encode()
        check(record.key == key, f"seq {record.seq}: key {record.key}")
        check(record.value == sent["value"].encode(), f"seq {record.seq}: altered")
        check(record.headers == sent["headers"], f"seq {record.seq}: headers {record.headers}")
        check(record.partition == read_back.java_partition(key, PARTITIONS),
              f"seq {record.seq}: in partition {record.partition}")

    log = read_back.TopicLog(cluster.bootstrap, topic, intact)
    log.check_complete(len(messages))
    say(f"read back {len(messages)}, {log.duplicates} duplicates, at most {log.window_max()} of a "
        f"partition at once, {log.jumps_max()} times")
    check(log.window_max() <= WINDOW_ENTRIES,
          f"{log.window_max()} entries were sent again at once; {WINDOW_ENTRIES} can be in flight")


if __name__ == "__main__":
    rig.main(test)
