"""One partition of six without a leader: the other five go on, and memory stays flat."""

import subprocess
import threading
import time

import read_back
import rig
from rig import check, say, wait_until

LED, LEADERLESS, LOST_BROKER = range(5), 5, 3
ASSIGNMENT = [[1], [2], [1], [2], [1], [LOST_BROKER]]
WINDOW_ENTRIES = 20_000
RATE = 6_000               # offered, messages a second
PACED_S = 600 if rig.LONG else 15
BURST = 360_000            # to see what the five can do at most
VALUE = "x" * 100 + "\n"
BURST_KEPT_MIN = 0.1
KEPT_MIN = 0.8
GROWTH_MAX_KIB = 48 * 1024


class Offered(threading.Thread):
    """Puts RATE messages a second, through the relay, until stopped."""

    def __init__(self, relay, topic):
        super().__init__(daemon=True)
        self.count = 0
        self._enough = threading.Event()
        self._put = subprocess.Popen([rig.BINARY, "put", "--dir", relay.dir, "--topic", topic,
                                      "--lines", "--quiet"], stdin=subprocess.PIPE, text=True)

    def run(self):
        start_s = time.monotonic()
        while not self._enough.wait(0.05):
            due = int((time.monotonic() - start_s) * RATE)
            self._put.stdin.write(VALUE * (due - self.count))
            self._put.stdin.flush()
            self.count = due

    def finish(self):
        self._enough.set()
        self.join(30)
        self._put.stdin.close()
        check(self._put.wait(30) == 0, f"put ended with {self._put.returncode}")


class Led:
    """How far the five partitions are that have a leader all the time."""

    def __init__(self, cluster, topic):
        self._cluster, self._topic = cluster, topic

    def count(self):
        return sum(self._cluster.ends(self._topic, LED).values())

    def rate_over(self, seconds, relay):
        start, start_s = self.count(), time.monotonic()
        sizes = []
        while time.monotonic() - start_s < seconds:
            sizes.append(relay.rss_kib())
            time.sleep(0.5)
        return (self.count() - start) / (time.monotonic() - start_s), sizes


def burst(relay, led, topic):
    """Puts BURST messages beside the relay, starts it, and answers the five's rate."""
    rig.put(relay.dir, "--topic", topic, "--lines", "--quiet", data=(VALUE * BURST).encode())
    # Blocks of keyless messages go round the partitions; a block may be begun at either end.
    start, wanted = led.count(), BURST * 5 // 6 - 2_000
    start_s = time.monotonic()
    relay.start()
    wait_until("the five have their share", lambda: led.count() - start >= wanted, 120)
    return wanted / (time.monotonic() - start_s)


def kill_in_flow(relay, led, topic):
    """Kills the relay while it drains; answers how many messages it put for that."""
    count = BURST // 2
    rig.put(relay.dir, "--topic", topic, "--lines", "--quiet", data=(VALUE * count).encode())
    start = led.count()
    relay.start()
    wait_until("the drain is under way", lambda: led.count() > start, 60, every_s=0.01)
    relay.kill()
    if led.count() - start >= count * 5 // 6 - 2_000:
        say("the drain was faster than the kill: this run says little about duplicates")
    relay.start()
    return count


def judge_growth(sizes):
    settled, end = max(sizes[:len(sizes) // 3]), max(sizes[-len(sizes) // 3:])
    say(f"memory {settled >> 10} MiB, at the end {end >> 10} MiB")
    check(end - settled <= GROWTH_MAX_KIB, f"memory grew by {end - settled} KiB")


def run(cluster, relay, topic):
    led = Led(cluster, topic)
    full = burst(relay, led, topic)
    relay.drained(60)
    offered = Offered(relay, topic)
    offered.start()
    before, _ = led.rate_over(5, relay)
    say(f"all led: {full:.0f}/s at most; {before:.0f}/s of {RATE * 5 // 6} offered")
    cluster.kill(LOST_BROKER)
    after, sizes = led.rate_over(PACED_S, relay)
    check(cluster.leaders(topic)[LEADERLESS] == -1, "the partition still has a leader")
    say(f"one partition without a leader for {PACED_S} s: the other five {after:.0f}/s")
    check(after >= KEPT_MIN * before, f"{after:.0f}/s, {before:.0f}/s before")
    judge_growth(sizes)
    offered.finish()
    wait_until("nothing but the leaderless partition's is pending",
               lambda: relay.pending() <= offered.count // 6 + 2_000, 30)
    relay.kill()
    kept = burst(relay, led, topic)
    say(f"after a kill -9 in that state: {kept:.0f}/s at most")
    # Two single bursts on a machine with neighbours: this tells a flow from a trickle, no more.
    check(kept >= BURST_KEPT_MIN * full, f"{kept:.0f}/s at most, {full:.0f}/s before")
    relay.kill()
    killed_in_flow = kill_in_flow(relay, led, topic)
    cluster.restart(LOST_BROKER)
    relay.drained(120)
    relay.stop()
    check(relay.rss_peak_kib <= rig.RSS_MAX_KIB, f"the relay took {relay.rss_peak_kib} KiB")
    return 2 * BURST + killed_in_flow + offered.count


def test(cluster, directory):
    topic, began_s = rig.unique("leaderless"), time.monotonic()
    cluster.create(topic, assignment=ASSIGNMENT, configs={"min.insync.replicas": "1"})
    with rig.Relay(cluster.bootstrap, directory / "outbox", "--in-flight-entries-max",
                   str(WINDOW_ENTRIES)) as relay:
        count = run(cluster, relay, topic)
    log = read_back.TopicLog(cluster.bootstrap, topic)
    log.check_complete(count)
    say(f"read back {count}, {log.duplicates} duplicates")
    check(log.duplicates <= WINDOW_ENTRIES,
          f"{log.duplicates} duplicates after the kill")
    cluster.delete(topic)
    rig.prove("leaderless", 1, time.monotonic() - began_s, entries=count, resent=log.duplicates)


if __name__ == "__main__":
    rig.main(test)
