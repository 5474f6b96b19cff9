"""A relay stands still, its directory is copied, a second relay works on the copy, the first one
goes on: two relays, one outbox id, and nothing fences. What holds then: nothing is lost, and one
number per (outbox, session, partition) finds every repeat, since the two never share a session.
OUTBOX_CYCLES says how often; OUTBOX_SEED replays."""

import os
import random
import shutil
import signal
import time

import oracle
import read_back
import rig
from rig import check, say, wait_until

PARTITIONS = 3
FLAGS = ["--in-flight-entries-max", "20000"]
DRAIN_S = 60


class TwoWriters:
    """A topic as a consumer reads it that knows of one number a session. Each session is a chain of
    its own; where two meet is nobody's order."""

    def __init__(self, bootstrap, topic, on_first):
        self.duplicates = 0
        rules, taken = {}, {}
        for record in read_back.records(bootstrap, topic):
            where = f"partition {record.partition}, {record.session}/{record.seq}"
            rule = rules.setdefault(record.partition, read_back.OneNumber())
            chain = taken.setdefault((record.partition, record.session), {})
            kind = rule.takes(record.session, record.seq, record.prev)
            if kind == "duplicate":
                check(chain.get(record.seq) == record.prev,
                      f"{where}: the rule drops it, and it was never there")
                self.duplicates += 1
                continue
            check(kind == "new", f"{where}: comes after its successors")
            last = next(reversed(chain), record.prev)
            check(record.prev == last, f"{where}: names {record.prev}, not {last}")
            chain[record.seq] = record.prev
            on_first(record)


class Scene:
    """One outbox, its copy, and their clients."""

    def __init__(self, cluster, directory, topic, draw):
        self.cluster, self.draw, self.topic = cluster, draw, topic
        cluster.create(topic, partitions=PARTITIONS)
        self.first = rig.Relay(cluster.bootstrap, directory / f"{topic}-first", *FLAGS)
        self.second = rig.Relay(cluster.bootstrap, directory / f"{topic}-second", *FLAGS)
        self.oracle = oracle.Oracle(directory / f"{topic}-journal", draw.randrange(1 << 31))
        self.sessions = {self.first: set(), self.second: set()}

    def start(self, *relays):
        for relay in relays:  # at the same moment, if there are two
            relay.spawn()
        for relay in relays:
            self.sessions[relay].add(relay.status()["session"])

    def clients(self, relay, name):
        self.oracle.start(relay.dir / "relay.sock", [self.topic], 2,
                          batch_max=self.draw.choice((10, 300)), name=name)

    def grow(self, name, count):
        mine = [client for client in self.oracle.clients if f".{name}" in client.name]
        goal = sum(len(client.outcomes) for client in mine) + count
        wait_until(f"{count} more of {name}",
                   lambda: sum(len(client.outcomes) for client in mine) >= goal, every_s=0.01)

    def copy(self):
        shutil.copytree(self.first.dir, self.second.dir,
                        ignore=shutil.ignore_patterns("relay.sock"))


def zombie(scene):
    """Answers what the oracle found, and how many repeats there were."""
    draw, first, second = scene.draw, scene.first, scene.second
    scene.start(first)
    scene.clients(first, "one")
    scene.grow("one", draw.randint(1, 8_000))
    os.kill(first.pid, signal.SIGSTOP)
    scene.copy()
    scene.start(second)
    if draw.random() < 0.5:
        second.drained(DRAIN_S)
    scene.clients(second, "two")
    if draw.random() < 0.5:
        scene.grow("two", draw.randint(1, 5_000))
    os.kill(first.pid, signal.SIGCONT)
    scene.grow("one", 2_000)
    scene.grow("two", 2_000)
    if draw.random() < 0.5:
        first.kill()
        second.kill()
        scene.start(first, second)
        scene.grow("one", 2_000)
        scene.grow("two", 2_000)
    scene.oracle.stop()
    for relay in (first, second):
        relay.drained(DRAIN_S)
        relay.stop()
    both = scene.sessions[first] & scene.sessions[second]
    check(not both, f"both relays opened the session {both}")
    verdict = scene.oracle.judge(scene.cluster.bootstrap, read=TwoWriters)
    say(f"{verdict.counts()}")
    check(verdict.wrong == 0, "; ".join(verdict.examples))
    scene.cluster.delete(scene.topic)
    return verdict


def test(cluster, directory):
    total, began_s = rig.cycles(2), time.monotonic()
    say(f"zombie-copy: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    entries = resent = 0
    for cycle in range(total):
        draw = random.Random(rig.SEED + cycle)
        scene = Scene(cluster, directory, rig.unique(f"zombie{cycle}"), draw)
        with scene.first, scene.second:
            verdict = zombie(scene)
        entries, resent = entries + verdict.entries, resent + verdict.resent
    check(resent > 0, "nothing was sent by both: this run says little")
    rig.prove("zombie-copy", total, time.monotonic() - began_s, entries=entries, resent=resent)


if __name__ == "__main__":
    rig.main(test)
