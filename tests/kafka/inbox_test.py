"""An inbox that is killed while it works: the sums that its handler keeps must be those of what was
produced, exactly.

  inbox_test.py static

One process with static assignment, killed again and again while it works on 8 threads; the relay is
killed too, so that there are duplicates to drop, and brokers. OUTBOX_CYCLES says how many kills;
OUTBOX_SEED replays."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import rig
from rig import check, say, wait_until

SUMS = os.environ["OUTBOX_INBOX_SUMS"]
PARTITIONS = 6
KEYS = 200
BATCH = 5_000
CAUGHT_UP_S = 120


class Consumer:
    """A process of inbox_sums on a store of its own."""

    def __init__(self, cluster, topic, directory, static):
        self.dir = pathlib.Path(directory)
        self._log = open(f"{self.dir}.log", "a")
        self._command = [SUMS, "run", cluster.bootstrap, "sums-" + topic, topic, str(self.dir)]
        if static:
            self._command.append(str(PARTITIONS))
        self._process = None

    def start(self):
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)

    def kill(self):
        code = self._process.poll()
        check(code is None, f"the consumer ended with {code}: {self.log()[-2000:]}")
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=60)
        check(code == 0, f"after SIGTERM the consumer ended with {code}: {self.log()[-2000:]}")

    def log(self):
        self._log.flush()
        return pathlib.Path(self._log.name).read_text()

    def sums(self):
        """(messages, sum) as they stand; None before there is a store."""
        done = subprocess.run([SUMS, "show", self.dir], capture_output=True, text=True, check=False)
        return tuple(map(int, done.stdout.split())) if done.returncode == 0 else None


class Load(threading.Thread):
    """Appends numbers, a batch at a time, until told to stop."""

    def __init__(self, relay, topic, seed):
        super().__init__(daemon=True)
        self.count, self.total = 0, 0
        self._relay, self._topic, self._draw = relay, topic, random.Random(seed)
        self._enough = threading.Event()

    def run(self):
        while not self._enough.is_set():
            numbers = [self._draw.randint(1, 1_000_000) for _ in range(BATCH)]
            lines = "".join(f'{{"topic": "{self._topic}", "key": "k{self._draw.randrange(KEYS)}", '
                            f'"value": "{number}", "id": "{self.count + n}"}}\n'
                            for n, number in enumerate(numbers))
            # The same ids again: a put that was cut short appends nothing twice.
            while not self._put(lines):
                time.sleep(0.05)
            self.count += len(numbers)
            self.total += sum(numbers)

    def _put(self, lines):
        done = subprocess.run([rig.BINARY, "put", "--dir", self._relay.dir, "--ndjson", "--quiet"],
                              input=lines.encode(), capture_output=True, check=False)
        return done.returncode == 0

    def stop(self):
        self._enough.set()
        self.join(60)
        check(not self.is_alive(), "the load hangs")


def pause_s(draw, low, high):
    """Lets work go on for a while: the length is drawn, not a wait for anything."""
    time.sleep(draw.uniform(low, high))


def caught_up(consumers, load):
    def counted():
        sums = [consumer.sums() for consumer in consumers]
        seen = sum(pair[0] for pair in sums if pair)
        return seen >= load.count and seen
    return wait_until(f"{load.count} messages are counted", counted, CAUGHT_UP_S, every_s=0.5)


def trouble(cluster, relay, draw, cycle):
    """Now and then the relay dies too (its duplicates must not count), or a broker."""
    if cycle % 4 == 1:
        relay.kill()
        relay.start()
    if cycle % 8 == 5:
        broker = draw.choice([1, 2, 3])
        cluster.kill(broker)
        pause_s(draw, 0.5, 2)
        cluster.restart(broker)


def static(cluster, directory, relay, topic, draw, kills):
    consumer = Consumer(cluster, topic, directory / "inbox", static=True)
    load = Load(relay, topic, rig.SEED)
    load.start()
    consumer.start()
    for cycle in range(kills):
        pause_s(draw, 0.5, 2.0)
        consumer.kill()
        trouble(cluster, relay, draw, cycle)
        consumer.start()
    load.stop()
    cluster.heal()
    relay.drained(120)
    caught_up([consumer], load)
    consumer.stop()
    messages, total = consumer.sums()
    say(f"{kills} kills, {messages} messages; {consumer.log().splitlines()[-1]}")
    check((messages, total) == (load.count, load.total),
          f"counted {messages} messages of {load.count}, sum {total} of {load.total}")
    return messages, 0


def test(cluster, directory):
    kind, kills = sys.argv[1], rig.cycles(8)
    say(f"inbox {kind}: {kills} kills, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw, began_s = random.Random(rig.SEED), time.monotonic()
    topic = rig.unique("sums")
    cluster.create(topic, partitions=PARTITIONS)
    with rig.Relay(cluster.bootstrap, directory / "outbox") as relay:
        relay.start()
        entries, resent = static(cluster, directory, relay, topic, draw, kills)
        relay.stop()
    cluster.delete(topic)
    rig.prove(f"inbox-{kind}", kills, time.monotonic() - began_s, entries=entries, resent=resent)


if __name__ == "__main__":
    rig.main(test)
