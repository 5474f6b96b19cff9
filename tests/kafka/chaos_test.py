"""Three real brokers, clients that append all the time, and one kind of trouble:

  chaos_test.py relay-kill | leader-kill | two-down | leader-pause | step-kill

step-kill lets the relay die at each named step of src/base/steps.inc in turn; it needs the relay
of `cmake --preset mutants`.

OUTBOX_CYCLES says how often (the short form is for every change); OUTBOX_SEED replays."""

import collections
import random
import re
import statistics
import sys
import time

import oracle
import rig
from rig import check, say, wait_until

WINDOW_ENTRIES = 20_000
PARTITIONS = 6
WRITE_BUFFER = "2MiB"  # so that memtables are flushed, filtered and compacted all the time
TOPICS = 3
# Each topic has a producer of its own in every other set, else they share one.
SHARED_PRODUCER_TOPICS = (1, 64)
DRAIN_S = 180
# A topic is read back whole, so a long campaign goes through several sets of topics.
CYCLES_PER_SET = 50
CPU_SHARE_MAX = 0.10


class Scene:
    """A relay, its topics and its clients."""

    def __init__(self, cluster, directory, number, batch_max, bootstrap=None):
        self.cluster, self.number = cluster, number
        self.topics = [rig.unique(f"chaos{number}-{n}") for n in range(TOPICS)]
        cluster.create(*self.topics, partitions=PARTITIONS)
        self.relay = rig.Relay(bootstrap or cluster.bootstrap, directory / f"outbox{number}",
                               "--in-flight-entries-max", str(WINDOW_ENTRIES),
                               "--write-buffer-bytes", WRITE_BUFFER,
                               "--shared-producer-topics",
                               str(SHARED_PRODUCER_TOPICS[number // CYCLES_PER_SET % 2]))
        self.oracle = oracle.Oracle(directory / f"journal{number}", rig.SEED + number)
        self.kills = 0
        self.steps = collections.Counter()
        self.relay.start()
        self.oracle.start(self.relay.dir / "relay.sock", self.topics, batch_max=batch_max)

    def new_topic(self):
        self.topics.append(rig.unique(f"chaos{self.number}-{len(self.topics)}"))
        self.cluster.create(self.topics[-1], partitions=2)
        return self.topics[-1]

    def appended(self):
        return sum(len(client.outcomes) for client in self.oracle.clients)

    def grow(self, count, deadline_s=60):
        """Waits for `count` more appends."""
        wanted = self.appended() + count
        wait_until(f"{count} more appends", lambda: self.appended() >= wanted, deadline_s, 0.02)

    def kill_relay(self):
        self.kills += 1
        self.relay.kill()
        self.relay.start()

    def finish(self):
        """Everything heals, drains, balances, and is read back."""
        self.oracle.stop()
        self.cluster.heal()
        self.relay.drained(DRAIN_S)
        ledger = self.relay.status()["ledger"]
        self.relay.stop()
        verdict = self.oracle.judge(self.cluster.bootstrap)
        self.cluster.delete(*self.topics)
        settled = sum(ledger[term] for term in ("delivered", "pending", "dead", "requeued",
                                                "purged"))
        check(ledger["appended"] == settled, f"the ledger does not balance: {ledger}")
        check(ledger["dead"] == 0, f"{ledger['dead']} dead letters")
        say(f"{verdict.counts()}")
        check(verdict.wrong == 0, "; ".join(verdict.examples))
        # A kill sends again at most what is in flight. So does a producer that is made anew,
        # which a broker that dies or stands still can bring about.
        return verdict


def pause_s(draw, low, high):
    """Lets the trouble last: the length is the fault, not a wait for anything."""
    time.sleep(draw.uniform(low, high))


def relay_kill(scene, draw):
    pause_s(draw, 0.3, 2.5)
    scene.grow(1)
    scene.kill_relay()


STEPS = re.findall(r'^OUTBOX_STEP\(\w+, "(\w+)"\)$',
                   (rig.ROOT / "src/base/steps.inc").read_text(), re.MULTILINE)
# A step that is not passed often enough (a memtable is seldom flushed) is left at that, but each is
# to be reached once. Space is given back in pieces of 64 MiB: that takes a while.
STEP_S_MAX, FIRST_STEP_S_MAX = 4, 90


def step_kill(scene, draw):
    step = STEPS[scene.kills % len(STEPS)]
    once = step.startswith(("open", "placement", "reclaim"))
    passings = 1 if once else draw.choice((1, 2, draw.randint(3, 40)))
    scene.relay.kill()
    scene.kills += 1
    # Only a topic's first entries have their partition count recorded.
    fresh = [scene.new_topic()] if step.startswith("placement") else []
    scene.relay.spawn(OUTBOX_KILL_AT=f"{step}:{passings}")
    scene.oracle.start(scene.relay.dir / "relay.sock", fresh, batch_max=60)
    patience_s = STEP_S_MAX if scene.steps[step] else FIRST_STEP_S_MAX
    if rig.happens(scene.relay.killed, patience_s, 0.02):
        scene.steps[step] += 1
        scene.relay.start()
    scene.oracle.stop(of=fresh)


def leader_of_some(scene, draw):
    leaders = scene.cluster.leaders(draw.choice(scene.topics))
    return draw.choice([leader for leader in leaders.values() if leader > 0])


def leader_kill(scene, draw):
    broker = leader_of_some(scene, draw)
    scene.cluster.kill(broker)
    pause_s(draw, 1, 6)
    scene.cluster.restart(broker)
    scene.grow(1_000)
    wait_until("every partition is led", lambda: all(
        min(scene.cluster.leaders(topic).values()) > 0 for topic in scene.topics))


def leader_pause(scene, draw):
    broker = leader_of_some(scene, draw)
    scene.cluster.pause(broker)
    pause_s(draw, 1, 60 if rig.LONG else 12)
    scene.cluster.resume(broker)
    scene.grow(1_000)


def two_down(scene, draw):
    """Appends go on as before, and the relay waits without spinning."""
    down = draw.sample([1, 2, 3], 2)
    scene.grow(5_000)
    before_s = time.monotonic()
    scene.cluster.kill(*down)
    began_s = time.monotonic()
    for client in scene.oracle.clients:
        client.latencies_s = [entry for entry in client.latencies_s if entry[0] < before_s]
    pause_s(draw, 3, 3)
    # The clients rest: what the relay then takes is its own.
    scene.oracle.stop()
    spent_s, from_s = scene.relay.cpu_s(), time.monotonic()
    pause_s(draw, *((50, 50) if rig.LONG else (10, 10)))
    share = (scene.relay.cpu_s() - spent_s) / (time.monotonic() - from_s)
    samples = [entry for client in scene.oracle.clients for entry in client.latencies_s]
    calm = [took for when, took in samples if when < before_s]
    storm = [took for when, took in samples if when >= began_s]
    check(len(storm) > 20, "hardly an append was answered while two brokers were down")
    say(f"append p50 {statistics.median(calm) * 1e3:.1f} ms, with two brokers down "
        f"{statistics.median(storm) * 1e3:.1f} ms; the relay took {share:.1%} of a core")
    check(share < CPU_SHARE_MAX, f"the relay took {share:.1%} of a core while waiting")
    check(statistics.median(storm) < 3 * statistics.median(calm) + 0.005, "appends were held up")
    scene.cluster.restart(*down)


# trouble, cycles in the short form, cycles on one set of topics, messages of a batch
ROWS = {
    "relay-kill": (relay_kill, 8, CYCLES_PER_SET, 200),
    "leader-kill": (leader_kill, 2, CYCLES_PER_SET, 60),
    "leader-pause": (leader_pause, 2, CYCLES_PER_SET, 60),
    "two-down": (two_down, 1, 1, 20),
    "step-kill": (step_kill, len(STEPS), 10 * len(STEPS), 60),
}


def run_set(cluster, directory, row, first, count):
    trouble, _, _, batch_max = ROWS[row]
    draw = random.Random(rig.SEED + first)
    scene = Scene(cluster, directory, first, batch_max)
    with scene.relay:
        for cycle in range(first, first + count):
            say(f"cycle {cycle}: {scene.appended()} appended")
            trouble(scene, draw)
        verdict = scene.finish()
    if row == "step-kill":
        say("killed at: " + ", ".join(f"{step} {n}" for step, n in scene.steps.items()))
        missed = {step for step in STEPS if scene.steps[step] == 0}
        check(not missed, f"never reached: {', '.join(sorted(missed))}")
    if row in ("relay-kill", "step-kill"):
        check(verdict.resent <= scene.kills * WINDOW_ENTRIES,
              f"{verdict.resent} duplicates after {scene.kills} kills")
    return verdict


def test(cluster, directory):
    row = sys.argv[1]
    _, short, per_set, _ = ROWS[row]
    total = rig.cycles(short)
    say(f"{row}: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    for first in range(0, total, per_set):
        count = min(per_set, total - first)
        began_s = time.monotonic()
        verdict = run_set(cluster, directory, row, first, count)
        rig.prove(row, count, time.monotonic() - began_s, **verdict.counts())


if __name__ == "__main__":
    rig.main(test)
