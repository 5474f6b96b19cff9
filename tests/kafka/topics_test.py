"""Topics that change under a relay that delivers to them:

  topics_test.py recreated | partitions-added | oversize-in-batch

OUTBOX_CYCLES says how often; OUTBOX_SEED replays."""

import collections
import random
import subprocess
import sys
import time

import chaos_test
import leaderless_test
import read_back
import rig
import verdicts_test
from rig import check, say, wait_until

FLAGS = ["--unknown-topic-grace", "2s", "--stall-backoff-max", "2s"]
BATCH = 2_000
PARTITIONS = 6


def lane(relay, topic):
    return next(row for row in relay.status()["topics"] if row["topic"] == topic)


def pause_until_sent(relay, topic, more):
    """Waits until `more` further entries of the topic are delivered."""
    goal = lane(relay, topic)["delivered"] + more
    wait_until(f"{more} more of {topic}", lambda: lane(relay, topic)["delivered"] >= goal)


def accept(relay, topic):
    subprocess.run([rig.BINARY, "accept", "--dir", relay.dir, "--topic", topic], check=True)


def gone_with_the_old(old, new, dead, tail, count):
    """What the old topic took with it: delivered after `old` was read and before the new one's
    first entry. Anything else that is in neither is lost. `dead` are the dead letters, `tail` is
    the lane's when the old topic was gone."""
    seen = {seq for log in (old, new) for part in log.partitions.values()
            for seq in (*part.seqs, *part.late)}
    holes = [(old.partitions[n].seqs[-1] if n in old.partitions else 0, part.first_prev)
             for n, part in new.partitions.items()]
    # Of a partition that did not come back, what died is the first that the old one did not get.
    for n in set(range(PARTITIONS)) - new.partitions.keys():
        died = [row["seq"] - 1 for row in dead if row["partition"] == n]
        holes.append((old.partitions[n].seqs[-1] if n in old.partitions else 0,
                      min(died + [tail])))
    died = {row["seq"] for row in dead}
    missing = [seq for seq in range(1, count + 1) if seq not in seen and seq not in died]
    lost = [seq for seq in missing if not any(low < seq <= high for low, high in holes)]
    return missing, lost


def recreated(cluster, relay, draw, cycle):
    topic, beside = rig.unique(f"again{cycle}"), rig.unique(f"beside{cycle}")
    partitions = PARTITIONS if cycle % 2 == 0 else draw.randint(1, PARTITIONS - 1)
    cluster.create(topic, beside, partitions=PARTITIONS)
    load = [leaderless_test.Offered(relay, name) for name in (topic, beside)]
    for offered in load:
        offered.start()
    wait_until("the lane is known", lambda: any(row["topic"] == topic
                                                for row in relay.status()["topics"]))
    pause_until_sent(relay, topic, draw.randint(2_000, 8_000))
    old = read_back.TopicLog(cluster.bootstrap, topic)
    cluster.delete(topic)
    tail = lane(relay, topic)["tail"]
    chaos_test.pause_s(draw, 0, 3)
    cluster.create(topic, partitions=partitions)
    if partitions < PARTITIONS:
        wait_until("the lane halts by name", lambda: "halted" in lane(relay, topic)["state"], 60)
        say(f"{partitions} of {PARTITIONS} partitions: {lane(relay, topic)['state']}")
        accept(relay, topic)
    pause_until_sent(relay, topic, 3_000)
    for offered in load:
        offered.finish()
    relay.drained(120)
    new = read_back.TopicLog(cluster.bootstrap, topic, after=old)
    dead = [row for row in verdicts_test.dead_letters(relay.dir)
            if row["message"]["topic"] == topic]
    missing, lost = gone_with_the_old(old, new, dead, tail, load[0].count)
    say(f"{load[0].count} entries, {len(missing)} went with the old topic, "
        f"{len(dead)} died for want of their partition, {len(lost)} lost, "
        f"{old.duplicates + new.duplicates} sent again, {new.late} late")
    check(not lost, f"{topic}: lost {lost[:5]}")
    read_back.TopicLog(cluster.bootstrap, beside).check_complete(load[1].count)
    cluster.delete(topic, beside)
    return {"entries": sum(offered.count for offered in load), "resent": new.duplicates,
            "late": new.late}


def partitions_added(cluster, relay, draw, cycle):
    topic = rig.unique(f"grows{cycle}")
    cluster.create(topic, partitions=draw.randint(1, 3))
    load = leaderless_test.Offered(relay, topic)
    load.start()
    wait_until("the lane is known", lambda: any(row["topic"] == topic
                                                for row in relay.status()["topics"]))
    pause_until_sent(relay, topic, draw.randint(2_000, 6_000))
    count = draw.randint(4, 8)
    cluster.grow(topic, count)
    # The relay looks for new partitions twice a minute.
    wait_until(f"{count} partitions are used",
               lambda: min(cluster.ends(topic, range(count)).values()) > 0, 90)
    load.finish()
    relay.drained(120)
    log = read_back.TopicLog(cluster.bootstrap, topic)
    log.check_complete(load.count)
    say(f"{load.count} entries over {len(log.partitions)} partitions")
    cluster.delete(topic)
    return {"entries": load.count, "resent": log.duplicates}


def oversize_in_batch(cluster, relay, draw, cycle):
    """Appended before the relay knows the topic's limit: only Kafka can judge them."""
    topic = rig.unique(f"large{cycle}")
    large = set(draw.sample(range(1, BATCH + 1), draw.randint(1, 4)))
    values = ["X" * draw.randint(120_000, 400_000) if seq in large else f"{seq}"
              for seq in range(1, BATCH + 1)]
    cluster.create(topic, partitions=draw.randint(1, 3), configs={"max.message.bytes": "100000"})
    rig.put(relay.dir, "--topic", topic, "--lines", "--quiet", data="\n".join(values).encode())
    relay.drained(120)
    dead = {row["seq"] for row in verdicts_test.dead_letters(relay.dir) if row["message"]["topic"] == topic}
    check(dead == large, f"dead are {sorted(dead)}, too large are {sorted(large)}")

    def intact(record):
        check(record.value == values[record.seq - 1].encode(), f"seq {record.seq} altered")
    log = read_back.TopicLog(cluster.bootstrap, topic, intact)
    log.check_complete(BATCH, without=large)
    say(f"{len(large)} of {BATCH} died, the others are in order, {log.duplicates} sent again")
    cluster.delete(topic)
    return {"entries": BATCH, "resent": log.duplicates}


# trouble, cycles in the short form, name in the proof
ROWS = {
    "recreated": (recreated, 2, "topic-recreated"),
    "partitions-added": (partitions_added, 1, "partitions-added"),
    "oversize-in-batch": (oversize_in_batch, 2, "oversize-in-batch"),
}


def test(cluster, directory):
    trouble, short, row = ROWS[sys.argv[1]]
    total, began_s, sums = rig.cycles(short), time.monotonic(), collections.Counter()
    say(f"{row}: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw = random.Random(rig.SEED)
    with rig.Relay(cluster.bootstrap, directory / "outbox", *FLAGS) as relay:
        relay.start()
        for cycle in range(total):
            sums.update(trouble(cluster, relay, draw, cycle))
        relay.stop()
    rig.prove(row, total, time.monotonic() - began_s, **sums)


if __name__ == "__main__":
    rig.main(test)
