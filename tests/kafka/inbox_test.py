"""An inbox that is killed while it works: the sums that its handler keeps must be those of what was
produced, exactly.

  inbox_test.py static | dynamic

static: one process with static assignment, killed again and again while it works on 8 threads; the
relay is killed too, so that there are duplicates to drop, and brokers. dynamic: three processes of
one group, killed or stopped in turn, each with a store of its own: nothing may be lost, and what was
done twice must not be more than the counter of possible repeats admits.
OUTBOX_CYCLES says how many kills; OUTBOX_SEED replays."""

import os
import pathlib
import random
import re
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
GROUP = 3
ASSIGNED = f"inbox_sums: {PARTITIONS} partitions"
# InboxEvent::Kind::kRepeats, as inbox_sums prints it.
REPEATS = re.compile(r"^inbox_sums: event 3 \S+ (\d+) another store", re.MULTILINE)


class Consumer:
    """A process of inbox_sums on a store of its own. Killed and reaped at the end of the test."""

    started = []

    def __init__(self, cluster, topic, directory, static):
        Consumer.started.append(self)
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

    def end(self):
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def possible_repeats(self):
        """As told, by all its lives."""
        return sum(map(int, REPEATS.findall(self.log())))

    def sums(self):
        """(messages, sum) as they stand; None before there is a store."""
        done = subprocess.run([SUMS, "show", self.dir], capture_output=True, text=True, check=False)
        return tuple(map(int, done.stdout.split())) if done.returncode == 0 else None

    def ids(self):
        """Of the messages that its store has the effects of."""
        done = subprocess.run([SUMS, "ids", self.dir], capture_output=True, text=True, check=False)
        return set(map(int, done.stdout.split()))


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
                            f'"value": "{number}:{self.count + n}", '
                            f'"id": "{self.count + n}"}}\n'
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


def missing(consumers, load):
    """IDs that no store has."""
    return set(range(load.count)).difference(*(consumer.ids() for consumer in consumers))


def caught_up(consumers, load):
    wait_until(f"{load.count} messages are counted", lambda: not missing(consumers, load),
               CAUGHT_UP_S, every_s=0.5)


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


def dynamic(cluster, directory, relay, topic, draw, kills):
    group = [Consumer(cluster, topic, directory / f"inbox{n}", static=False) for n in range(GROUP)]
    load = Load(relay, topic, rig.SEED)
    load.start()
    for consumer in group:
        consumer.start()
    for cycle in range(kills):
        # Longer than the session's timeout, or the group would never settle.
        pause_s(draw, 1, 9)
        consumer = draw.choice(group)
        consumer.stop() if draw.random() < 0.3 else consumer.kill()
        trouble(cluster, relay, draw, cycle)
        consumer.start()
    load.stop()
    cluster.heal()
    relay.drained(120)
    caught_up(group, load)
    for consumer in group:
        consumer.stop()
    # Each has all partitions once more, alone: it then knows what others did again.
    for consumer in group:
        before = consumer.log().count(ASSIGNED)
        consumer.start()
        wait_until("it has all partitions",
                   lambda c=consumer, n=before: c.log().count(ASSIGNED) > n)
        consumer.stop()
    messages = sum(consumer.sums()[0] for consumer in group)
    repeats = sum(consumer.possible_repeats() for consumer in group)
    say(f"{kills} kills, {messages} messages counted of {load.count}; {repeats} possible repeats")
    lost = missing(group, load)
    check(not lost, f"{len(lost)} messages were lost, the first is {min(lost, default=None)}")
    check(messages - load.count <= repeats,
          f"{messages - load.count} were done twice, {repeats} admitted")
    return load.count, messages - load.count


KINDS = {"static": static, "dynamic": dynamic}


def test(cluster, directory):
    kind, kills = sys.argv[1], rig.cycles(8 if sys.argv[1] == "static" else 5)
    say(f"inbox {kind}: {kills} kills, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw, began_s = random.Random(rig.SEED), time.monotonic()
    topic = rig.unique("sums")
    cluster.create(topic, partitions=PARTITIONS)
    with rig.Relay(cluster.bootstrap, directory / "outbox") as relay:
        relay.start()
        try:
            entries, resent = KINDS[kind](cluster, directory, relay, topic, draw, kills)
        finally:
            for consumer in Consumer.started:
                consumer.end()
        relay.stop()
    cluster.delete(topic)
    rig.prove(f"inbox-{kind}", kills, time.monotonic() - began_s, entries=entries, resent=resent)


if __name__ == "__main__":
    rig.main(test)
