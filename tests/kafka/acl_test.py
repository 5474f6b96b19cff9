"""The right to write to one topic is taken away and given back, while the other topics flow.
OUTBOX_CYCLES says how often; OUTBOX_SEED replays."""

import random
import sys
import time

import chaos_test
import leaderless_test
import read_back
import rig
from rig import check, say, wait_until

sys.path.insert(0, str(rig.ROOT / "scripts" / "kafka.d"))
import acls  # noqa: E402 -- found through the line above

USER, PASSWORD = "relay", "relay-secret"
FLAGS = ["-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN",
         "-X", f"sasl.username={USER}", "-X", f"sasl.password={PASSWORD}",
         "--stall-backoff-max", "2s"]
HELD = 1_000


def lane(relay, topic):
    rows = [row for row in relay.status()["topics"] if row["topic"] == topic]
    return rows[0] if rows else {"delivered": 0, "pending": 0, "state": "", "dead": 0}


def flows(relay, topic, more):
    goal = lane(relay, topic)["delivered"] + more
    wait_until(f"{topic} flows", lambda: lane(relay, topic)["delivered"] >= goal)


def revoked(cluster, relay, draw, topics):
    victim = draw.choice(topics)
    with acls.Acls(cluster.bootstrap) as rights:
        rights.revoke(USER, victim, acls.WRITE)
    wait_until("the topic is held up", lambda: "stalled" in lane(relay, victim)["state"], 90)
    say(f"{victim}: {lane(relay, victim)['state']}")
    for topic in topics:
        if topic != victim:
            flows(relay, topic, HELD)
    chaos_test.pause_s(draw, 0, 5)
    check(lane(relay, victim)["pending"] >= HELD, f"the topic flows: {lane(relay, victim)}")
    with acls.Acls(cluster.bootstrap) as rights:
        rights.allow(USER, victim, acls.WRITE)
    flows(relay, victim, HELD)


def test(cluster, directory):
    total, began_s = rig.cycles(1), time.monotonic()
    say(f"acl-revoked: {total} cycles, seed {rig.SEED} (replay: OUTBOX_SEED={rig.SEED})")
    draw = random.Random(rig.SEED)
    topics = [rig.unique(f"rights{n}") for n in range(3)]
    cluster.create(*topics, partitions=3)
    with acls.Acls(cluster.bootstrap) as rights:
        for topic in topics:
            rights.allow(USER, topic, acls.WRITE)
            rights.allow(USER, topic, acls.DESCRIBE)
    sasl = ",".join(f"127.0.0.1:{ports[3]}" for ports in cluster.ports())
    with rig.Relay(sasl, directory / "outbox", *FLAGS) as relay:
        relay.start()
        load = [leaderless_test.Offered(relay, topic) for topic in topics]
        for offered in load:
            offered.start()
        for topic in topics:
            flows(relay, topic, HELD)
        for _ in range(total):
            revoked(cluster, relay, draw, topics)
        for offered in load:
            offered.finish()
        relay.drained(120)
        check(relay.status()["ledger"]["dead"] == 0, "a message died of a right that came back")
        relay.stop()
    resent = 0
    for topic, offered in zip(topics, load):
        log = read_back.TopicLog(cluster.bootstrap, topic)
        log.check_complete(offered.count)
        resent += log.duplicates
    cluster.delete(*topics)
    rig.prove("acl-revoked", total, time.monotonic() - began_s,
              entries=sum(offered.count for offered in load), resent=resent)


if __name__ == "__main__":
    rig.main(test)
